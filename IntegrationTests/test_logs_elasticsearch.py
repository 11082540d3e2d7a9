"""Elasticsearch and OpenSearch: indices, ids, who the client is, and what is said of single items."""

import json
import re

import pytest

from harness.aws import KEY, SECRET, signature
from harness.backend import Answer, answers, server_tls, taken_and, closes
from harness.certificates import certificates
from harness.search import Search
from harness.shipping import BIT, Shipping, match, output

pytestmark = pytest.mark.pillion_only


def search(backend, *lines, kind="elasticsearch", **options):
    return match(kind, "host 127.0.0.1", f"port {backend.port}", "request_timeout 1s", *lines, **options)


def indices(backend):
    return {key[0] for key in backend.documents}


def numbers(backend):
    return sorted(document["n"] for document in backend.documents.values())


# Indices and documents

def test_logstash_format_goes_by_the_day_of_each_line(binary, tmp_path):
    with Search() as backend:
        text = search(backend, "logstash_format true", "logstash_prefix MyApp-Logs",
                      "include_tag_key true", "tag_key log_tag")
        shipper = Shipping(binary, tmp_path, text)
        shipper.write({"n": 1, "time": "2026-11-20T23:59:59.999Z"},
                      {"n": 2, "time": "2026-11-21T00:00:00.001Z"},
                      {"n": 3, "@timestamp": "2026-11-19T23:30:00-02:00"})
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()
        found = {document["n"]: (key[0], document) for key, document in backend.documents.items()}
        assert found[1][0] == "myapp-logs-2026.11.20" and found[2][0] == "myapp-logs-2026.11.21"
        assert found[1][1]["@timestamp"].startswith("2026-11-20T23:59:59.999")
        assert found[1][1]["log_tag"] == "app.logs"
        assert found[3][0] == "myapp-logs-2026.11.20", "half past one of the next day in UTC"
        assert found[3][1]["@timestamp"] == "2026-11-19T23:30:00-02:00"


def test_a_data_stream_gets_creations_with_a_timestamp(binary, tmp_path):
    with Search() as backend:
        text = search(backend, "data_stream_name logs-app-default", kind="elasticsearch_data_stream")
        shipper = Shipping(binary, tmp_path, text)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()
        assert indices(backend) == {"logs-app-default"}
        assert {operation for operation, _ in backend.actions} == {"create"}
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", document["@timestamp"])
                   for document in backend.documents.values())


def test_an_index_may_be_made_of_the_record(binary, tmp_path):
    with Search() as backend:
        text = search(backend, "index_name app-${tag[1]}", "target_index_key to", "pipeline geo",
                      "routing_key team", "remove_keys secret")
        shipper = Shipping(binary, tmp_path, text)
        shipper.write({"n": 1, "secret": "x"}, {"n": 2, "to": "Special", "team": "a"})
        with shipper:
            shipper.wait_for_delivery(2)
            assert shipper.stop() == 0, shipper.said()
        found = {document["n"]: (key[0], document) for key, document in backend.documents.items()}
        assert found[1] == ("app-logs", {"n": 1}) and found[2] == ("special", {"n": 2, "team": "a"})
        targets = {target["_index"]: target for _, target in backend.actions}
        assert targets["special"]["routing"] == "a"
        assert all(target["pipeline"] == "geo" for target in targets.values())


def test_ids_are_of_the_file_and_the_place_or_of_a_field(binary, tmp_path):
    with Search() as backend:
        shipper = Shipping(binary, tmp_path / "own", search(backend, "index_name a"))
        shipper.write({"n": 1}, {"n": 1})
        with shipper:
            shipper.wait_for_delivery(2)
            assert shipper.stop() == 0, shipper.said()
        assert len({key[1] for key in backend.documents}) == 2, "equal lines are two documents"
        shipper = Shipping(binary, tmp_path / "field", search(backend, "index_name b", "id_key id"))
        shipper.write({"n": 1, "id": "x"}, {"n": 2, "id": "x"})
        with shipper:
            shipper.wait_for_delivery(2)
            assert shipper.stop() == 0, shipper.said()
        assert [key[1] for key in backend.documents if key[0] == "b"] == ["x"]


