"""Access logs: Envoy's default line, text and JSON, file and stdout, rotation."""

import json
import re
import signal

import pytest

from harness import envoyfile
from harness.envoyfile import file_log, route, stdout_log
from harness.peer import ok
from harness.waiting import wait_until

# Envoy's default format: [%START_TIME%] "%REQ(:METHOD)% … %PROTOCOL%" %RESPONSE_CODE% …
STANDARD = re.compile(
    r'\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] '
    r'"(?P<method>\S+) (?P<path>\S+) HTTP/1\.1" (?P<status>\d+) (?P<flags>\S+) '
    r'(?P<received>\d+) (?P<sent>\d+) (?P<duration>\d+) (?P<service>\d+|-) '
    r'"(?P<forwarded>[^"]*)" "(?P<agent>[^"]*)" "(?P<id>[^"]*)" "(?P<authority>[^"]*)" '
    r'"(?P<host>[^"]*)"\n'
)


def lines(path, count):
    wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") >= count,
               f"{count} lines in {path.name}")
    return path.read_text("utf-8", "replace").splitlines(keepends=True)


def test_the_standard_format_is_envoys(sidecar, peer, tmp_path):
    app = peer()
    log = tmp_path / "standard.log"
    proxy = sidecar(app, hcm={"access_log": [file_log(log)]})
    proxy.fetch("POST", "/a?b=c", headers={"User-Agent": "test/1"}, body="12345", host="shop.test")
    found = STANDARD.fullmatch(lines(log, 1)[0])
    assert found, lines(log, 1)[0]
    assert found["method"] == "POST" and found["path"] == "/a?b=c"
    assert (found["status"], found["flags"]) == ("200", "-")
    assert (found["received"], found["sent"]) == ("5", "2")
    assert (found["agent"], found["authority"]) == ("test/1", "shop.test")
    assert found["host"] == f"127.0.0.1:{app.port}"
    assert found["id"] == app.requests[0].header("x-request-id")


def test_a_text_format_is_rendered_as_it_is_written(sidecar, peer, tmp_path):
    log = tmp_path / "text.log"
    text = ("%REQ(X-A?X-B)%|%REQ(MISSING)%|%REQ(X-LONG):4%|%RESP(X-REPLY)%|%PROTOCOL%|"
            "%RESPONSE_CODE_DETAILS%|%UPSTREAM_CLUSTER%|%ROUTE_NAME%|"
            "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%|%START_TIME(%Y)%|100%%\n")
    app = peer(answer=lambda r: ok(headers=[("X-Reply", "re")]))
    proxy = sidecar(app, hcm={"access_log": [file_log(log, text)]},
                    routes=[route() | {"name": "the-route"}])
    proxy.fetch(headers={"X-B": "second", "X-Long": "123456"})
    got = lines(log, 1)[0]
    assert re.fullmatch(
        r"second\|-\|1234\|re\|HTTP/1\.1\|via_upstream\|app\|the-route\|127\.0\.0\.1\|\d{4}\|100%\n",
        got), got


def test_json_lines_are_valid_and_keep_types(sidecar, peer, tmp_path):
    log = tmp_path / "json.log"
    proxy = sidecar(peer(), hcm={"access_log": [file_log(log, json={
        "code": "%RESPONSE_CODE%", "path": "%REQ(:PATH)%", "odd": "%REQ(X-ODD)%",
        "mixed": "%REQ(:METHOD)% %RESPONSE_CODE%", "nested": {"bytes": "%BYTES_SENT%"},
        "missing": "%REQ(NOPE)%"})]})
    proxy.fetch(path="/x", headers={"X-Odd": 'quote " backslash \\ tab \t end'})
    entry = json.loads(lines(log, 1)[0])
    assert entry["code"] == 200 and entry["nested"] == {"bytes": 2}
    assert entry["path"] == "/x" and entry["mixed"] == "GET 200"
    assert entry["odd"] == 'quote " backslash \\ tab \t end'
    assert entry["missing"] in (None, "-")


def test_the_log_can_go_to_standard_output(sidecar, peer):
    proxy = sidecar(peer(), hcm={"access_log": [stdout_log()]})
    for _ in range(3):
        proxy.fetch(path="/out")
    with proxy.changed:
        assert proxy.changed.wait_for(lambda: proxy.output.count(b"\n") >= 3, 15)
    assert all(STANDARD.fullmatch(line + "\n") for line in proxy.output.decode().splitlines())


@pytest.mark.pillion_only
def test_values_cannot_forge_lines(sidecar, peer, tmp_path):
    log = tmp_path / "forged.log"
    proxy = sidecar(peer(), hcm={"access_log": [file_log(log)]})
    proxy.fetch(path="/%0a%22", headers={"User-Agent": 'a" 200 - "\x80\xff'})
    proxy.fetch(path="/next")
    assert len(lines(log, 2)) == 2


@pytest.mark.pillion_only
def test_sigusr1_opens_the_file_anew(sidecar, peer, tmp_path):
    log = tmp_path / "rotated.log"
    proxy = sidecar(peer(), hcm={"access_log": [file_log(log)]})
    proxy.fetch(path="/before")
    lines(log, 1)
    log.rename(tmp_path / "rotated.log.1")
    proxy.signal(signal.SIGUSR1)
    wait_until(log.exists, "the new file")
    proxy.fetch(path="/after")
    assert "/after" in lines(log, 1)[0]
    assert (tmp_path / "rotated.log.1").read_text().count("\n") == 1


@pytest.mark.pillion_only
def test_no_line_is_lost_over_many_rotations(sidecar, peer, tmp_path):
    log = tmp_path / "many.log"
    proxy = sidecar(peer(), hcm={"access_log": [file_log(log, "%REQ(:PATH)%\n")]}, workers=2)
    with proxy.client() as client:
        for number in range(200):
            assert client.request(path=f"/{number}").status == 200
            if number % 20 == 10:
                log.rename(tmp_path / f"many.log.{number}")
                proxy.signal(signal.SIGUSR1)
                wait_until(log.exists, "the new file")
    proxy.signal(signal.SIGTERM)
    assert proxy.wait_exit() == 0
    text = "".join(path.read_text() for path in tmp_path.glob("many.log*"))
    assert sorted(text.split(), key=lambda p: int(p[1:])) == [f"/{n}" for n in range(200)]


@pytest.mark.pillion_only
def test_a_log_that_cannot_be_opened_is_a_configuration_error(binary, tmp_path):
    import subprocess

    file = tmp_path / "bad.yaml"
    file.write_text(envoyfile.text_of(envoyfile.bootstrap(
        [envoyfile.listener(hcm={"access_log": [file_log("/nonexistent-folder/access.log")]})],
        [envoyfile.cluster("app", 1)])))
    done = subprocess.run([binary, "run", str(file)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "/nonexistent-folder/access.log" in done.stderr
