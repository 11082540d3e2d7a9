"""The log shipper: logs in by OpenTelemetry's protocol, from its own messages and clients."""

import base64
import gzip
import json
import re
import socket
import struct
import subprocess
import threading
import urllib.error
import urllib.request
from concurrent import futures

import grpc
import pytest

from harness.certificates import certificates
from harness.elastic import Elastic
from harness.shipper import Shipper
from harness.waiting import wait_until

collector = pytest.importorskip("opentelemetry.proto.collector.logs.v1.logs_service_pb2")
service = pytest.importorskip("opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc")
json_format = pytest.importorskip("google.protobuf.json_format")

pytestmark = pytest.mark.pillion_only

TRACE = bytes(range(1, 17))
SPAN = bytes(range(1, 9))


def configuration(folder, output=None, more=""):
    return f"""
[INPUT]
    Name opentelemetry
    Listen 127.0.0.1
    Port 0
    {more}
""" + (output or f"""
[OUTPUT]
    Name file
    Match *
    Path {folder}
    File out.txt
""")


def port_of(shipper):
    def found():
        match = re.search(r"a log source listens .*address=\"?127\.0\.0\.1:(\d+)", shipper.said())
        return match and int(match[1])
    return wait_until(found, "the port")


@pytest.fixture
def shipper(binary, tmp_path):
    with Shipper(binary, tmp_path / "shipper", configuration(tmp_path), "bit.conf") as shipper:
        shipper.port = port_of(shipper)
        shipper.out = tmp_path / "out.txt"
        yield shipper
        assert shipper.process.poll() is None, shipper.said()
        assert shipper.stop() == 0, shipper.said()


def records(shipper):
    if not shipper.out.exists():
        return []
    return [json.loads(line.split("\t", 2)[2]) for line in shipper.out.read_text().splitlines()]


def wait_records(shipper, count):
    wait_until(lambda: len(records(shipper)) >= count, f"{count} records")
    return records(shipper)


def request(*bodies, **resource):
    message = collector.ExportLogsServiceRequest()
    logs = message.resource_logs.add()
    for name, value in resource.items():
        pair = logs.resource.attributes.add()
        pair.key, pair.value.string_value = name.replace("_", "."), value
    scope = logs.scope_logs.add()
    for body in bodies:
        scope.log_records.add(time_unix_nano=1_795_278_000_123_456_789).body.string_value = body
    return message


def full():
    message = request("the body", service_name="web", host_name="box")
    scope = message.resource_logs[0].scope_logs[0]
    scope.scope.name, scope.scope.version = "my.library", "1.2"
    record = scope.log_records[0]
    record.observed_time_unix_nano = 1_795_278_001_000_000_000
    record.severity_number, record.severity_text = 10, "INFO"
    record.trace_id, record.span_id, record.flags = TRACE, SPAN, 1
    for key, field, value in [("text", "string_value", 'a "quoted"\nä'), ("yes", "bool_value", True),
                              ("whole", "int_value", -(2 ** 63)), ("part", "double_value", 1.5)]:
        pair = record.attributes.add(key=key)
        setattr(pair.value, field, value)
    inner = record.attributes.add(key="deep").value.kvlist_value.values.add(key="list")
    inner.value.array_value.values.add(int_value=1)
    inner.value.array_value.values.add(string_value="two")
    record.attributes.add(key="message").value.string_value = "an attribute of that name"
    return message


EXPECTED = {
    "message": "the body", "level": "INFO", "otel.severity_number": 10,
    "trace_id": TRACE.hex(), "span_id": SPAN.hex(), "otel.trace_flags": 1,
    "otel.observed_time_unix_nano": 1_795_278_001_000_000_000,
    "text": 'a "quoted"\nä', "yes": True, "whole": -(2 ** 63), "part": 1.5,
    "deep": {"list": [1, "two"]}, "attributes.message": "an attribute of that name",
    "otel.resource": {"service.name": "web", "host.name": "box"},
    "otel.scope.name": "my.library", "otel.scope.version": "1.2",
}


