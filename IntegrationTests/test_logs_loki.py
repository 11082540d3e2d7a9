"""Loki: streams, order, tenants, metadata, and what it refuses."""

import json
import time

import pytest

from harness.backend import answers
from harness.loki import SECOND, Loki
from harness.shipping import Shipping, match

pytestmark = pytest.mark.pillion_only


def loki(backend, *lines, **options):
    return match("loki", f"url {backend.url}", "line_format json", *lines, **options)


def now():
    return int(time.time())


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + "Z"


def test_lines_come_in_their_order_with_their_own_times(binary, tmp_path):
    with Loki() as backend:
        begin = now() - 100
        shipper = Shipping(binary, tmp_path, loki(backend, 'extra_labels {"job":"test"}'))
        shipper.write(*({"n": n, "time": iso(begin + n)} for n in range(50)))
        with shipper:
            shipper.wait_for_delivery(50)
            shipper.write(*({"n": n, "time": iso(begin + n)} for n in range(50, 80)))
            shipper.wait_for_delivery(80)
            assert shipper.stop() == 0, shipper.said()
        entries = backend.entries(job="test")
        assert [json.loads(line)["n"] for _, line, _ in entries] == list(range(80))
        assert [moment for moment, _, _ in entries] == [(begin + n) * SECOND for n in range(80)]
        assert backend.requests[0].target == "/loki/api/v1/push"


def test_fields_become_labels_and_metadata(binary, tmp_path):
    with Loki() as backend:
        text = loki(backend, 'extra_labels {"job":"test"}', "<label>\nteam\nlevel $.lv\n</label>",
                    "<structured_metadata>\ntrace_id\n</structured_metadata>", "remove_keys lv")
        shipper = Shipping(binary, tmp_path, text)
        for n in range(30):
            shipper.write({"n": n, "team": f"t{n % 3}", "lv": "info" if n % 2 else "warn",
                           "trace_id": f"{n:032x}"})
        shipper.write({"n": 30, "team": 'quoted "and" \\ü', "lv": "info"})
        with shipper:
            shipper.wait_for_delivery(31)
            assert shipper.stop() == 0, shipper.said()
        assert len(backend.streams) == 7
        for n in range(30):
            entries = backend.entries(job="test", team=f"t{n % 3}", level="info" if n % 2 else "warn")
            [(_, line, metadata)] = [entry for entry in entries if json.loads(entry[1])["n"] == n]
            assert "lv" not in json.loads(line)
            assert metadata == {"trace_id": f"{n:032x}"}
        [(_, line, metadata)] = backend.entries(job="test", team='quoted "and" \\ü', level="info")
        assert json.loads(line)["n"] == 30 and metadata == {}


def test_a_tenant_and_a_user_are_told(binary, tmp_path):
    with Loki() as backend:
        text = loki(backend, 'extra_labels {"job":"test"}', "tenant shop", "username me",
                    "password secret")
        shipper = Shipping(binary, tmp_path, text)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()
        assert len(backend.entries("shop", job="test")) == 3
        assert backend.requests[0].headers["authorization"] == "Basic bWU6c2VjcmV0"


def test_a_stream_that_is_too_far_behind_is_a_dead_letter_and_others_go_on(binary, tmp_path):
    with Loki() as backend:
        text = loki(backend, "<label>\nteam\n</label>")
        shipper = Shipping(binary, tmp_path, text)
        with shipper:
            shipper.write({"n": 1, "team": "a", "time": iso(now())})
            shipper.wait_for_delivery(1)
            shipper.write({"n": 2, "team": "a", "time": iso(now() - 9000)})
            shipper.write({"n": 3, "team": "b", "time": iso(now() - 9000)})
            [letter] = shipper.wait_for_dead_letters(1)
            shipper.write({"n": 4, "team": "a", "time": iso(now())})
            shipper.wait_for_delivery(3)
            said, code = shipper.status_in_words()
            assert code == 1 and "refused 1 records for ever" in said
            assert shipper.stop() == 0, shipper.said()
        assert letter["reason"].startswith("HTTP 400: entry with timestamp")
        assert "entry too far behind" in letter["reason"]
        assert "total ignored: 1 out of 1" in letter["reason"]
        assert '\\"n\\":2' in letter["record"]
        assert sorted(json.loads(line)["n"] for line in backend.lines) == [1, 3, 4]


def test_too_many_requests_are_sent_again_after_the_wish_and_no_line_is_there_twice(binary, tmp_path):
    with Loki() as backend:
        backend.faults = [answers(429, "Ingestion rate limit exceeded for user fake", retry_after="1")]
        shipper = Shipping(binary, tmp_path, loki(backend, 'extra_labels {"job":"test"}'))
        shipper.numbers(1, 10)
        with shipper:
            shipper.wait_for_trouble("HTTP 429: Ingestion rate limit exceeded")
            begin = time.monotonic()
            shipper.wait_for_delivery(10)
            assert time.monotonic() - begin > 0.5
            assert shipper.stop() == 0, shipper.said()
        assert len(backend.lines) == 10


def test_ingestion_that_is_blocked_is_not_tried_for_ever(binary, tmp_path):
    with Loki() as backend:
        backend.faults = [answers(260, "ingestion blocked for user fake until 2030")]
        shipper = Shipping(binary, tmp_path, loki(backend, 'extra_labels {"job":"test"}'))
        shipper.numbers(1, 1)
        with shipper:
            [letter] = shipper.wait_for_dead_letters(1)
            assert "ingestion is blocked" in letter["reason"]
            assert shipper.stop() == 0, shipper.said()


def test_requests_stay_within_what_a_loki_takes(binary, tmp_path):
    with Loki() as backend:
        shipper = Shipping(binary, tmp_path, loki(backend, 'extra_labels {"job":"test"}',
                                                  buffer="chunk_limit_size 64m"))
        shipper.write(*({"n": n, "text": "x" * 5000} for n in range(1500)))
        with shipper:
            shipper.wait_for_delivery(1500)
            assert shipper.stop() == 0, shipper.said()
        assert len(backend.lines) == 1500
        assert max(len(request.body) for request in backend.requests) <= 4 << 20


def test_compression_and_another_path_are_taken(binary, tmp_path):
    with Loki() as backend:
        push = backend.push
        backend.answer = lambda request: (
            setattr(request, "target", request.target.removeprefix("/gateway")), push(request))[1]
        text = match("loki", f"url {backend.url}/gateway", "line_format json", "compress gzip",
                     'extra_labels {"job":"test"}')
        shipper = Shipping(binary, tmp_path, text)
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()
        assert backend.requests[0].headers["content-encoding"] == "gzip"
        assert len(backend.lines) == 3
