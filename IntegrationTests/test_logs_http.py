"""Every sink that speaks HTTP, before a server that does what it should not.

While the fault lasts nothing is lost and the trouble is said in words; once it is over, everything
arrives.
"""

import json
import re
import time

import pytest

from harness.backend import (
    Answer, Backend, answers, at_once, closes, continues, drips, hangs, huge, long_head, page, resets,
    sends, server_tls, taken_and,
)
from harness.certificates import certificates
from harness.shipping import Shipping, match
from harness.sinks import SINKS, Collector, authority
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only

by_sink = pytest.mark.parametrize("sink", SINKS, ids=str)


def ship(binary, folder, sink, backend, **options):
    return Shipping(binary, folder, sink.text(backend), env=sink.env, **options)


def outlast(binary, folder, sink, fault, words, tls=None, text=None, peak=None):
    """Ship while the fault lasts, wait for the words, end the fault, and count what arrived."""
    with sink.backend(tls=tls) as backend:
        backend.fault = fault
        shipper = Shipping(binary, folder, (text or sink.text)(backend), env=sink.env)
        shipper.numbers(1, 20)
        with shipper:
            shipper.wait_for_trouble(words)
            said, code = shipper.status_in_words()
            assert code == 1 and re.search(words, said), said
            shipper.numbers(21, 30)
            with backend.changed:
                backend.fault = None
            shipper.wait_for_delivery(30)
            assert sorted(sink.numbers(backend)) == list(range(1, 31))
            assert shipper.dead_letters() == []
            assert shipper.sink()["trouble"] == ""
            if peak:
                assert shipper.peak_memory() < peak
            assert shipper.stop() == 0, shipper.said()


# What is no answer at all