def post(port, body, kind="application/x-protobuf", path="/v1/logs", method="POST", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    query = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, method=method,
                                   headers={"Content-Type": kind, **headers})
    try:
        with urllib.request.urlopen(query, timeout=20) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def as_json(message):
    """OTLP's own form of JSON: identifiers are hexadecimal there, and not base64."""
    tree = json_format.MessageToDict(message, use_integers_for_enums=True)
    for resource in tree["resourceLogs"]:
        for scope in resource["scopeLogs"]:
            for record in scope["logRecords"]:
                for name in ("traceId", "spanId"):
                    if name in record:
                        record[name] = base64.b64decode(record[name]).hex()
    return tree


def snake(value):
    if isinstance(value, list):
        return [snake(element) for element in value]
    if isinstance(value, dict):
        return {re.sub("([A-Z])", lambda match: "_" + match[1].lower(), name): snake(inner)
                for name, inner in value.items()}
    return value


# What is taken


def test_protobuf_by_http(shipper):
    status, body, headers = post(shipper.port, full().SerializeToString())
    assert (status, body) == (200, b"")
    assert headers["Content-Type"] == "application/x-protobuf"
    assert wait_records(shipper, 1) == [EXPECTED]


def test_compressed_protobuf_by_http(shipper):
    body = gzip.compress(full().SerializeToString())
    assert post(shipper.port, body, Content_Encoding="gzip")[0] == 200
    assert wait_records(shipper, 1) == [EXPECTED]


@pytest.mark.parametrize("shape", [lambda tree: tree, snake], ids=["camel", "snake"])
def test_json_by_http(shipper, shape):
    body = json.dumps(shape(as_json(full()))).encode()
    status, answer, headers = post(shipper.port, body, "application/json; charset=utf-8")
    assert (status, answer) == (200, b"{}")
    assert headers["Content-Type"] == "application/json"
    assert wait_records(shipper, 1) == [EXPECTED]


def test_curl_with_chunks_and_with_a_body_that_it_asks_about_first(shipper, tmp_path):
    path = tmp_path / "body.json"
    path.write_text(json.dumps(as_json(request("x" * 2_000_000))))
    for arguments in (["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"],
                      ["--http2-prior-knowledge"]):
        done = subprocess.run(
            ["curl", "-sS", "-m", "20", "-w", "%{http_code}", "-o", "/dev/null",
             "-H", "Content-Type: application/json", *arguments, "--data-binary", f"@{path}",
             f"http://127.0.0.1:{shipper.port}/v1/logs"], capture_output=True, text=True)
        assert done.stdout == "200", done.stderr
    assert [len(record["message"]) for record in wait_records(shipper, 3)] == [2_000_000] * 3


def test_several_requests_on_one_connection(shipper):
    one = request("one").SerializeToString()
    head = (b"POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n"
            b"Content-Length: %d\r\n\r\n" % len(one))
    with socket.create_connection(("127.0.0.1", shipper.port), 10) as peer:
        # Split where it hurts.
        whole = (head + one) * 3
        for start in range(0, len(whole), 37):
            peer.sendall(whole[start:start + 37])
        answers = b""
        while answers.count(b"HTTP/1.1 200") < 3:
            piece = peer.recv(4096)
            assert piece, answers
            answers += piece
    assert len(wait_records(shipper, 3)) == 3


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_grpc(shipper, compression):
    with grpc.insecure_channel(f"127.0.0.1:{shipper.port}") as channel:
        stub = service.LogsServiceStub(channel)
        answer = stub.Export(full(), timeout=10, compression=compression)
        assert answer.partial_success.rejected_log_records == 0
        assert wait_records(shipper, 1) == [EXPECTED]
        calls = [stub.Export.future(request(f"{n}"), timeout=20) for n in range(200)]
        for call in calls:
            call.result()
        assert sorted(int(record["message"]) for record in wait_records(shipper, 201)[1:]) == list(
            range(200))


def test_a_large_message_by_grpc(shipper):
    message = request(*["x" * 1000] * 3000)
    with grpc.insecure_channel(f"127.0.0.1:{shipper.port}") as channel:
        service.LogsServiceStub(channel).Export(message, timeout=30)
    assert len(wait_records(shipper, 3000)) == 3000