# Single items

def test_only_items_that_may_succeed_are_sent_again(binary, tmp_path):
    with Search() as backend:
        backend.statuses = [(201, None), (429, "es_rejected_execution_exception"),
                            (400, "document_parsing_exception"), (503, "unavailable_shards_exception"),
                            (201, None)]
        shipper = Shipping(binary, tmp_path, search(backend, "index_name a"))
        shipper.numbers(1, 5)
        with shipper:
            [letter] = shipper.wait_for_dead_letters(1)
            shipper.wait_for_delivery(4)
            assert shipper.stop() == 0, shipper.said()
        assert numbers(backend) == [1, 2, 4, 5]
        assert letter["reason"] == "400 document_parsing_exception for the test"
        assert '"n":3' in letter["record"]
        again = [line for line in backend.requests[1].plain.splitlines()[1::2]]
        assert [json.loads(line)["n"] for line in again] == [2, 4]


@pytest.mark.parametrize("status,kind", [
    (403, "cluster_block_exception"), (429, "cluster_block_exception"), (403, "security_exception")])
def test_an_index_that_may_not_be_written_now_keeps_its_lines_waiting(binary, tmp_path, status, kind):
    with Search() as backend:
        backend.statuses = [(status, kind)] * 15
        shipper = Shipping(binary, tmp_path, search(backend, "index_name a"))
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_trouble(f"items are answered with {status} {kind}")
            shipper.wait_for_delivery(5)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()
        assert numbers(backend) == [1, 2, 3, 4, 5]


def test_items_are_given_up_after_the_attempts_that_are_allowed(binary, tmp_path):
    with Search() as backend:
        taking = backend._item
        backend._item = lambda operation, target, document: (
            {"_id": target["_id"], "status": 429, "error": {"type": "full", "reason": "for ever"}}
            if document["n"] == 3 else taking(operation, target, document))
        shipper = Shipping(binary, tmp_path, search(backend, "index_name a",
                                                    buffer="retry_max_times 2"))
        shipper.numbers(1, 5)
        with shipper:
            [letter] = shipper.wait_for_dead_letters(1)
            shipper.wait_for_delivery(4)
            assert shipper.stop() == 0, shipper.said()
        assert "given up after" in letter["reason"] and "429 full for ever" in letter["reason"]
        assert numbers(backend) == [1, 2, 4, 5]


def test_a_replay_is_a_harmless_conflict_and_counted(binary, tmp_path):
    with Search() as backend:
        backend.faults = [taken_and(closes)] * 2
        shipper = Shipping(binary, tmp_path, search(backend, "index_name a"))
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_delivery(5)
            assert shipper.sink()["duplicates"] == 5
            assert shipper.sink()["rejected"] == 0
            assert shipper.stop() == 0, shipper.said()
        assert numbers(backend) == [1, 2, 3, 4, 5]


def item(status, **more):
    return {"create": {"_id": "x", "status": status, **more}}


LIES = {
    "no items": {"took": 1, "errors": False},
    "too few items": {"errors": False, "items": [item(201)] * 4},
    "too many items": {"errors": False, "items": [item(201)] * 6},
    "a thousand items": {"errors": True, "items": [item(400)] * 1000},
    "items that are numbers": {"errors": False, "items": [1, 2, 3, 4, 5]},
    "items in an object": {"errors": False, "items": {"0": item(201)}},
    "items without a status": {"errors": False, "items": [{"create": {}}] * 5},
    "negative statuses": {"errors": False, "items": [item(-201)] * 5},
    "endless statuses": {"errors": False, "items": [item(10 ** 30)] * 5},
    "a nest": {"errors": False, "items": [[[[[[[[[[]]]]]]]]]]},
    "null": None,
    "a number": 5,
}


