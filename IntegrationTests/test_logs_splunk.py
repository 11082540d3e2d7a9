"""Splunk's HTTP event collector: events, codes, and the acknowledgement of its indexers."""

import pytest

from harness.backend import answers
from harness.cloud import Splunk
from harness.shipping import Shipping, match, output

pytestmark = pytest.mark.pillion_only


def splunk(backend, *lines, **options):
    return match("splunk_hec", f"full_url {backend.url}", f"hec_token {backend.token}", *lines,
                 **options)


def test_events_have_their_metadata(binary, tmp_path):
    with Splunk() as backend:
        shipper = Shipping(binary, tmp_path, splunk(
            backend, "index app", "source ${tag}", "sourcetype_key kind", "host box",
            "gzip_compression true"))
        shipper.write({"n": 1, "kind": "access", "time": "2026-11-21T10:00:00.123456Z"},
                      {"n": 2, "text": 'quoted "ü"\n', "time": "2026-11-21T10:00:01Z"})
        with shipper:
            shipper.wait_for_delivery(2)
            assert shipper.stop() == 0, shipper.said()
        first, second = backend.events
        assert abs(first["time"] - 1795255200.123456) < 1e-5
        assert (first["host"], first["source"], first["sourcetype"], first["index"]) == (
            "box", "app.logs", "access", "app")
        assert first["event"]["n"] == 1
        assert second["event"]["text"] == 'quoted "ü"\n' and "sourcetype" not in second
        assert backend.requests[0].headers["content-encoding"] == "gzip"


CODES = {
    "a token that is disabled": (answers(403, '{"text":"Token disabled","code":1}'), "Token disabled"),
    "a token that is wrong": (answers(403, '{"text":"Invalid token","code":4}'), "Invalid token"),
    "a server that is busy": (answers(503, '{"text":"Server is busy","code":9}'), "Server is busy"),
    "an error inside": (answers(500, '{"text":"Internal server error","code":8}'), "Internal server"),
    "a channel that is missing": (
        answers(400, '{"text":"Data channel is missing","code":10}'), "Data channel is missing"),
    "a channel that is wrong": (
        answers(400, '{"text":"Invalid data channel","code":11}'), "Invalid data channel"),
    "acknowledgements that are off": (
        answers(400, '{"text":"ACK is disabled","code":14}'), "ACK is disabled"),
    "a code that is none of success": (answers(200, '{"text":"Hm","code":9}'), "no answer of Splunk"),
}


@pytest.mark.parametrize("name", CODES)
def test_what_is_no_events_fault_is_sent_again(binary, tmp_path, name):
    fault, words = CODES[name]
    with Splunk() as backend:
        backend.fault = fault
        shipper = Shipping(binary, tmp_path, splunk(backend))
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_trouble(words)
            with backend.changed:
                backend.fault = None
            shipper.wait_for_delivery(5)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()
        assert sorted(event["event"]["n"] for event in backend.events) == [1, 2, 3, 4, 5]


def test_only_the_event_that_is_wrong_is_a_dead_letter(binary, tmp_path):
    with Splunk() as backend:
        shipper = Shipping(binary, tmp_path, splunk(backend, "index_key to"))
        shipper.write(*({"n": n, "to": "nowhere" if n in (3, 7) else "app"} for n in range(1, 11)))
        with shipper:
            letters = shipper.wait_for_dead_letters(2)
            shipper.wait_for_delivery(8)
            assert shipper.stop() == 0, shipper.said()
        assert all("Incorrect index" in letter["reason"] for letter in letters)
        assert sorted(event["event"]["n"] for event in backend.events) == [1, 2, 4, 5, 6, 8, 9, 10]


def test_requests_stay_within_a_megabyte(binary, tmp_path):
    with Splunk() as backend:
        shipper = Shipping(binary, tmp_path, splunk(backend, buffer="chunk_limit_size 16m"))
        shipper.write(*({"n": n, "text": "x" * 20_000} for n in range(200)))
        with shipper:
            shipper.wait_for_delivery(200)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()
        assert sorted(event["event"]["n"] for event in backend.events) == list(range(200))


def test_fluent_bits_output_sends_the_same(binary, tmp_path):
    with Splunk() as backend:
        text = output("splunk", "Host 127.0.0.1", f"Port {backend.port}",
                      f"splunk_token {backend.token}", "event_index app", "event_source here",
                      "event_sourcetype_key kind", "compress gzip")
        shipper = Shipping(binary, tmp_path, text)
        shipper.write({"n": 1, "kind": "access"})
        with shipper:
            shipper.wait_for_delivery(1)
            assert shipper.stop() == 0, shipper.said()
        [event] = backend.events
        assert (event["index"], event["source"], event["sourcetype"]) == ("app", "here", "access")
