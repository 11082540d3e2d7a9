"""From the start gate to the last byte: readiness, `pillion wait`, the end of a job."""

import http.client
import os
import resource
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness import envoyfile
from harness.client import Client, fetch
from harness.envoyfile import route
from harness.peer import ok
from harness.sidecar import line_value, says
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only

READY = "/healthz/ready"


def readiness_port(proxy):
    line = proxy.wait_log("readiness bound")
    return int(line_value(line, "address").rsplit(":", 1)[1])


def readiness(proxy, path=READY, method="GET", **options):
    return fetch(readiness_port(proxy), method, path, **options)


def gated(gate):
    def answer(_):
        assert gate.wait(20)
        return ok("finished")

    return answer


def port_of_nobody():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


# Readiness


def test_readiness_says_yes_while_requests_are_served(sidecar, peer):
    proxy = sidecar(peer(), args=["--readiness-port", "0"])
    response = readiness(proxy)
    assert (response.status, response.text) == (200, "ready\n")
    assert readiness(proxy, "/healthz/live").status == 200
    assert readiness(proxy, "/").status == 404
    assert readiness(proxy, "/stats").status == 404
    assert readiness(proxy, method="POST").status == 405


def test_readiness_is_answered_on_all_addresses_of_both_families(sidecar, peer):
    proxy = sidecar(peer(), args=["--readiness-port", "0"])
    port = readiness_port(proxy)
    assert fetch(("127.0.0.2", port), path=READY).status == 200
    if any("address=[::]" in line for line in proxy.lines):
        assert fetch(("::1", port), path=READY).status == 200


def test_readiness_may_be_bound_to_one_address(sidecar, peer):
    proxy = sidecar(peer(), args=["--readiness-port", "127.0.0.1:0"])
    assert readiness(proxy).status == 200
    with pytest.raises(ConnectionRefusedError):
        Client(("127.0.0.2", readiness_port(proxy)))


