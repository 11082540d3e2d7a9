"""CloudWatch Logs and S3: by moto, by stand-ins for their limits, and where credentials come from."""

import gzip
import json
import re
import time

import pytest

from harness.aws import (
    KEY, KEYS, SECRET, CloudWatch, Identity, Objects, client, moto, signature,
)
from harness.backend import Answer, answers, closes, taken_and
from harness.shipping import Shipping, match
from harness.sinks import numbers_of

pytestmark = pytest.mark.pillion_only


def cloudwatch(url, *lines, **options):
    return match("cloudwatch_logs", "region eu-central-1", f"endpoint {url}",
                 "log_group_name /app/${tag[1]}", "log_stream_name box", "auto_create_stream true",
                 *lines, **options)


def s3(url, *lines, **options):
    return match("s3", "s3_region eu-central-1", f"s3_endpoint {url}", "s3_bucket logs",
                 "path app/", "time_slice_format %Y/%m/%d", "force_path_style true",
                 "<format>\n@type json\n</format>", *lines, **options)


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + "Z"


# By moto

def test_groups_streams_and_events_are_there_for_boto3(binary, tmp_path):
    with moto() as url:
        logs = client("logs", url)
        begin = int(time.time()) - 3600
        shipper = Shipping(binary, tmp_path, cloudwatch(url, "retention_in_days 7"), env=KEYS)
        # Not in the order of their times.
        shipper.write(*({"n": n, "time": iso(begin + (n * 7) % 100)} for n in range(100)))
        with shipper:
            shipper.wait_for_delivery(100)
            shipper.numbers(100, 149)
            shipper.wait_for_delivery(150)
            assert shipper.stop() == 0, shipper.said()
        [group] = logs.describe_log_groups()["logGroups"]
        assert (group["logGroupName"], group["retentionInDays"]) == ("/app/logs", 7)
        [stream] = logs.describe_log_streams(logGroupName="/app/logs")["logStreams"]
        assert stream["logStreamName"] == "box"
        events = logs.get_log_events(logGroupName="/app/logs", logStreamName="box",
                                     startFromHead=True, limit=1000)["events"]
        assert sorted(numbers_of(event["message"] for event in events)) == list(range(150))
        first = [event for event in events if json.loads(event["message"])["n"] < 100]
        assert [event["timestamp"] for event in first] == sorted(event["timestamp"] for event in first)
        assert {event["timestamp"] // 1000 for event in first} == {begin + n for n in range(100)}


def test_objects_are_there_for_boto3_and_none_twice(binary, tmp_path):
    with moto() as url:
        objects = client("s3", url)
        objects.create_bucket(Bucket="logs", CreateBucketConfiguration={
            "LocationConstraint": "eu-central-1"})
        text = s3(url, "storage_class STANDARD_IA")
        shipper = Shipping(binary, tmp_path, text, env=KEYS)
        with shipper:
            for part in range(5):
                shipper.numbers(part * 100 + 1, part * 100 + 100)
                shipper.wait_for_delivery(part * 100 + 100)
            assert shipper.stop() == 0, shipper.said()
        found = objects.list_objects_v2(Bucket="logs")["Contents"]
        assert len(found) >= 5
        numbers = []
        for one in found:
            assert re.fullmatch(r"app/\d{4}/\d\d/\d\d_[0-9a-f]{32}\.gz", one["Key"]), one["Key"]
            assert one["StorageClass"] == "STANDARD_IA"
            body = objects.get_object(Bucket="logs", Key=one["Key"])["Body"].read()
            numbers += numbers_of(gzip.decompress(body).decode().splitlines())
        assert sorted(numbers) == list(range(1, 501))


def test_a_bucket_that_is_made_later_is_waited_for(binary, tmp_path):
    with moto() as url:
        shipper = Shipping(binary, tmp_path, s3(url), env=KEYS)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_trouble("HTTP 404: .*NoSuchBucket")
            client("s3", url).create_bucket(Bucket="logs", CreateBucketConfiguration={
                "LocationConstraint": "eu-central-1"})
            shipper.wait_for_delivery(3)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()


def test_the_token_service_gives_credentials_for_a_web_identity(binary, tmp_path):
    with moto() as url:
        (tmp_path / "token").write_text("header.payload.signature\n")
        environment = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
                       "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/shipper",
                       "AWS_ENDPOINT_URL_STS": url}
        shipper = Shipping(binary, tmp_path, cloudwatch(url), env=environment)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()


# Limits

