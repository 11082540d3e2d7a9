"""OTLP: every field by the official messages, and the rules for what may be sent again."""

import socket
import threading
import time

import grpc
import pytest
from google.protobuf import any_pb2, duration_pb2

from harness.backend import answers, closes, page, resets, sends
from harness.certificates import certificates
from harness.otlp import GRPCCollector, HTTPCollector, attributes, plain
from harness.shipping import Shipping, match, output

pytestmark = pytest.mark.pillion_only

RECORD = {
    "time": "2026-11-21T10:00:00.123456789Z", "message": 'hello "ü"\n', "level": "warn",
    "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "n": 1,
    "big": 9007199254740993, "negative": -5, "share": 0.5, "flag": True, "nothing": None,
    "nested": {"a": [1, "two", {"three": 3}], "empty": {}}, "list": [],
}


def http(backend, *lines, **options):
    return match("opentelemetry",
                 f"<http>\nendpoint {backend.url}\nread_timeout 1s\n{''.join(lines)}</http>", **options)


def call(backend, *lines):
    return output("opentelemetry", "Host 127.0.0.1", f"Port {backend.port}", "grpc on",
                  "logs_body_key message", "add_label service.name shop", *lines)


def check(record):
    """The record as the official messages have it."""
    assert plain(record.body) == 'hello "ü"\n'
    assert record.severity_text == "warn" and record.severity_number == 13
    assert record.trace_id.hex() == RECORD["trace_id"] and record.span_id.hex() == RECORD["span_id"]
    assert attributes(record) == {
        "n": 1, "big": 9007199254740993, "negative": -5, "share": 0.5, "flag": True, "nothing": None,
        "nested": {"a": [1, "two", {"three": 3}], "empty": {}}, "list": [],
    }


# HTTP

@pytest.mark.parametrize("compress", ["text", "gzip"])
def test_every_field_arrives_as_protobuf(binary, tmp_path, compress):
    with HTTPCollector() as backend:
        shipper = Shipping(binary, tmp_path, http(backend, f"compress {compress}\n"))
        shipper.write(RECORD)
        with shipper:
            shipper.wait_for_delivery(1)
            assert shipper.stop() == 0, shipper.said()
        [record] = backend.records
        check(record)
        assert record.time_unix_nano == 1795255200123456789
        assert record.observed_time_unix_nano == record.time_unix_nano
        headers = backend.requests[0].headers
        assert headers.get("content-encoding", "text") == compress


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_the_four_statuses_are_tried_again(binary, tmp_path, status):
    with HTTPCollector() as backend:
        backend.faults = [answers(status, retry_after="0")] * 2
        shipper = Shipping(binary, tmp_path, http(backend))
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_delivery(5)
            assert len(backend.requests) == 3
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()


@pytest.mark.parametrize("status", [400, 404, 422, 500, 501])
def test_other_failures_are_final(binary, tmp_path, status):
    with HTTPCollector() as backend:
        body = b"\x08\x03\x12\x06no way"
        backend.faults = [answers(status, body, content_type="application/x-protobuf")]
        shipper = Shipping(binary, tmp_path, http(backend))
        shipper.numbers(1, 2)
        with shipper:
            letters = shipper.wait_for_dead_letters(2)
            assert all(letter["reason"] == f"HTTP {status}: no way" for letter in letters)
            shipper.numbers(3, 3)
            shipper.wait_for_delivery(1)
            assert shipper.stop() == 0, shipper.said()


def test_a_partial_success_is_never_sent_again(binary, tmp_path):
    with HTTPCollector() as backend:
        backend.partial = [(2, "two have no body")]
        shipper = Shipping(binary, tmp_path, http(backend))
        shipper.numbers(1, 5)
        with shipper:
            letters = shipper.wait_for_dead_letters(5)
            assert all("2 of the 5 records" in letter["reason"] for letter in letters)
            assert all("two have no body" in letter["reason"] for letter in letters)
            assert shipper.stop() == 0, shipper.said()
        assert len(backend.requests) == 1


@pytest.mark.parametrize("rejected", [0, -1, -9223372036854775808])
def test_a_warning_is_no_refusal(binary, tmp_path, rejected):
    with HTTPCollector() as backend:
        backend.partial = [(0, "slow down, please")]
        taking = backend.add

        def lying(request):
            response = taking(request)
            response.partial_success.rejected_log_records = rejected
            return response

        backend.add = lying
        shipper = Shipping(binary, tmp_path, http(backend))
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_delivery(5)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()


def test_a_refusal_of_more_than_was_sent_is_no_trap(binary, tmp_path):
    with HTTPCollector() as backend:
        backend.partial = [(9223372036854775807, "all of the world's")]
        shipper = Shipping(binary, tmp_path, http(backend))
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_dead_letters(3)
            assert shipper.stop() == 0, shipper.said()