BROKEN = {
    "garbage": (sends(b"\x00\x01\xfe\xff not http at all\r\n\r\n"), "the answer is no HTTP"),
    "another-protocol": (sends(b"SSH-2.0-OpenSSH_9.2\r\n"), "the answer is no HTTP|closed"),
    "nothing": (closes, "the peer closed the connection"),
    "reset": (resets, "the peer closed the connection|reset by peer"),
    "half-a-status-line": (sends(b"HTTP/1.1 20"), "the peer closed the connection"),
    "half-a-head": (sends(b"HTTP/1.1 200 OK\r\ncontent-len"), "the peer closed the connection"),
    "half-a-body": (sends(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"items\":["),
                    "the peer closed the connection"),
    "chunks-of-no-size": (sends(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                                b"zz\r\n\x00\x00\r\n"), "the answer is no HTTP"),
    "a-chunk-of-too-much": (sends(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                                  b"ffffffffffffffffff\r\nabc\r\n"), "the answer is no HTTP"),
    "chunks-without-end": (sends(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                                 b"2\r\n{}\r\n"), "the peer closed the connection"),
    "a-negative-length": (sends(b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n"), "no HTTP"),
    "an-endless-length": (sends(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n"),
                          "no HTTP"),
    "two-lengths": (sends(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x"),
                    "no HTTP"),
    "a-head-without-end": (long_head, "no HTTP"),
    "another-version": (sends(b"HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n"), "no HTTP"),
    "another-protocol-from-now-on": (
        sends(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: tea\r\nconnection: upgrade\r\n\r\n"),
        "no HTTP|HTTP 101|closed"),
}


@by_sink
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_answer_is_tried_again(binary, tmp_path, sink, name):
    fault, words = BROKEN[name]
    outlast(binary, tmp_path, sink, fault, words)


# Answers that say that it can't be taken now

LATER = {
    "408": (answers(408, "too slow"), "HTTP 408: too slow"),
    "429": (answers(429, "too many", retry_after="0"), "HTTP 429: too many"),
    "500": (answers(500, "oh no"), "HTTP 500: oh no"),
    "503": (answers(503, "<html><h1>503 Service Unavailable</h1></html>"), "HTTP 503: .*Unavailable"),
    "401": (answers(401, "who are you?"), "HTTP 401: who are you\\?.*credentials are not taken"),
    "403": (answers(403, "not you"), "HTTP 403: not you.*credentials are not taken"),
}


@by_sink
@pytest.mark.parametrize("name", LATER)
def test_what_can_not_be_taken_now_is_sent_later(binary, tmp_path, sink, name):
    if sink.name == "otlp" and name in ("408", "500"):
        pytest.skip("final by OTLP's own rule: see test_logs_otlp.py")
    fault, words = LATER[name]
    outlast(binary, tmp_path, sink, fault, words)


# Somebody else answers

@by_sink
def test_a_page_that_says_200_is_no_acknowledgement(binary, tmp_path, sink):
    if sink.name == "http":
        pytest.skip("of any server the status is all that is known")
    outlast(binary, tmp_path, sink, page, "no answer of|no JSON|no token")


@by_sink
@pytest.mark.parametrize("body", [b"\x00\xff\x13\x37" * 10, b"ok", b'{"a":'])
def test_a_body_that_means_nothing_is_no_acknowledgement(binary, tmp_path, sink, body):
    if sink.name == "http":
        pytest.skip("of any server the status is all that is known")
    outlast(binary, tmp_path, sink, answers(200, body), "answer")


@by_sink
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_said_and_not_followed(binary, tmp_path, sink, status):
    with Backend() as elsewhere:
        fault = answers(status, "", location=f"{elsewhere.url}/somewhere")
        outlast(binary, tmp_path, sink, fault, f"HTTP {status}.*{elsewhere.url}/somewhere.*not followed")
        assert elsewhere.connections == 0


# Too much, too slow

@by_sink
@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_of_a_hundred_megabytes_takes_no_memory(binary, tmp_path, sink, status):
    if sink.name == "http" and status == 200:
        pytest.skip("of any server the status is all that is known")
    if sink.name == "otlp" and status == 500:
        status = 503
    outlast(binary, tmp_path, sink, huge(status), f"HTTP {status}|answer", peak=100)


@by_sink
@pytest.mark.parametrize("fault", [hangs, drips])
def test_a_server_that_takes_its_time_is_given_up(binary, tmp_path, sink, fault):
    if not sink.has_timeout:
        pytest.skip("its configuration has no time limit that is short enough")
    outlast(binary, tmp_path, sink, fault, "took too long")


# Answers that are fine, in their way

@by_sink
def test_interim_answers_are_passed_over(binary, tmp_path, sink):
    with sink.backend() as backend:
        backend.faults = [continues] * 6
        shipper = ship(binary, tmp_path, sink, backend)
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_delivery(5)
            assert sorted(sink.numbers(backend)) == list(range(1, 6))
            assert shipper.sink()["trouble"] == ""
            assert shipper.stop() == 0, shipper.said()


@by_sink
def test_what_was_taken_before_the_answer_was_lost_is_not_lost(binary, tmp_path, sink):
    with sink.backend() as backend:
        backend.fault = taken_and(closes)
        shipper = ship(binary, tmp_path, sink, backend)
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_trouble("closed the connection")
            with backend.changed:
                backend.fault = None
            shipper.wait_for_delivery(5)
            arrived = sink.numbers(backend)
            assert set(arrived) == set(range(1, 6))
            if sink.name in ("elasticsearch", "loki", "s3"):
                assert len(arrived) == 5, "these tell a repetition from a new line"
            assert shipper.stop() == 0, shipper.said()


# TLS

TLS = {
    "expired": ("server-expired", "certificate has expired"),
    "not-yet": ("server-future", "not yet valid"),
    "another-name": ("server-wrong", "names wrong.test.*none of the demanded names"),
    "unknown-authority": ("server-stranger", "issuer|authority"),
    "of-its-own": ("server-self", "self.signed|issuer|authority"),
}


@by_sink
@pytest.mark.parametrize("name", TLS)
def test_a_certificate_that_proves_nothing_gets_nothing(binary, tmp_path, sink, name):
    leaf, words = TLS[name]
    good = server_tls()
    with sink.backend(tls=server_tls(leaf)) as backend:
        shipper = Shipping(binary, tmp_path, sink.secure(backend, authority()), env=sink.env)
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_trouble(f"TLS failed: .*({words})")
            assert backend.requests == []
            backend.tls = good
            shipper.wait_for_delivery(5)
            assert sorted(sink.numbers(backend)) == list(range(1, 6))
            assert shipper.stop() == 0, shipper.said()


SPEAKS_NO_TLS = {
    "http": at_once(sends(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")),
    "garbage": at_once(sends(b"\x16\x03\x01\x00\x02\xff\xff" + b"\x00" * 100)),
    "alert": at_once(sends(b"\x15\x03\x03\x00\x02\x02\x28")),
    "nothing": at_once(closes),
    "reset": at_once(resets),
}


@by_sink
@pytest.mark.parametrize("name", SPEAKS_NO_TLS)
def test_a_handshake_that_is_none_is_said(binary, tmp_path, sink, name):
    outlast(binary, tmp_path, sink, SPEAKS_NO_TLS[name], "TLS failed|closed the connection|reset by peer",
            tls=server_tls(), text=lambda backend: sink.secure(backend, authority()))


# The sink for any server

def test_lines_and_arrays_arrive_as_they_were_configured(binary, tmp_path):
    with Collector() as lines, Collector() as array:
        stores = "".join(
            f"<store>\n@type http\nendpoint {one.url}/in?a=b\njson_array {flag}\n"
            'headers {"X-Team":"shop"}\n<buffer>\nflush_interval 0.05\n</buffer>\n</store>\n'
            for one, flag in ((lines, "false"), (array, "true")))
        shipper = Shipping(binary, tmp_path, f"<match app.**>\n@type copy\n{stores}</match>\n")
        shipper.numbers(1, 3)
        with shipper:
            for one in (lines, array):
                one.wait(lambda: one.requests, "a request")
            assert shipper.stop() == 0, shipper.said()
        request = lines.requests[0]
        assert request.method == "POST" and request.target == "/in?a=b"
        assert request.headers["content-type"] == "application/x-ndjson"
        assert request.headers["x-team"] == "shop"
        assert [one for one in lines.lines] == [
            '{"n":%d,"message":"line %d"}' % (n, n) for n in range(1, 4)]
        request = array.requests[0]
        assert request.headers["content-type"] == "application/json"
        assert [one["n"] for one in request.json] == [1, 2, 3]


def test_a_refusal_for_ever_goes_to_the_dead_letters_with_its_reason(binary, tmp_path):
    with Collector() as collector:
        shipper = Shipping(binary, tmp_path, match("http", f"endpoint {collector.url}/"))
        collector.faults = [answers(400, "line 1 has no date")]
        shipper.numbers(1, 2)
        with shipper:
            letters = shipper.wait_for_dead_letters(2)
            shipper.numbers(3, 4)
            shipper.wait_for_delivery(2)
            said, _ = shipper.status_in_words()
            assert "refused 2 records for ever" in said
            assert shipper.stop() == 0, shipper.said()
        for letter, n in zip(letters, (1, 2)):
            assert letter["reason"] == "HTTP 400: line 1 has no date"
            assert f'"n":{n}' in letter["record"]
            assert letter["source"].endswith("app.log")
        assert letters[0]["offset"] == 0
        assert sorted(one["n"] for one in map(json.loads, collector.lines)) == [3, 4]


def test_a_server_that_wants_less_gets_halves(binary, tmp_path):
    with Collector() as collector:
        taking = collector.take
        collector.answer = lambda request: (
            Answer(413, "too large") if request.plain.count(b"\n") > 3 else taking(request))
        shipper = Shipping(binary, tmp_path, match("http", f"endpoint {collector.url}/"))
        shipper.numbers(1, 20)
        with shipper:
            shipper.wait_for_delivery(20)
            assert shipper.stop() == 0, shipper.said()
        assert [json.loads(line)["n"] for line in collector.lines] == list(range(1, 21))


def test_one_line_that_is_too_large_is_a_dead_letter(binary, tmp_path):
    with Collector() as collector:
        taking = collector.take
        collector.answer = lambda request: (
            Answer(413, "too large") if b"x" * 1000 in request.plain else taking(request))
        shipper = Shipping(binary, tmp_path, match("http", f"endpoint {collector.url}/"))
        shipper.numbers(1, 5)
        shipper.write({"n": 6, "message": "x" * 2000})
        shipper.numbers(7, 10)
        with shipper:
            shipper.wait_for_delivery(9)
            [letter] = shipper.wait_for_dead_letters(1)
            assert shipper.stop() == 0, shipper.said()
        assert '"n":6' in letter["record"]
        assert sorted(json.loads(line)["n"] for line in collector.lines) == [
            1, 2, 3, 4, 5, 7, 8, 9, 10]


def test_a_wish_to_wait_is_respected(binary, tmp_path):
    with Collector() as collector:
        collector.faults = [answers(429, "busy", retry_after="1")]
        shipper = Shipping(binary, tmp_path, match("http", f"endpoint {collector.url}/"))
        shipper.numbers(1, 1)
        times = []
        taking = collector.take

        def timed(request):
            times.append(time.monotonic())
            return taking(request)

        collector.answer = timed
        begin = time.monotonic()
        with shipper:
            collector.wait(lambda: times, "the second request")
            assert times[0] - begin >= 1
            shipper.wait_for_delivery(1)
            assert shipper.stop() == 0, shipper.said()


def test_a_second_server_serves_while_the_first_is_down(binary, tmp_path):
    with Backend() as gone:
        port = gone.port
    with SINKS[0].backend() as search:
        text = match("elasticsearch", f"hosts 127.0.0.1:{port},127.0.0.1:{search.port}",
                     "index_name app")
        shipper = Shipping(binary, tmp_path, text)
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_delivery(5)
            assert shipper.stop() == 0, shipper.said()
        assert len(search.documents) == 5


def test_a_client_shows_its_certificate_to_a_server_that_wants_one(binary, tmp_path):
    files = certificates()
    client = files["client"]
    with Collector(tls=server_tls(client_authority=files.root.path)) as collector:
        text = match("http", f"endpoint {collector.url}/", f"tls_ca_cert_path {files.root.path}",
                     f"tls_client_cert_path {client.path}", f"tls_private_key_path {client.key_path}")
        shipper = Shipping(binary, tmp_path / "with", text)
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_delivery(5)
            assert shipper.stop() == 0, shipper.said()
        assert collector.requests[0].client["subject"]
        text = match("http", f"endpoint {collector.url}/", f"tls_ca_cert_path {files.root.path}")
        without = Shipping(binary, tmp_path / "without", text)
        without.numbers(1, 5)
        with without:
            without.wait_for_trouble("TLS failed|closed the connection")
        wait_until(lambda: len(collector.lines) == 5, "nothing more")


def test_a_certificate_that_was_replaced_is_shown_without_a_restart(binary, tmp_path):
    files = certificates()
    chain, key = tmp_path / "client.pem", tmp_path / "client.key"

    def put(leaf):
        for source, target in ((files[leaf].key_path, key), (files[leaf].path, chain)):
            new = target.with_suffix(".new")
            new.write_bytes(source.read_bytes())
            new.rename(target)

    put("client-stranger")
    with Collector(tls=server_tls(client_authority=files.root.path)) as collector:
        text = match("http", f"endpoint {collector.url}/", f"tls_ca_cert_path {files.root.path}",
                     f"tls_client_cert_path {chain}", f"tls_private_key_path {key}")
        shipper = Shipping(binary, tmp_path, text)
        shipper.numbers(1, 5)
        with shipper:
            shipper.wait_for_trouble("TLS failed|closed the connection|reset by peer")
            put("client")
            shipper.wait_for_delivery(5)
            assert shipper.dead_letters() == []
            assert shipper.stop() == 0, shipper.said()
        assert len(collector.lines) == 5