def test_each_request_keeps_to_what_cloudwatch_takes(binary, tmp_path):
    with CloudWatch() as backend:
        now = int(time.time())
        shipper = Shipping(binary, tmp_path, cloudwatch(
            backend.url, buffer="chunk_limit_size 64m\nflush_interval 2"), env=KEYS)
        # Many small ones, large ones, and days, each of which its own limit splits.
        shipper.write(*({"n": n} for n in range(25_000)))
        shipper.write(*({"n": n, "text": "ü" * 100_000} for n in range(25_000, 25_030)))
        shipper.write(*({"n": n, "time": iso(now - (n % 5) * 86_400)} for n in range(25_030, 25_100)))
        with shipper:
            shipper.wait_for_delivery(25_100, seconds=40)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()
        assert sorted(numbers_of(backend.messages)) == list(range(25_100))


def test_events_outside_of_the_window_are_dead_letters_alone(binary, tmp_path):
    with CloudWatch() as backend:
        now = int(time.time())
        shipper = Shipping(binary, tmp_path, cloudwatch(backend.url), env=KEYS)
        backend.rejected = [(2, 0, 4)]
        shipper.write(*({"n": n, "time": iso(now + n)} for n in range(6)))
        with shipper:
            letters = shipper.wait_for_dead_letters(4)
            shipper.wait_for_delivery(2)
            shipper.numbers(6, 6)
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()
        reasons = {json.loads(json.loads(one["record"])["message"])["n"]: one["reason"]
                   for one in letters}
        assert set(reasons) == {0, 1, 4, 5}
        assert all("older than 14 days" in reasons[n] for n in (0, 1))
        assert all("2 hours ahead" in reasons[n] for n in (4, 5))
        assert sorted(numbers_of(backend.messages)) == [2, 3, 6]


@pytest.mark.parametrize("rejected", [(-5, 0, 99), (10 ** 30, 0, 6), (6, 6, 0), (0, 0, -1)])
def test_places_that_are_none_are_no_trap(binary, tmp_path, rejected):
    with CloudWatch() as backend:
        old, expired, new = rejected
        information = {"tooOldLogEventEndIndex": old, "expiredLogEventEndIndex": expired,
                       "tooNewLogEventStartIndex": new}
        backend.answer = lambda request: Answer(200, {"rejectedLogEventsInfo": information})
        shipper = Shipping(binary, tmp_path, cloudwatch(backend.url), env=KEYS)
        shipper.numbers(1, 6)
        with shipper:
            shipper.wait_for_delivery(0)
            backend.wait(lambda: backend.requests, "a request")
            assert shipper.stop() == 0, shipper.said()
            assert shipper.process.returncode == 0


def test_a_group_that_may_not_be_made_is_said(binary, tmp_path):
    with CloudWatch() as backend:
        taking = backend.take
        backend.answer = lambda request: (
            backend.fails(400, "AccessDeniedException", "not authorized to CreateLogGroup")
            if request.headers["x-amz-target"].endswith("CreateLogGroup") else taking(request))
        shipper = Shipping(binary, tmp_path, cloudwatch(backend.url), env=KEYS)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_trouble("not authorized to CreateLogGroup|ResourceNotFound")
            backend.groups.add("/app/logs")
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()


@pytest.mark.parametrize("kind", ["ThrottlingException", "ServiceUnavailableException",
                                  "OperationAbortedException", "LimitExceededException"])
def test_what_passes_is_waited_for(binary, tmp_path, kind):
    with CloudWatch() as backend:
        backend.faults = [answers(400, json.dumps({"__type": kind, "message": "later"}))] * 2
        shipper = Shipping(binary, tmp_path, cloudwatch(backend.url), env=KEYS)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()


def test_the_same_object_is_written_again_where_the_answer_was_lost(binary, tmp_path):
    with Objects() as backend:
        backend.faults = [taken_and(closes)] * 3
        shipper = Shipping(binary, tmp_path, s3(backend.url), env=KEYS)
        shipper.numbers(1, 10)
        with shipper:
            shipper.wait_for_delivery(10)
            assert shipper.stop() == 0, shipper.said()
        assert backend.puts >= 4
        texts = [gzip.decompress(body).decode() for body in backend.objects.values()]
        assert sorted(numbers_of("".join(texts).splitlines())) == list(range(1, 11))


# Signatures and credentials

def test_requests_are_signed_as_botocore_signs_them(binary, tmp_path):
    with CloudWatch() as logs, Objects() as objects:
        for name, backend, text in (("logs", logs, cloudwatch(logs.url)),
                                    ("s3", objects, s3(objects.url, "path a b/ü+(1)/"))):
            text = text.replace("  path app/\n", "", 1) if "path a b" in text else text
            shipper = Shipping(binary, tmp_path / name, text, env=KEYS)
            shipper.numbers(1, 3)
            with shipper:
                shipper.wait_for_delivery(3)
                assert shipper.stop() == 0, shipper.said()
            for request in backend.requests:
                assert request.headers["authorization"] == signature(request, "eu-central-1", name)


def keys_in(backend):
    return [request.headers["authorization"].partition("Credential=")[2].split("/")[0]
            for request in backend.requests]