@pytest.mark.parametrize("name", LIES)
def test_an_answer_that_lies_about_its_items_counts_for_nothing(binary, tmp_path, name):
    with Search() as backend:
        backend.fault = answers(200, json.dumps(LIES[name]))
        shipper = Shipping(binary, tmp_path, search(backend, "index_name a"))
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_trouble("the answer")
            with backend.changed:
                backend.fault = None
            shipper.wait_for_delivery(5)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()
        assert numbers(backend) == [1, 2, 3, 4, 5]


def test_an_answer_of_many_long_reasons_takes_little_memory(binary, tmp_path):
    with Search() as backend:
        def answer(request):
            count = request.plain.count(b"\n") // 2
            reason = {"type": "t" * 2000, "reason": "r" * 2000}
            return Answer(200, {"errors": True, "items": [item(400, error=reason)] * count})

        backend.answer = answer
        shipper = Shipping(binary, tmp_path, search(backend, "index_name a"))
        shipper.write(*({"n": n} for n in range(1_000)))
        with shipper:
            shipper.wait_for_dead_letters(1_000, seconds=40)
            assert shipper.peak_memory() < 120
            assert shipper.stop() == 0, shipper.said()


# Who the client is

def test_an_api_key_and_a_password_are_sent(binary, tmp_path):
    with Search(authorization="ApiKey a2V5") as backend:
        shipper = Shipping(binary, tmp_path / "key", search(backend, "index_name a", "api_key a2V5"))
        shipper.numbers(1, 1)
        with shipper:
            shipper.wait_for_delivery(1)
            assert shipper.stop() == 0, shipper.said()
    with Search(authorization="Basic bWU6Y2hhbmdlbWU=") as backend:
        shipper = Shipping(binary, tmp_path / "basic", search(
            backend, "index_name a", "user me", "password changeme"))
        shipper.numbers(1, 1)
        with shipper:
            shipper.wait_for_delivery(1)
            assert shipper.stop() == 0, shipper.said()


def test_a_key_that_has_expired_is_said_and_nothing_is_lost(binary, tmp_path):
    with Search(authorization="ApiKey new") as backend:
        shipper = Shipping(binary, tmp_path, search(backend, "index_name a", "api_key old"))
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_trouble("HTTP 401: .*unable to authenticate.*credentials are not taken")
            backend.authorization = "ApiKey old"
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()


def test_a_private_authority_and_a_certificate_of_the_client(binary, tmp_path):
    files = certificates()
    client = files["client"]
    with Search(tls=server_tls(client_authority=files.root.path)) as backend:
        text = search(backend, "index_name a", "scheme https", f"ca_file {files.root.path}",
                      f"client_cert {client.path}", f"client_key {client.key_path}")
        shipper = Shipping(binary, tmp_path, text)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()
        assert (("commonName", "client"),) in backend.requests[0].client["subject"]


@pytest.mark.parametrize("service", ["es", "aoss"])
def test_requests_are_signed_as_botocore_signs_them(binary, tmp_path, service):
    with Search() as backend:
        text = match("opensearch", f"<endpoint>\nurl {backend.url}\nregion eu-central-1\n"
                     f"access_key_id {KEY}\nsecret_access_key {SECRET}\n"
                     f"aws_service_name {service}\n</endpoint>", "index_name a")
        shipper = Shipping(binary, tmp_path, text)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()
        [request] = backend.requests
        assert request.target.startswith("/_bulk?filter_path=errors%2Citems")
        assert request.headers["authorization"] == signature(request, "eu-central-1", service)


def test_fluent_bits_output_sends_the_same(binary, tmp_path):
    with Search(authorization="Basic bWU6c2VjcmV0") as backend:
        text = output("es", "Host 127.0.0.1", f"Port {backend.port}", "Logstash_Format On",
                      "Logstash_Prefix app", "HTTP_User me", "HTTP_Passwd secret",
                      "Suppress_Type_Name On", "Include_Tag_Key On", "Tag_Key tag", "Compress gzip")
        shipper = Shipping(binary, tmp_path, text, source=BIT)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()
        assert all(re.fullmatch(r"app-\d{4}\.\d\d\.\d\d", name) for name in indices(backend))
        assert {document["tag"] for document in backend.documents.values()} == {"app.logs"}
        assert numbers(backend) == [1, 2, 3]