def test_a_collector_that_wants_less_gets_halves(binary, tmp_path):
    with HTTPCollector() as backend:
        taking = backend.take
        backend.answer = lambda request: (
            answers(413, "too large").answer if len(request.plain) > 600 else taking(request))
        shipper = Shipping(binary, tmp_path, http(backend))
        shipper.numbers(1, 50)
        with shipper:
            shipper.wait_for_delivery(50)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()
        assert [attributes(record)["n"] for record in backend.records] == list(range(1, 51))


# gRPC

def test_every_field_arrives_by_a_call(binary, tmp_path):
    with GRPCCollector() as backend:
        shipper = Shipping(binary, tmp_path, call(backend, "Header x-team shop", "compress gzip"))
        # The time is left to fluent-bit's parser, which has none here.
        shipper.write(dict(RECORD, time=None))
        with shipper:
            shipper.wait_for_delivery(1)
            assert shipper.stop() == 0, shipper.said()
        [record] = backend.records
        assert attributes(record).pop("time", None) is None
        del record.attributes[[one.key for one in record.attributes].index("time")]
        check(record)
        assert backend.resources == [{"service.name": "shop"}]
        assert backend.calls[0]["x-team"] == "shop"


def retry_info(seconds, nanos=0):
    """A `google.rpc.Status` with a `RetryInfo`, whose messages are not among the official packages."""
    delay = duration_pb2.Duration(seconds=seconds, nanos=nanos).SerializeToString()
    detail = any_pb2.Any(type_url="type.googleapis.com/google.rpc.RetryInfo",
                         value=b"\x0a" + bytes([len(delay)]) + delay).SerializeToString()
    return b"\x08\x08\x12\x04full\x1a" + bytes([len(detail)]) + detail


class Details:
    def __init__(self, data):
        self.data = data

    def SerializeToString(self):
        return self.data


AGAIN = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.ABORTED,
         grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.DATA_LOSS,
         grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAUTHENTICATED,
         grpc.StatusCode.PERMISSION_DENIED]


@pytest.mark.parametrize("code", AGAIN, ids=str)
def test_a_call_that_may_succeed_is_made_again(binary, tmp_path, code):
    with GRPCCollector() as backend:
        backend.failures = [(code, "not now, 100 %", None)]
        shipper = Shipping(binary, tmp_path, call(backend))
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_trouble(f"gRPC status {code.value[0]} .*not now, 100 %")
            shipper.wait_for_delivery(5)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()
        assert sorted(attributes(one)["n"] for one in backend.records) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("code", [
    grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNIMPLEMENTED], ids=str)
def test_a_call_that_can_not_succeed_is_final(binary, tmp_path, code):
    with GRPCCollector() as backend:
        backend.failures = [(code, "never", None)]
        shipper = Shipping(binary, tmp_path, call(backend))
        shipper.numbers(1, 2)
        with shipper:
            letters = shipper.wait_for_dead_letters(2)
            assert all("never" in letter["reason"] for letter in letters)
            shipper.numbers(3, 3)
            shipper.wait_for_delivery(1)
            assert shipper.stop() == 0, shipper.said()


@pytest.mark.parametrize("code", [grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE],
                         ids=str)
def test_a_retry_info_says_how_long_to_wait(binary, tmp_path, code):
    with GRPCCollector() as backend:
        backend.failures = [(code, "full", Details(retry_info(1)))]
        shipper = Shipping(binary, tmp_path, call(backend))
        shipper.numbers(1, 2)
        with shipper:
            shipper.wait_for_trouble("full")

            begin = time.monotonic()
            shipper.wait_for_delivery(2)
            assert time.monotonic() - begin > 0.8
            assert shipper.stop() == 0, shipper.said()


@pytest.mark.parametrize("details", [
    b"", b"\xff\xff\xff", retry_info(-5), retry_info(1)[:-1], b"\x1a\xff\xff\xff\xff\x0f"], ids=repr)
def test_details_that_are_none_are_no_trap(binary, tmp_path, details):
    with GRPCCollector() as backend:
        backend.failures = [(grpc.StatusCode.UNAVAILABLE, "full", Details(details))]
        shipper = Shipping(binary, tmp_path, call(backend))
        shipper.numbers(1, 2)
        with shipper:
            shipper.wait_for_trouble("full")
            if details != retry_info(-5):
                shipper.wait_for_delivery(2)
                assert shipper.stop() == 0, shipper.said()