def test_what_comes_in_goes_out_as_it_came(binary, tmp_path):
    got = []

    class Sink(service.LogsServiceServicer):
        def Export(self, request, context):
            got.append(request)
            return collector.ExportLogsServiceResponse()

    server = grpc.server(futures.ThreadPoolExecutor(2))
    service.add_LogsServiceServicer_to_server(Sink(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    text = configuration(tmp_path, f"""
[OUTPUT]
    Name opentelemetry
    Match *
    Host 127.0.0.1
    Port {port}
    Grpc on
""")
    try:
        with Shipper(binary, tmp_path / "shipper", text, "bit.conf") as shipper:
            sent = full()
            record = sent.resource_logs[0].scope_logs[0].log_records[0]
            del record.attributes[-1]
            assert post(port_of(shipper), sent.SerializeToString())[0] == 200
            wait_until(lambda: got, "the record")
            assert shipper.stop() == 0, shipper.said()
    finally:
        server.stop(None)
    resource = got[0].resource_logs[0]
    assert {pair.key: pair.value.string_value for pair in resource.resource.attributes} == {
        "service.name": "web", "host.name": "box"}
    back = resource.scope_logs[0].log_records[0]
    for name in ("time_unix_nano", "observed_time_unix_nano", "severity_number", "severity_text",
                 "trace_id", "span_id", "flags", "body"):
        assert getattr(back, name) == getattr(record, name), name
    attributes = {pair.key: pair.value for pair in back.attributes}
    for pair in record.attributes:
        assert attributes[pair.key] == pair.value
    assert attributes["otel.scope.name"].string_value == "my.library"


def test_grpc_and_http_over_tls(binary, tmp_path):
    authority = certificates().root
    server = authority.leaf("otlp", "DNS:localhost")
    text = configuration(tmp_path, more=f"""Tls on
    Tls.crt_file {server.path}
    Tls.key_file {server.key_path}""")
    with Shipper(binary, tmp_path / "shipper", text, "bit.conf") as shipper:
        port = port_of(shipper)
        shipper.out = tmp_path / "out.txt"
        trust = grpc.ssl_channel_credentials(authority.path.read_bytes())
        with grpc.secure_channel(
                f"127.0.0.1:{port}", trust,
                [("grpc.ssl_target_name_override", "localhost")]) as channel:
            service.LogsServiceStub(channel).Export(full(), timeout=10)
        for version in ("--http1.1", "--http2"):
            done = subprocess.run(
                ["curl", "-sS", "-m", "20", version, "--cacert", str(authority.path),
                 "--resolve", f"localhost:{port}:127.0.0.1", "-w", "%{http_version} %{http_code}",
                 "-H", "Content-Type: application/json",
                 "--data-binary", json.dumps(as_json(full())),
                 f"https://localhost:{port}/v1/logs"], capture_output=True, text=True)
            assert done.stdout == "{}" + ("1.1 200" if version == "--http1.1" else "2 200"), \
                done.stderr
        assert wait_records(shipper, 3) == [EXPECTED] * 3
        assert shipper.stop() == 0, shipper.said()


# What is refused


@pytest.mark.parametrize("body", [
    b"\xff\xff\xff", b"garbage that is nothing", full().SerializeToString()[:-3],
    b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x0b\x0c", bytes(200),
])
def test_what_is_no_protobuf_is_a_bad_request(shipper, body):
    status, answer, headers = post(shipper.port, body)
    assert status == 400
    assert headers["Content-Type"] == "application/x-protobuf"
    # google.rpc.Status: code 3 and a message.
    assert answer[:3] == b"\x08\x03\x12" and b"ExportLogsServiceRequest" in answer


@pytest.mark.parametrize("body", [
    b"", b"{", b'{"resourceLogs":', b'{"resourceLogs":5}', b"[]", b'{"a":1}x', b"[" * 100_000,
    b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[7]}]}]}',
])
def test_what_is_no_json_is_a_bad_request(shipper, body):
    status, answer, _ = post(shipper.port, body, "application/json")
    assert status == 400
    assert json.loads(answer)["code"] == 3


