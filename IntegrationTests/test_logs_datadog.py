"""Datadog's intake: its fields, its limits, and what it refuses."""

import pytest

from harness.backend import answers
from harness.cloud import Datadog
from harness.shipping import Shipping, match, output

pytestmark = pytest.mark.pillion_only


def datadog(backend, *lines, **options):
    return match("datadog", "host 127.0.0.1", f"port {backend.port}", "use_ssl false",
                 f"api_key {backend.key}", *lines, **options)


def test_logs_have_the_fields_that_datadog_reads(binary, tmp_path):
    with Datadog() as backend:
        shipper = Shipping(binary, tmp_path, datadog(
            backend, "service shop", "dd_source go", "dd_tags env:test,team:a", "dd_hostname box"))
        shipper.write({"n": 1, "message": "hello", "time": "2026-11-21T10:00:00.123Z"})
        with shipper:
            shipper.wait_for_delivery(1)
            assert shipper.stop() == 0, shipper.said()
        assert backend.logs == [{"ddsource": "go", "ddtags": "env:test,team:a", "hostname": "box",
                                 "service": "shop", "timestamp": 1795255200123, "n": 1,
                                 "message": "hello"}]
        [request] = backend.requests
        assert request.headers["content-encoding"] == "gzip"
        assert request.headers["content-type"] == "application/json"


def test_a_request_has_a_thousand_logs_and_five_megabytes_at_most(binary, tmp_path):
    with Datadog() as backend:
        shipper = Shipping(binary, tmp_path, datadog(
            backend, buffer="chunk_limit_size 64m\nflush_interval 1"))
        shipper.numbers(1, 3500)
        shipper.write(*({"n": n, "message": "x" * 500_000} for n in range(3501, 3516)))
        with shipper:
            shipper.wait_for_delivery(3515)
            assert shipper.stop() == 0, shipper.said()
        assert sorted(log["n"] for log in backend.logs) == list(range(1, 3516))
        assert max(len(request.json) for request in backend.requests) <= 1000
        assert max(len(request.plain) for request in backend.requests) <= 5_000_000


def test_a_log_that_would_be_truncated_is_kept_with_the_reason(binary, tmp_path):
    with Datadog() as backend:
        shipper = Shipping(binary, tmp_path, datadog(backend))
        shipper.numbers(1, 1)
        shipper.write({"n": 2, "message": "x" * 1_000_000})
        shipper.numbers(3, 3)
        with shipper:
            [letter] = shipper.wait_for_unusable(1)
            shipper.wait_for_delivery(2)
            assert shipper.stop() == 0, shipper.said()
        assert "sink datadog" in letter["reason"] and "1000000 at most" in letter["reason"]
        assert '"n":2' in letter["record"]
        assert sorted(log["n"] for log in backend.logs) == [1, 3]


def test_a_wrong_key_is_said_until_it_is_right(binary, tmp_path):
    with Datadog() as backend:
        text = datadog(backend)
        right, backend.key = backend.key, "another key"
        shipper = Shipping(binary, tmp_path, text)
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_trouble("HTTP 403: .*Forbidden.*credentials are not taken")
            with backend.changed:
                backend.key = right
            shipper.wait_for_delivery(5)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()


def test_an_intake_that_wants_less_gets_halves(binary, tmp_path):
    with Datadog() as backend:
        backend.items_max = 7
        shipper = Shipping(binary, tmp_path, datadog(backend))
        shipper.numbers(1, 100)
        with shipper:
            shipper.wait_for_delivery(100)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()
        assert [log["n"] for log in backend.logs] == list(range(1, 101))


def test_what_it_can_not_read_is_a_dead_letter(binary, tmp_path):
    with Datadog() as backend:
        backend.faults = [answers(400, '{"errors":[{"title":"Bad Request"}]}')]
        shipper = Shipping(binary, tmp_path, datadog(backend))
        shipper.numbers(1, 2)
        with shipper:
            letters = shipper.wait_for_dead_letters(2)
            assert all("HTTP 400" in letter["reason"] for letter in letters)
            assert shipper.stop() == 0, shipper.said()


def test_fluent_bits_output_sends_the_same(binary, tmp_path):
    with Datadog() as backend:
        text = output("datadog", "Host 127.0.0.1", f"Port {backend.port}", f"apikey {backend.key}",
                      "dd_service shop", "dd_source go", "dd_message_key log", "compress gzip",
                      "Include_Tag_Key on", "Tag_Key tag")
        shipper = Shipping(binary, tmp_path, text)
        shipper.write({"n": 1, "log": "hello"})
        with shipper:
            shipper.wait_for_delivery(1)
            assert shipper.stop() == 0, shipper.said()
        [log] = backend.logs
        assert (log["service"], log["ddsource"], log["message"], log["tag"]) == (
            "shop", "go", "hello", "app.logs")