def test_a_readiness_port_that_is_taken_is_told_before_anything_starts(binary, tmp_path):
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        ended = subprocess.run(
            [binary, "run", "--app", "1", "--listen", "127.0.0.1:0",
             "--readiness-port", str(taken.getsockname()[1])],
            capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert "readiness" in ended.stderr and "Address already in use" in ended.stderr


def test_readiness_over_a_life(sidecar, peer):
    gate = threading.Event()
    app = peer(answer=gated(gate))
    proxy = sidecar(app, args=["--readiness-port", "0"], drain_seconds=15)
    assert readiness(proxy).status == 200
    assert proxy.admin("/healthcheck/fail", "POST").status == 200
    response = readiness(proxy)
    assert response.status == 503 and "/healthcheck/fail" in response.text
    assert proxy.admin("/healthcheck/ok", "POST").status == 200
    assert readiness(proxy).status == 200
    with proxy.client() as client:
        client.start()
        app.wait_requests(1)
        proxy.signal()
        wait_until(lambda: readiness(proxy).status == 503, "readiness to end")
        assert readiness(proxy).text == "not ready: the process is ending\n"
        assert readiness(proxy, "/healthz/live").status == 200
        gate.set()
        client.response()
    assert proxy.wait_exit() == 0


def test_readiness_waits_for_names_and_says_which(binary, tmp_path):
    """Answered while the start waits: a probe must not time out."""
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    cluster = envoyfile.cluster("slow", type="STRICT_DNS")
    cluster["load_assignment"]["endpoints"] = [
        {"lb_endpoints": [envoyfile.endpoint(80, "nowhere.example")]}]
    configuration = envoyfile.bootstrap(
        [envoyfile.listener(routes=[route("slow")])], [cluster])
    file = tmp_path / "envoy.yaml"
    file.write_text(envoyfile.text_of(configuration))
    port = port_of_nobody()
    process = subprocess.Popen(
        [binary, "run", str(file), "--readiness-port", str(port), "--dns-servers",
         f"127.0.0.1:{silent.getsockname()[1]}"], stderr=subprocess.PIPE, text=True)
    try:
        answers = []

        def answered():
            try:
                answers.append(fetch(port, path=READY))
            except OSError:
                return False
            return answers[-1].status == 200

        wait_until(answered, "readiness", 20)
        refusals = {one.text for one in answers if one.status == 503}
        assert "not ready: names are being looked up for: slow\n" in refusals
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.stderr.close()
        silent.close()


def test_a_probe_is_answered_while_the_admin_interface_is_busy(sidecar, peer):
    """Readiness has a thread of its own: a request that the admin loop has not read waits there."""
    proxy = sidecar(peer(), args=["--readiness-port", "0"])

    def names():
        return {(entry / "comm").read_text().strip()
                for entry in Path(f"/proc/{proxy.pid}/task").iterdir()}

    wait_until(lambda: "readiness" in names(), "a thread of that name")


def test_readiness_goes_along_with_a_takeover(launch, sidecar, peer, tmp_path):
    path = tmp_path / "takeover"
    app = peer()
    configuration = envoyfile.bootstrap(
        [envoyfile.listener()], [envoyfile.cluster("app", app.port)])
    args = ["--readiness-port", "0", "--takeover-socket", str(path)]
    old = launch(configuration, args=args, drain_seconds=20)
    port = readiness_port(old)
    stop, answers = threading.Event(), []

    def probe():
        while not stop.is_set():
            try:
                answers.append(fetch(port, path=READY).status)
            except OSError as error:
                answers.append(repr(error))

    prober = threading.Thread(target=probe)
    prober.start()
    try:
        for _ in range(3):
            new = launch(configuration, args=args, drain_seconds=20)
            assert readiness_port(new) == port
            assert old.wait_exit(30) == 0
            old = new
    finally:
        stop.set()
        prober.join()
    assert answers and set(answers) == {200}


def test_many_slow_holders_keep_no_probe_out(sidecar, peer):
    """More connections than the port has places, each with a byte of a head now and then."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], min(4096, before[1])), before[1]))
    proxy = sidecar(peer(), args=["--readiness-port", "0"])
    port = readiness_port(proxy)
    held = []
    try:
        for number in range(1300):
            one = socket.create_connection(("127.0.0.1", port), 15)
            held.append(one)
            one.sendall(b"G")
            if number % 50 == 49:
                assert readiness(proxy).status == 200
        for _ in range(50):
            assert readiness(proxy).status == 200
    finally:
        for one in held:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


# The start gate


def wait_for(binary, *args, seconds=30):
    return subprocess.run([binary, "wait", *args], capture_output=True, text=True,
                          timeout=seconds)


def test_wait_ends_at_once_where_the_sidecar_is_ready(sidecar, peer, binary):
    proxy = sidecar(peer(), args=["--readiness-port", "0"])
    url = f"http://127.0.0.1:{readiness_port(proxy)}{READY}"
    ended = wait_for(binary, "--url", url)
    assert ended.returncode == 0 and "ready after" in ended.stderr
    assert wait_for(binary, "--url", url, "--quiet").stderr == ""


def test_wait_waits_for_the_sidecar_to_start(launch, peer, binary):
    port = port_of_nobody()
    gate = subprocess.Popen(
        [binary, "wait", "--url", f"http://localhost:{port}{READY}", "--period", "20"],
        stderr=subprocess.PIPE, text=True)
    assert "refused" in gate.stderr.readline()
    configuration = envoyfile.bootstrap(
        [envoyfile.listener()], [envoyfile.cluster("app", peer().port)])
    launch(configuration, args=["--readiness-port", str(port)])
    assert gate.wait(20) == 0
    assert "ready after" in gate.stderr.read()
    gate.stderr.close()


def test_wait_gives_up_and_says_what_it_heard_last(sidecar, peer, binary):
    proxy = sidecar(peer(), args=["--readiness-port", "0"])
    proxy.admin("/healthcheck/fail", "POST")
    url = f"http://127.0.0.1:{readiness_port(proxy)}{READY}"
    ended = wait_for(binary, "--url", url, "--timeout", "1", "--period", "50")
    assert ended.returncode == 1
    assert "was not ready after 1 s: status 503: not ready: /healthcheck/fail" in ended.stderr


def test_wait_gives_up_where_nobody_answers(binary):
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        ended = wait_for(binary, "--url", url, "--timeout", "1", "--request-timeout", "200")
    assert ended.returncode == 1
    assert "does not answer" in ended.stderr


def test_wait_gives_up_where_nobody_listens(binary):
    ended = wait_for(binary, "--url", f"http://127.0.0.1:{port_of_nobody()}/", "--timeout", "1")
    assert ended.returncode == 1
    assert "Connection refused" in ended.stderr


@pytest.mark.parametrize("args", [
    ["--url", "https://127.0.0.1/"], ["--url", "http://example.com/"], ["--url", "http://"],
    ["--url", "http://127.0.0.1:99999/"], ["--timeout", "-1"], ["--period", "0"],
])
def test_wait_refuses_a_wrong_command_line(binary, args):
    ended = wait_for(binary, *args)
    assert ended.returncode == 2
    assert ended.stderr.startswith("Error: ")


def test_wait_becomes_the_command(sidecar, peer, binary):
    proxy = sidecar(peer(), args=["--readiness-port", "0"])
    url = f"http://127.0.0.1:{readiness_port(proxy)}{READY}"
    ended = subprocess.run(
        [binary, "wait", "--url", url, "--quiet", "--", "sh", "-c", 'echo "$0 $1"; exit 7',
         "first", "--second"], capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (7, "first --second\n")
    # The command has the signals as a shell would give them to it.
    child = subprocess.Popen([binary, "wait", "--url", url, "--quiet", "--", "sleep", "60"])
    comm = f"/proc/{child.pid}/comm"
    wait_until(lambda: open(comm).read().strip() == "sleep", "the command to run")
    child.terminate()
    assert child.wait(10) == -signal.SIGTERM


def test_wait_says_where_the_command_cannot_be_run(sidecar, peer, binary, tmp_path):
    proxy = sidecar(peer(), args=["--readiness-port", "0"])
    url = f"http://127.0.0.1:{readiness_port(proxy)}{READY}"
    ended = wait_for(binary, "--url", url, "--", "/nonexistent/command")
    assert ended.returncode == 127 and "No such file" in ended.stderr
    ended = wait_for(binary, "--url", url, "--", str(tmp_path))
    assert ended.returncode == 126 and "Permission denied" in ended.stderr


def test_wait_can_be_interrupted(binary):
    gate = subprocess.Popen(
        [binary, "wait", "--url", f"http://127.0.0.1:{port_of_nobody()}/"],
        stderr=subprocess.PIPE, text=True)
    assert gate.stderr.readline()
    gate.terminate()
    assert gate.wait(10) == 128 + signal.SIGTERM
    gate.stderr.close()


# The end of a job


def test_quitquitquit_of_the_readiness_port_ends_the_process(sidecar, peer):
    proxy = sidecar(peer(), args=["--readiness-port", "0"])
    assert readiness(proxy, "/quitquitquit").status == 405
    assert proxy.is_alive()
    response = readiness(proxy, "/quitquitquit", "POST")
    assert (response.status, response.text) == (200, "OK\n")
    assert proxy.wait_exit() == 0
    assert line_value(proxy.wait_log("draining"), "cause") == "POST /quitquitquit"


def own_address():
    """An address of this machine that is not loopback; None where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))
            address = one.getsockname()[0]
        except OSError:
            return None
    return None if address.startswith("127.") else address