def test_refusals_of_http(shipper):
    good = request("x").SerializeToString()
    assert post(shipper.port, good, "text/plain")[0] == 415
    assert post(shipper.port, good, Content_Encoding="br")[0] == 415
    assert post(shipper.port, good, path="/v1/traces")[0] == 404
    status, _, headers = post(shipper.port, None, method="GET")
    assert (status, headers["Allow"]) == (405, "POST")
    assert post(shipper.port, b"no gzip", Content_Encoding="gzip")[0] == 400
    assert post(shipper.port, gzip.compress(good)[:-9], Content_Encoding="gzip")[0] == 400
    assert records(shipper) == []


def test_bodies_that_are_too_large(binary, tmp_path):
    text = configuration(tmp_path, more="Buffer_Max_Size 100k")
    with Shipper(binary, tmp_path / "shipper", text, "bit.conf") as shipper:
        port = port_of(shipper)
        large = request("x" * 200_000).SerializeToString()
        assert post(port, large)[0] == 413
        bomb = gzip.compress(bytes(200 << 20))
        assert len(bomb) < 1 << 20
        assert post(port, bomb, Content_Encoding="gzip")[0] == 413
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = service.LogsServiceStub(channel)
            for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
                with pytest.raises(grpc.RpcError) as refused:
                    stub.Export(request("x" * 200_000), timeout=10, compression=compression)
                assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert shipper.stop() == 0, shipper.said()
    out = tmp_path / "out.txt"
    assert not out.exists() or out.read_text() == ""


def nested(depth):
    """A body whose value is a list in a list in a list."""
    value = b"\x0a\x01x"
    for _ in range(depth):
        value = b"\x0a" + varint(len(value)) + value
        value = b"\x2a" + varint(len(value)) + value
    record = b"\x2a" + varint(len(value)) + value
    scope_logs = b"\x12" + varint(len(record)) + record
    scope = b"\x12" + varint(len(scope_logs)) + scope_logs
    return b"\x0a" + varint(len(scope)) + scope


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7f | 0x80])
        number >>= 7
    return out + bytes([number])


def test_what_is_nested_too_deep_is_rejected_and_the_rest_taken(shipper):
    good = request("good").SerializeToString()
    status, answer, _ = post(shipper.port, nested(5000) + good)
    assert status == 200
    partial = collector.ExportLogsServiceResponse.FromString(answer).partial_success
    assert partial.rejected_log_records == 1
    assert "nested" in partial.error_message
    assert [record["message"] for record in wait_records(shipper, 1)] == ["good"]
    with grpc.insecure_channel(f"127.0.0.1:{shipper.port}") as channel:
        call = channel.unary_unary("/opentelemetry.proto.collector.logs.v1.LogsService/Export",
                                   request_serializer=None,
                                   response_deserializer=collector.ExportLogsServiceResponse.FromString)
        assert call(nested(100) + good, timeout=10).partial_success.rejected_log_records == 1


def test_refusals_of_grpc(shipper):
    with grpc.insecure_channel(f"127.0.0.1:{shipper.port}") as channel:
        export = channel.unary_unary("/opentelemetry.proto.collector.logs.v1.LogsService/Export")
        with pytest.raises(grpc.RpcError) as refused:
            export(b"\xff\xff", timeout=10)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        other = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        with pytest.raises(grpc.RpcError) as refused:
            other(b"", timeout=10)
        assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
        assert export(b"", timeout=10) == b""