def test_keys_of_the_configuration_come_before_those_of_the_environment(binary, tmp_path):
    with Objects() as backend:
        text = s3(backend.url, "aws_key_id MINE", "aws_sec_key mine")
        shipper = Shipping(binary, tmp_path, text, env=KEYS)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()
        assert set(keys_in(backend)) == {"MINE"}


def test_a_session_of_the_environment_is_signed_with_its_token(binary, tmp_path):
    with CloudWatch() as backend:
        shipper = Shipping(binary, tmp_path, cloudwatch(backend.url),
                           env={**KEYS, "AWS_SESSION_TOKEN": "the/session+token=="})
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()
        request = backend.requests[-1]
        assert request.headers["x-amz-security-token"] == "the/session+token=="
        assert request.headers["authorization"] == signature(
            request, "eu-central-1", "logs", token="the/session+token==")


def test_a_container_gives_credentials(binary, tmp_path):
    with CloudWatch() as backend, Identity() as identity:
        backend.keys = {"TEMPORARY1"}
        (tmp_path / "token").write_text("the-pods-token\n")
        environment = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{identity.url}/container",
                       "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token")}
        shipper = Shipping(binary, tmp_path, cloudwatch(backend.url), env=environment)
        with shipper:
            for n in range(1, 4):
                shipper.numbers(n, n)
                shipper.wait_for_delivery(n)
            assert shipper.stop() == 0, shipper.said()
        assert identity.issued == 1, "credentials are kept until they end"
        assert backend.requests[-1].headers["x-amz-security-token"] == "session1"


def test_an_instance_gives_credentials_by_its_second_version(binary, tmp_path):
    with Objects() as backend, Identity() as identity:
        shipper = Shipping(binary, tmp_path, s3(backend.url), env={
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": identity.url, "AWS_EC2_METADATA_DISABLED": "false"})
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()
        assert set(keys_in(backend)) == {"TEMPORARY1"}


def test_credentials_that_ended_early_are_asked_for_again(binary, tmp_path):
    with CloudWatch() as backend, Identity() as identity:
        backend.keys = {"TEMPORARY1"}
        (tmp_path / "token").write_text("a.b.c")
        environment = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
                       "AWS_ROLE_ARN": "arn:aws:iam::1:role/r", "AWS_ENDPOINT_URL_STS": identity.url}
        shipper = Shipping(binary, tmp_path, cloudwatch(backend.url), env=environment)
        with shipper:
            shipper.numbers(1, 3)
            shipper.wait_for_delivery(3)
            with backend.changed:
                backend.keys = {"TEMPORARY2"}
            shipper.numbers(4, 6)
            shipper.wait_for_delivery(6)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()
        assert sorted(numbers_of(backend.messages)) == list(range(1, 7))


def test_credentials_that_end_soon_are_renewed_before(binary, tmp_path):
    with Objects() as backend, Identity(life=200) as identity:
        (tmp_path / "token").write_text("a.b.c")
        environment = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
                       "AWS_ROLE_ARN": "arn:aws:iam::1:role/r", "AWS_ENDPOINT_URL_STS": identity.url}
        shipper = Shipping(binary, tmp_path, s3(backend.url), env=environment)
        with shipper:
            for n in range(1, 4):
                shipper.numbers(n, n)
                shipper.wait_for_delivery(n)
            assert shipper.stop() == 0, shipper.said()
        assert keys_in(backend)[:2] == ["TEMPORARY1", "TEMPORARY2"]


SOURCES = {
    "nothing": (Answer(200, ""), "no AWS credentials: .*without credentials"),
    "a page": (Answer(200, "<html>sign in</html>"), "no AWS credentials: .*without credentials"),
    "a failure": (Answer(500, "oh no"), "no AWS credentials: the container's endpoint .*HTTP 500: oh no"),
    "keys that fit in no field": (
        Answer(200, '{"AccessKeyId":"a\x01b","SecretAccessKey":"s","Token":"t"}'),
        "no AWS credentials: the keys found are no text"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_that_gives_no_credentials_is_said(binary, tmp_path, name):
    answer, words = SOURCES[name]
    with CloudWatch() as backend, Identity() as identity:
        taking = identity.take
        identity.answer = lambda request: answer
        backend.keys = {"TEMPORARY1"}
        environment = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{identity.url}/container",
                       "AWS_CONTAINER_AUTHORIZATION_TOKEN": "the-pods-token"}
        shipper = Shipping(binary, tmp_path, cloudwatch(backend.url), env=environment)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_trouble(words)
            identity.answer = taking
            shipper.wait_for_delivery(3)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()


def test_no_credentials_at_all_are_said_with_what_was_looked_at(binary, tmp_path):
    with CloudWatch() as backend:
        shipper = Shipping(binary, tmp_path, cloudwatch(backend.url))
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_trouble("no AWS credentials: the environment has none")
        assert backend.requests == []