def test_a_partial_success_of_a_call_is_never_sent_again(binary, tmp_path):
    with GRPCCollector() as backend:
        backend.partial = [(1, "one has no body")]
        shipper = Shipping(binary, tmp_path, call(backend))
        shipper.numbers(1, 3)
        with shipper:
            letters = shipper.wait_for_dead_letters(3)
            assert all("one has no body" in letter["reason"] for letter in letters)
            assert shipper.stop() == 0, shipper.said()
        assert len(backend.calls) == 1


def test_requests_stay_within_four_megabytes(binary, tmp_path):
    with GRPCCollector() as backend:
        shipper = Shipping(binary, tmp_path, call(backend))
        shipper.write(*({"n": n, "message": "x" * 20_000} for n in range(500)))
        with shipper:
            shipper.wait_for_delivery(500)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()
        assert sorted(attributes(one)["n"] for one in backend.records) == list(range(500))


def test_calls_go_over_tls(binary, tmp_path):
    files = certificates()
    with GRPCCollector(tls=(files["server"].path, files["server"].key_path)) as backend:
        shipper = Shipping(binary, tmp_path, call(backend, "tls on", f"tls.ca_file {files.root.path}"))
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_delivery(3)
            assert shipper.stop() == 0, shipper.said()


@pytest.mark.parametrize("leaf", ["server-expired", "server-wrong", "server-stranger"])
def test_a_certificate_that_proves_nothing_gets_no_call(binary, tmp_path, leaf):
    files = certificates()
    with GRPCCollector(tls=(files[leaf].path, files[leaf].key_path)) as backend:
        shipper = Shipping(binary, tmp_path, call(backend, "tls on", f"tls.ca_file {files.root.path}"))
        shipper.numbers(1, 3)
        with shipper:
            shipper.wait_for_trouble("TLS failed: ")
        assert backend.calls == []


class Door:
    """Passes connections on to a server; while there is a fault, they meet that."""

    closing = threading.Event()

    def __init__(self, port):
        self.to, self.fault = port, None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(one,), daemon=True).start()

    def _serve(self, one):
        try:
            if self.fault:
                with one:
                    one.recv(65536)
                    self.fault(self, one, None)
                return
            other = socket.create_connection(("127.0.0.1", self.to))
            threading.Thread(target=self._pass, args=(other, one), daemon=True).start()
            self._pass(one, other)
        except OSError:
            pass

    @staticmethod
    def _pass(one, other):
        try:
            while piece := one.recv(65536):
                other.sendall(piece)
        except OSError:
            pass
        for each in (one, other):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def frame(kind, flags, stream, payload):
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
            + payload)


SETTINGS = frame(4, 0, 0, b"")
# :status 200 and content-type: text/html, without indexing.
PAGE = frame(1, 4, 1, b"\x88\x0f\x10\x09text/html") + frame(0, 1, 1, b"<html>sign in</html>")
UNWELCOME = {
    "garbage": sends(b"\x00\xff not http at all"),
    "http/1.1": page,
    "nothing": closes,
    "reset": resets,
    "settings that break rules": sends(frame(4, 0, 0, b"\x00\x05\x00\x00\x00\x01")),
    "a page over HTTP/2": sends(SETTINGS + PAGE),
    "a status of HTTP": sends(SETTINGS + frame(1, 5, 1, b"\x8d")),
    "goodbye": sends(SETTINGS + frame(7, 0, 0, bytes(4) + b"\x00\x00\x00\x0benhance your calm")),
    "a reset stream": sends(SETTINGS + frame(3, 0, 1, b"\x00\x00\x00\x02")),
    "a refused stream": sends(SETTINGS + frame(3, 0, 1, b"\x00\x00\x00\x07")),
    "a message that is torn": sends(SETTINGS + frame(
        1, 4, 1, b"\x88\x0f\x10\x10application/grpc") + frame(0, 0, 1, b"\x00\x00\x00\x00\x09ab")
        + frame(1, 5, 1, b"\x00\x0bgrpc-status\x010")),
    "a message of garbage": sends(SETTINGS + frame(
        1, 4, 1, b"\x88\x0f\x10\x10application/grpc") + frame(0, 0, 1, b"\x00\x00\x00\x00\x02<h")
        + frame(1, 5, 1, b"\x00\x0bgrpc-status\x010")),
}


@pytest.mark.parametrize("name", UNWELCOME)
def test_what_is_no_answer_to_a_call_is_tried_again(binary, tmp_path, name):
    with GRPCCollector() as backend, Door(backend.port) as door:
        door.fault = UNWELCOME[name]
        shipper = Shipping(binary, tmp_path, call(door))
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_trouble(r"\w+")
            door.fault = None
            shipper.wait_for_delivery(5)
            assert shipper.dead_letters() == []
            assert sorted(attributes(one)["n"] for one in backend.records) == [1, 2, 3, 4, 5]
            assert shipper.stop() == 0, shipper.said()