def test_while_a_sink_takes_nothing_peers_are_told_to_come_again(binary, tmp_path):
    with Elastic() as elastic:
        elastic.is_down = True
        text = f"""
<source>
  @type opentelemetry
  tag otel.${{type}}
  <http>
    bind 127.0.0.1
    port 0
  </http>
</source>
<match otel.logs>
  @type elasticsearch
  host 127.0.0.1
  port {elastic.port}
  index_name app
  <buffer>
    @type memory
    flush_interval 0.1
    retry_wait 0.05
    retry_max_interval 0.2
    total_limit_size 64k
    chunk_limit_size 16k
  </buffer>
</match>
"""
        with Shipper(binary, tmp_path / "shipper", text) as shipper:
            port = port_of(shipper)
            taken = 0
            while True:
                status, answer, headers = post(
                    port, request(*[f"{taken} {n} " + "x" * 1000 for n in range(10)])
                    .SerializeToString())
                if status != 200:
                    break
                taken += 1
                assert taken < 1000
            assert status == 503
            assert int(headers["Retry-After"]) >= 1
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = service.LogsServiceStub(channel)
                with pytest.raises(grpc.RpcError) as refused:
                    stub.Export(request("later"), timeout=10)
                assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
                details = dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
                assert b"google.rpc.RetryInfo" in details
                with elastic.changed:
                    elastic.is_down = False

                def goes():
                    try:
                        stub.Export(request("later"), timeout=10)
                        return True
                    except grpc.RpcError as error:
                        assert error.code() == grpc.StatusCode.UNAVAILABLE
                        return False
                wait_until(goes, "the sink to take records again", 20)
            elastic.wait(lambda elastic: len(elastic.documents) == taken * 10 + 1,
                         "every record that was taken", 30)
            assert shipper.stop() == 0, shipper.said()


# Peers that are no good


def test_a_peer_that_goes_in_the_middle_leaves_nothing(shipper):
    body = request("never").SerializeToString()
    with socket.create_connection(("127.0.0.1", shipper.port), 10) as peer:
        peer.sendall(b"POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body[:-1])
    assert post(shipper.port, request("next").SerializeToString())[0] == 200
    assert [record["message"] for record in wait_records(shipper, 1)] == ["next"]


@pytest.mark.parametrize("bytes_", [
    b"\r\n\r\n\r\n", b"GET", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
    b"PRI * HTTP/2.0\r\n\r\nXX", b"POST /v1/logs HTTP/1.1\r\nHost: a\r\n" + b"A: " + b"a" * 100_000,
    b"POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n",
    b"POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", bytes(range(256)) * 50,
])
def test_garbage_harms_nobody_else(shipper, bytes_):
    with socket.create_connection(("127.0.0.1", shipper.port), 10) as peer:
        try:
            peer.sendall(bytes_)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(4096):
                pass
        except ConnectionError:
            pass
    assert post(shipper.port, request("next").SerializeToString())[0] == 200
    assert [record["message"] for record in wait_records(shipper, 1)] == ["next"]


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(
        ">I", stream) + payload


def call_head():
    """The header block of a call, without its message."""
    path = b"/opentelemetry.proto.collector.logs.v1.LogsService/Export"
    kind = b"application/grpc"
    return (b"\x83\x86\x41\x01a" + b"\x04" + bytes([len(path)]) + path
            + b"\x0f\x10" + bytes([len(kind)]) + kind)


@pytest.mark.parametrize("flood", [
    frame(6, 0, 0, bytes(8)) * 1000, frame(4, 0, 0) * 1000,
    b"".join(frame(1, 4, 2 * n + 1, call_head()) + frame(3, 0, 2 * n + 1, bytes(4))
             for n in range(2000)),
    frame(1, 0, 1, b"\x83") + frame(9, 0, 1, b"") * 1000,
    frame(0, 0, 7, b"x"), frame(8, 0, 0, struct.pack(">I", 0x7fffffff)) * 2,
], ids=["ping", "settings", "reset", "continuation", "idle", "window"])
def test_floods_of_http2_end_the_connection(shipper, flood):
    with socket.create_connection(("127.0.0.1", shipper.port), 10) as peer:
        try:
            peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) + flood)
            answers = b""
            while piece := peer.recv(65536):
                answers += piece
            assert b"\x07\x00\x00\x00\x00\x00" in answers, "no GOAWAY"
        except ConnectionError:
            pass
    assert post(shipper.port, request("next").SerializeToString())[0] == 200
    assert [record["message"] for record in wait_records(shipper, 1)] == ["next"]


def test_peers_at_the_same_time(shipper):
    failures = []

    def send(number):
        try:
            for n in range(20):
                body = request(f"{number}-{n}").SerializeToString()
                assert post(shipper.port, body)[0] == 200
        except Exception as error:
            failures.append(error)
    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    found = {record["message"] for record in wait_records(shipper, 160)}
    assert found == {f"{number}-{n}" for number in range(8) for n in range(20)}