def test_quitquitquit_is_refused_from_elsewhere(sidecar, peer):
    proxy = sidecar(peer(), args=["--readiness-port", "0"])
    port = readiness_port(proxy)
    address = own_address()
    if address is None:
        pytest.skip("this machine has loopback addresses only")
    assert fetch((address, port), path=READY).status == 200
    response = fetch((address, port), "POST", "/quitquitquit")
    assert response.status == 403 and "this machine" in response.text
    page = fetch(port, "POST", "/quitquitquit", headers={"Origin": "http://evil.example"})
    assert page.status == 403
    assert proxy.is_alive() and proxy.fetch().status == 200


def test_quitquitquit_is_refused_to_what_a_sidecar_passes_on(sidecar, peer):
    """Passed on, a request from elsewhere has 127.0.0.6 as its source."""
    proxy = sidecar(peer(), args=["--readiness-port", "0"])
    connection = http.client.HTTPConnection(
        "127.0.0.1", readiness_port(proxy), timeout=15, source_address=("127.0.0.6", 0))
    try:
        connection.request("POST", "/quitquitquit")
        response = connection.getresponse()
        assert response.status == 403 and b"this machine" in response.read()
        connection.request("GET", READY)
        assert connection.getresponse().status == 200
    finally:
        connection.close()
    assert proxy.is_alive()


def test_the_sidecar_ends_with_the_process_of_that_number(sidecar, peer):
    app = subprocess.Popen(["sleep", "600"])
    proxy = sidecar(peer(), args=["--exit-with", str(app.pid)])
    proxy.wait_log("ending with the process")
    assert proxy.fetch().status == 200
    app.kill()
    app.wait()
    assert proxy.wait_exit() == 0
    assert line_value(proxy.wait_log("draining"), "cause") == f"process {app.pid} has ended"


def test_the_sidecar_ends_with_the_last_process_of_that_name(sidecar, peer, tmp_path):
    """The application starts after the sidecar; it has a worker that outlives its parent."""
    name = tmp_path / f"job{os.getpid() % 100000}"
    name.symlink_to("/bin/sleep")
    proxy = sidecar(peer(), args=["--exit-with", name.name])
    proxy.wait_log("waiting for the process to start")
    first = subprocess.Popen([str(name), "600"])
    second = subprocess.Popen([str(name), "600"])
    proxy.wait_log("ending with the process")
    first.kill()
    # Not waited for: what has ended and was not waited for is no process.
    assert proxy.fetch().status == 200
    assert proxy.is_alive()
    second.kill()
    assert proxy.wait_exit() == 0
    first.wait()
    second.wait()


def test_requests_under_way_are_finished_when_the_job_ends(sidecar, peer):
    gate = threading.Event()
    app = peer(answer=gated(gate))
    job = subprocess.Popen(["sleep", "600"])
    proxy = sidecar(app, args=["--exit-with", str(job.pid)], drain_seconds=15)
    proxy.wait_log("ending with the process")
    with proxy.client() as client:
        client.start()
        app.wait_requests(1)
        job.kill()
        job.wait()
        proxy.wait_log("draining")
        gate.set()
        assert client.response().text == "finished"
    assert proxy.wait_exit() == 0


# The last bytes


def test_connections_are_accepted_after_sigterm_until_there_are_none(sidecar, peer):
    gate = threading.Event()

    def answer(request):
        if request.target == "/gated":
            assert gate.wait(20)
        return ok(request.target)

    app = peer(answer=answer)
    proxy = sidecar(app, drain_seconds=20, args=[
        "--exit-on-zero-connections", "--min-drain-time", "0", "--readiness-port", "0"])
    with proxy.client() as client:
        client.start(path="/gated")
        app.wait_requests(1)
        proxy.signal()
        proxy.wait_log("draining")
        assert readiness(proxy).status == 503
        for _ in range(5):
            # The application's last calls.
            response = proxy.fetch(path="/last")
            assert (response.status, response.text) == (200, "/last")
            assert response.header("connection") == "close"
        gate.set()
        assert client.response().text == "/gated"
    assert proxy.wait_exit() == 0
    assert not any(says(line, "drain deadline reached") for line in proxy.lines)


def test_connections_are_accepted_for_the_minimum_time(sidecar, peer):
    proxy = sidecar(peer(), drain_seconds=20,
                    args=["--exit-on-zero-connections", "--min-drain-time", "1"])
    begin = time.monotonic()
    proxy.signal()
    proxy.wait_log("draining")
    assert proxy.fetch().status == 200
    assert proxy.wait_exit() == 0
    assert time.monotonic() - begin >= 1


def test_a_connection_that_stays_ends_at_the_drain_time(sidecar, peer):
    proxy = sidecar(peer(), drain_seconds=1,
                    args=["--exit-on-zero-connections", "--min-drain-time", "0"])
    with proxy.client() as client:
        assert client.request().status == 200
        proxy.signal()
        assert proxy.wait_exit(10) == 0
    proxy.wait_log("drain deadline reached")


@pytest.mark.parametrize("args", [
    ["--parent-shutdown-time", "5", "--drain-time", "10"], ["--min-drain-time", "-1"],
    ["--readiness-port", "99999"], ["--readiness-port", "nowhere:80"], ["--exit-with", "0"],
    ["--takeover-socket", "x" * 108], ["--takeover-socket", ""],
    ["--takeover-socket", "/nonexistent/folder/socket"],
])
def test_a_wrong_command_line_starts_nothing(binary, args):
    ended = subprocess.run(
        [binary, "run", "--app", "1", "--listen", "127.0.0.1:0", *args],
        capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert ended.stderr
