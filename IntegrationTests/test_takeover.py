"""A new process takes the place of a running one: no request is lost, whatever goes wrong."""

import os
import re
import resource
import signal
import socket
import struct
import subprocess
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from beside.securing import downstream
from harness import envoyfile
from harness.client import Client
from harness.peer import ok
from harness.sidecar import line_value, says
from harness.tlspeer import SecureClient, client_context
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only

TAKEOVERS = 20


class H1Load:
    """Keep-alive clients; whoever reads `connection: close` connects anew."""

    def __init__(self, target, client_count=6):
        self.target = target
        self.done = 0
        self.failures = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run) for _ in range(client_count)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        while not self.stopping.is_set():
            try:
                with self._client() as client:
                    self._converse(client)
            except Exception as error:  # noqa: BLE001: every kind counts
                with self.lock:
                    self.failures.append(repr(error))

    def _client(self):
        return Client(self.target, timeout=20)

    def _converse(self, client):
        while not self.stopping.is_set():
            response = client.request(path="/")
            with self.lock:
                self.done += 1
                if response.status != 200 or not response.complete:
                    self.failures.append(f"{response.status} {response.text}")
            if response.header("connection") == "close":
                return

    def wait_for(self, more, seconds=30):
        """So many more requests have been answered."""
        goal = self.done + more
        wait_until(lambda: self.done >= goal, f"{more} more requests", seconds)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)


class H2Load(H1Load):
    """The same over HTTP/2 with prior knowledge; whoever reads GOAWAY connects anew."""

    def _run(self):
        while not self.stopping.is_set():
            try:
                self._connect()
            except Exception as error:  # noqa: BLE001
                with self.lock:
                    self.failures.append(repr(error))

    def _connect(self):
        from hpack import Encoder
        from hyperframe.frame import HeadersFrame, SettingsFrame

        # Frames by hand: the h2 package takes a first GOAWAY for the end of everything.
        request = [(":method", "GET"), (":scheme", "http"), (":authority", "test"), (":path", "/")]
        with self._socket() as sock:
            sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SettingsFrame(0).serialize())
            frames = self._frames(sock)
            encoder, stream = Encoder(), 1
            while not self.stopping.is_set():
                frame = HeadersFrame(stream, data=encoder.encode(request),
                                     flags=["END_HEADERS", "END_STREAM"])
                sock.sendall(frame.serialize())
                if self._response(sock, frames, stream):
                    return
                stream += 2

    def _socket(self):
        sock = socket.create_connection(("127.0.0.1", self.target), timeout=20)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _frames(self, sock):
        """Every frame that comes; the header blocks are decoded, since they share a table."""
        from hpack import Decoder
        from hyperframe.frame import Frame, HeadersFrame

        decoder, pending = Decoder(), bytearray()

        def take(count):
            while len(pending) < count:
                data = sock.recv(65536)
                if not data:
                    raise ConnectionError("the end came before the response")
                pending.extend(data)
            part = bytes(pending[:count])
            del pending[:count]
            return part

        while True:
            frame, length = Frame.parse_frame_header(memoryview(take(9)))
            frame.parse_body(memoryview(take(length)))
            if isinstance(frame, HeadersFrame):
                frame.fields = dict(decoder.decode(frame.data))
            yield frame

    def _response(self, sock, frames, stream):
        """Read one response; True where the server has said that it goes."""
        from hyperframe import frame as kinds

        status, going = None, False
        for frame in frames:
            if isinstance(frame, (kinds.SettingsFrame, kinds.PingFrame)):
                if "ACK" not in frame.flags:
                    answer = type(frame)(0, flags=["ACK"])
                    if isinstance(frame, kinds.PingFrame):
                        answer.opaque_data = frame.opaque_data
                    sock.sendall(answer.serialize())
            elif isinstance(frame, kinds.GoAwayFrame):
                going = True
                if frame.last_stream_id < stream:
                    raise ConnectionError("a stream that was sent before the end was refused")
            elif isinstance(frame, kinds.RstStreamFrame):
                raise ConnectionError(f"the stream was reset: {frame.error_code}")
            elif isinstance(frame, kinds.HeadersFrame):
                status = frame.fields[":status"]
            elif isinstance(frame, kinds.DataFrame) and frame.body_len:
                room = kinds.WindowUpdateFrame(0, window_increment=frame.body_len)
                sock.sendall(room.serialize())
            if frame.stream_id == stream and "END_STREAM" in frame.flags:
                with self.lock:
                    self.done += 1
                    if status != "200":
                        self.failures.append(status)
                return going
        return True


class SecureH1Load(H1Load):
    """The same inside of TLS."""

    def _client(self):
        return SecureClient(self.target, client_context(alpn=["http/1.1"]), timeout=20)


class SecureH2Load(H2Load):
    def _socket(self):
        return client_context(alpn=["h2"]).wrap_socket(super()._socket(), server_hostname="test")


class HandshakeLoad(SecureH1Load):
    """One request for each connection: there is always a handshake on its way."""

    def _converse(self, client):
        response = client.request(path="/")
        with self.lock:
            self.done += 1
            if response.status != 200 or not response.complete:
                self.failures.append(f"{response.status} {response.text}")


LOADS = {"h1": H1Load, "h2": H2Load}
SECURE_LOADS = {"h1": SecureH1Load, "h2": SecureH2Load, "handshakes": HandshakeLoad}


@contextmanager
def load(target, kind=H1Load, **options):
    one = kind(target, **options)
    try:
        yield one
    finally:
        one.stop()


@pytest.fixture
def app(binary):
    """The sample application, which answers fast."""
    process = subprocess.Popen([binary, "app", "--port", "0"], stdout=subprocess.PIPE, text=True)
    yield int(re.search(r":(\d+) ", process.stdout.readline())[1])
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.fixture
def family(launch, tmp_path):
    """Start processes that take over from one another: `family(configuration)` again and again."""
    path = tmp_path / "takeover"

    def make(configuration, *args, **options):
        arguments = ["--takeover-socket", str(path), *args]
        return launch(configuration, args=arguments, **options)

    make.path = path
    return make


def configuration_for(port, **listener):
    return envoyfile.bootstrap(
        [envoyfile.listener(**listener)],
        [envoyfile.cluster("app", port)],
    )


def start_in_vain(binary, folder, configuration, *args):
    """Run a process that does not get as far as serving; returns its exit code and its words."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "envoy.yaml"
    file.write_text(envoyfile.text_of(configuration))
    ended = subprocess.run([binary, "run", str(file), *args], capture_output=True, text=True,
                           timeout=60, cwd=folder)
    return ended.returncode, ended.stderr


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("protocol", LOADS)
def test_twenty_takeovers_under_load_fail_no_request(family, app, protocol):
    configuration = configuration_for(app)
    processes = [family(configuration, workers=2, drain_seconds=20)]
    port = processes[0].port
    with load(port, LOADS[protocol]) as clients:
        clients.wait_for(200)
        for number in range(TAKEOVERS):
            processes.append(family(configuration, workers=2, drain_seconds=20))
            assert processes[-1].port == port
            assert line_value(processes[-1].wait_log("taking over"), "epoch") == str(number + 1)
            clients.wait_for(100)
            assert processes[-2].wait_exit(40) == 0
    assert clients.failures == []
    assert clients.done >= 100 * TAKEOVERS
    # Nobody waited for a deadline: the clients went when they were told to.
    assert not any(says(line, "drain deadline reached") for one in processes for line in one.lines)
    # Counters went along: none of the requests is missing.
    last = processes[-1]
    last.wait_log("the process before this one has ended")
    last.wait_stat("http.inbound.downstream_rq_2xx", clients.done)
    assert last.stat("server.hot_restart_epoch") == TAKEOVERS
    assert last.stat("server.hot_restart_generation") == TAKEOVERS + 1


@pytest.mark.parametrize("kind", SECURE_LOADS)
def test_takeovers_under_load_inside_of_tls_fail_no_request(family, app, kind):
    configuration = configuration_for(app)
    for chain in configuration["static_resources"]["listeners"][0]["filter_chains"]:
        chain.update(downstream(alpn=("h2", "http/1.1")))
    process = family(configuration, workers=2, drain_seconds=20)
    port = process.port
    with load(port, SECURE_LOADS[kind]) as clients:
        clients.wait_for(50)
        for _ in range(5):
            before, process = process, family(configuration, workers=2, drain_seconds=20)
            assert process.port == port
            clients.wait_for(50)
            assert before.wait_exit(40) == 0
            assert not any(says(line, "drain deadline reached") for line in before.lines)
    assert clients.failures == []
    process.wait_log("the process before this one has ended")
    process.wait_stat("http.inbound.downstream_rq_2xx", clients.done)
    protocol = "http2" if kind == "h2" else "http1"
    assert process.stat(f"http.inbound.downstream_cx_{protocol}_total") == (
        process.stat("listener.127.0.0.1_0.ssl.handshake"))


@pytest.mark.parametrize("workers", [(1, 2), (2, 1), (4, 3, 1, 4)], ids=str)
def test_the_number_of_workers_may_change(family, app, workers):
    configuration = configuration_for(app)
    process = family(configuration, workers=workers[0], drain_seconds=20)
    port = process.port
    with load(port) as clients:
        clients.wait_for(50)
        for count in workers[1:]:
            before, process = process, family(configuration, workers=count, drain_seconds=20)
            clients.wait_for(100)
            assert before.wait_exit(40) == 0
        # Each connection is a new one: all sockets of the group must be accepted from.
        for _ in range(100):
            assert process.fetch().status == 200
    assert clients.failures == []


def test_connections_that_wait_in_the_kernel_are_served_by_the_new_process(family, app):
    """With fewer workers than sockets, too, whatever has been completed by the kernel is taken."""
    configuration = configuration_for(app)
    old = family(configuration, workers=4, drain_seconds=20)
    # Stopped, it cannot accept: these wait on its four sockets.
    old.process.send_signal(signal.SIGSTOP)
    waiting = [old.client() for _ in range(40)]
    for client in waiting:
        client.start()
    starter = threading.Thread(target=lambda: old.process.send_signal(signal.SIGCONT))
    starter.start()
    family(configuration, workers=1, drain_seconds=20)
    for client in waiting:
        assert client.response().status == 200
        client.close()
    starter.join()
    assert old.wait_exit(40) == 0


def test_a_unix_listener_keeps_its_file(family, app, tmp_path):
    path = tmp_path / "in.sock"
    configuration = configuration_for(
        app, address={"pipe": {"path": str(path), "mode": 0o600}})
    processes = [family(configuration, workers=2, drain_seconds=20)]
    inode = path.stat().st_ino
    with load(str(path), client_count=3) as clients:
        clients.wait_for(30)
        for _ in range(3):
            processes.append(family(configuration, workers=len(processes), drain_seconds=20))
            clients.wait_for(30)
            assert processes[-2].wait_exit(40) == 0
            assert path.stat().st_ino == inode
    assert clients.failures == []


def test_the_request_under_way_is_finished_by_the_old_process(family, peer):
    gate = threading.Event()

    def answer(request):
        if request.target == "/gated":
            assert gate.wait(20)
        return ok(request.target)

    app = peer(answer=answer)
    configuration = configuration_for(app.port)
    old = family(configuration, drain_seconds=20)
    with old.client() as client:
        client.start(path="/gated")
        app.wait_requests(1)
        new = family(configuration, drain_seconds=20)
        old.wait_log("taken over: draining")
        assert new.fetch(path="/new").text == "/new"
        assert old.is_alive()
        gate.set()
        response = client.response()
        assert (response.status, response.text) == (200, "/gated")
        assert response.header("connection") == "close"
    assert old.wait_exit(20) == 0


def test_an_idle_connection_gets_one_more_answer(family, app):
    configuration = configuration_for(app)
    old = family(configuration, drain_seconds=20)
    with old.client() as client:
        assert client.request().header("connection") is None
        family(configuration, drain_seconds=20)
        old.wait_log("taken over: draining")
        response = client.request()
        assert response.status == 200
        assert response.header("connection") == "close"
        assert client.is_closed()
    assert old.wait_exit(20) == 0


def test_what_stays_idle_is_closed_at_the_end_of_the_drain_time(family, app):
    configuration = configuration_for(app)
    old = family(configuration, drain_seconds=1)
    with old.client() as client:
        assert client.request().status == 200
        family(configuration, drain_seconds=1)
        assert client.is_closed()
    assert old.wait_exit(10) == 0
    assert not any(says(line, "drain deadline reached") for line in old.lines)


def test_what_never_ends_is_cut_at_the_parent_shutdown_time(family, peer):
    app = peer(answer=lambda request: request.connection.until_closed())
    configuration = configuration_for(app.port, routes=[envoyfile.route(timeout="0s")])
    old = family(configuration, "--parent-shutdown-time", "2", drain_seconds=1)
    with old.client() as client:
        client.start()
        app.wait_requests(1)
        family(configuration, drain_seconds=1)
        assert old.wait_exit(10) == 0
    assert line_value(old.wait_log("drain deadline reached"), "connections_cut") == "1"


def test_the_admin_interface_and_the_access_log_go_on(family, app):
    configuration = configuration_for(app)
    old = family(configuration, drain_seconds=20)
    for _ in range(5):
        assert old.fetch().status == 200
    old.log_entries(5)
    new = family(configuration, drain_seconds=20)
    assert new.admin_port == old.admin_port
    assert old.wait_exit(20) == 0
    new.wait_log("the process before this one has ended")
    for _ in range(5):
        assert new.fetch().status == 200
    wait_until(lambda: old.log_text().count("\n") == 10, "the lines of both processes")
    information = new.admin("/server_info").json()
    assert information["command_line_options"]["restart_epoch"] == 1
    assert information["hot_restart_version"] == "takeover.1"
    assert int(information["uptime_all_epochs"][:-1]) >= int(
        information["uptime_current_epoch"][:-1])
    new.wait_stat("cluster.app.upstream_rq_200", 10)
    new.wait_stat("listener.127.0.0.1_0.downstream_cx_total", 10)
    # Gauges are of this process alone.
    new.wait_stat("http.inbound.downstream_cx_active", 0)


def test_a_listener_that_is_new_opens_and_one_that_is_gone_closes(family, app):
    def configuration(*names):
        return envoyfile.bootstrap(
            [envoyfile.listener(name) for name in names], [envoyfile.cluster("app", app)])

    old = family(configuration("kept", "gone"), drain_seconds=20)
    new = family(configuration("kept", "added"), drain_seconds=20)
    assert new.ports["kept"] == old.ports["kept"]
    assert old.wait_exit(20) == 0
    with Client(new.ports["added"]) as client:
        assert client.request().status == 200
    with pytest.raises(ConnectionRefusedError):
        Client(old.ports["gone"])


def test_reload_after_a_takeover_keeps_every_socket(family, app):
    """With more sockets than workers: those without a worker of their own are kept, too."""
    configuration = configuration_for(app)
    old = family(configuration, workers=3, drain_seconds=20)
    new = family(configuration, workers=1, drain_seconds=20)
    assert old.wait_exit(20) == 0
    with load(new.port) as clients:
        clients.wait_for(30)
        text = (new.folder / "envoy.yaml").read_text()
        (new.folder / "envoy.yaml").write_text(text.replace("1s", "2s"))
        new.wait_log("configuration reloaded")
        clients.wait_for(100)
        for _ in range(60):
            assert new.fetch().status == 200
    assert clients.failures == []


# What goes wrong


def test_a_new_process_with_a_bad_configuration_leaves_the_old_one_alone(
        family, app, binary, tmp_path):
    configuration = configuration_for(app)
    old = family(configuration, workers=2, drain_seconds=20)
    code, words = start_in_vain(binary, tmp_path / "bad", "static_resources: {listeners: 7}",
                                "--takeover-socket", str(family.path))
    assert (code, "listeners" in words) == (2, True)
    assert old.fetch().status == 200
    assert not any("taken over" in line for line in old.lines)


def test_a_new_process_that_cannot_bind_leaves_the_old_one_alone(family, app, binary, tmp_path):
    configuration = configuration_for(app)
    old = family(configuration, workers=1, drain_seconds=20)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        more = configuration_for(app)
        more["static_resources"]["listeners"].append(
            envoyfile.listener("taken", address=envoyfile.address(taken.getsockname()[1])))
        with load(old.port) as clients:
            clients.wait_for(30)
            code, words = start_in_vain(binary, tmp_path / "bad", more, "--workers", "3",
                                        "--takeover-socket", str(family.path))
            assert (code, "Address already in use" in words) == (2, True)
            old.wait_log("takeover failed: this process serves on")
            clients.wait_for(100)
            # And another attempt succeeds.
            family(configuration, workers=3, drain_seconds=20)
            clients.wait_for(100)
        assert clients.failures == []
    assert old.wait_exit(40) == 0


def packet(path):
    """A connection to the takeover's socket."""
    one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    one.settimeout(15)
    one.connect(str(path))
    return one


def hello(version=1):
    return b"\x01PLTK" + struct.pack("!HI", version, os.getpid()) + struct.pack("!H", 4) + b"test"


def receive(one):
    """A message and the descriptors that came with it, which are closed."""
    data, descriptors, _, _ = socket.recv_fds(one, 65536, 253)
    for descriptor in descriptors:
        os.close(descriptor)
    return data, len(descriptors)


def test_a_process_that_dies_before_it_serves_leaves_the_old_one_alone(family, app):
    configuration = configuration_for(app)
    old = family(configuration, workers=2, drain_seconds=20)
    with load(old.port) as clients:
        for _ in range(5):
            with packet(family.path) as one:
                one.send(hello())
                kinds, count = [], 0
                while not kinds or kinds[-1] != 5:
                    data, descriptors = receive(one)
                    kinds.append(data[0])
                    count += descriptors
                assert kinds == [3, 4, 5]
                # Two of the listener, the admin's, the takeover's.
                assert count == 4
            clients.wait_for(20)
        wait_until(lambda: sum(says(line, "takeover failed: this process serves on")
                               for line in old.lines) == 5, "five failures in the log")
    assert clients.failures == []
    family(configuration, drain_seconds=20)
    assert old.wait_exit(20) == 0


def test_another_version_of_the_protocol_is_refused_in_words(family, app):
    old = family(configuration_for(app), drain_seconds=20)
    with packet(family.path) as one:
        one.send(hello(version=7))
        data, _ = receive(one)
        assert data[0] == 2 and b"version 1" in data and b"not 7" in data
        assert receive(one)[0] == b""
    assert old.fetch().status == 200


@pytest.mark.parametrize("bytes_", [
    b"\x00", b"\x63", b"\x01", b"\x01PLTK", b"\x01PLTK\x00\x01\x00\x00\x00\x00\xff\xffab",
    b"GET / HTTP/1.1\r\n\r\n", b"\x06", b"\x04\xff\xff", hello() + b"more", b"\x08\xff\xff\x01",
    b"\x05" * 60000,
], ids=range(11))
def test_hostile_bytes_end_the_connection_and_nothing_else(family, app, bytes_):
    old = family(configuration_for(app), drain_seconds=20)
    with packet(family.path) as one:
        one.send(bytes_)
        with suppress(ConnectionResetError):
            while receive(one)[0]:
                pass
    assert old.fetch().status == 200
    assert old.is_alive()


def test_descriptors_that_nobody_asked_for_are_closed(family, app):
    old = family(configuration_for(app), drain_seconds=20)
    before = old.open_files()
    for _ in range(20):
        with packet(family.path) as one:
            socket.send_fds(one, [hello()], [0, 0, 0])
            with suppress(ConnectionResetError):
                while receive(one)[0]:
                    pass
    wait_until(lambda: old.open_files() <= before, "the descriptors to be closed")
    assert old.fetch().status == 200


def test_only_one_takeover_at_a_time(family, app):
    old = family(configuration_for(app), drain_seconds=20)
    with packet(family.path) as first, packet(family.path) as second:
        first.send(hello())
        assert receive(first)[0][0] == 3
        data, _ = receive(second)
        assert data[0] == 2 and b"another takeover" in data
    assert old.fetch().status == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become somebody else")
def test_another_user_is_refused(family, app):
    old = family(configuration_for(app), drain_seconds=20)
    assert family.path.stat().st_mode & 0o777 == 0o600
    # The mode alone keeps them out; open it, to see that they are looked at.
    family.path.chmod(0o777)
    for folder in [family.path.parent, *family.path.parent.parents]:
        with suppress(PermissionError):
            folder.chmod(folder.stat().st_mode | 0o011)
    script = (
        "import socket, sys, os\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        "one.settimeout(15)\n"
        "one.connect(sys.argv[1])\n"
        "sys.stdout.buffer.write(one.recv(65536))\n"
    )
    ended = subprocess.run(["python3", "-c", script, str(family.path)], capture_output=True,
                           timeout=30)
    assert ended.stdout[:1] == b"\x02" and b"of user 65534" in ended.stdout, ended
    old.wait_log("takeover refused")
    assert old.fetch().status == 200


NOBODY = 65534


def run_as_nobody(binary, *args):
    """A process of another user; the test is skipped where that user cannot run the program."""
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": "/"}
    try:
        subprocess.run([binary, "--version"], capture_output=True, check=True, timeout=30, **who)
    except (PermissionError, subprocess.CalledProcessError):
        pytest.skip("another user cannot run the program under test")
    return subprocess.Popen([binary, "run", "--app", "1", "--listen", "127.0.0.1:0", *args],
                            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, **who)


def end(process):
    process.kill()
    process.wait(15)
    process.stderr.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, which is to be refused")
def test_root_is_another_user_for_a_sidecar_of_its_own_user(binary):
    """Containers of a pod share abstract names: root of one does not get another's listeners."""
    name = f"pillion-test-{os.getpid()}-{os.urandom(8).hex()}"
    old = run_as_nobody(binary, "--takeover-socket", f"@{name}")
    try:
        while not says(line := old.stderr.readline(), "ready"):
            assert line, "the old process has ended"
        with packet(f"\0{name}") as one:
            # It is refused for whom it is, before it has said anything.
            data, descriptors = receive(one)
            assert data[0] == 2 and b"of user 0, not of 65534" in data
            assert descriptors == 0
        assert old.poll() is None
    finally:
        end(old)


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, which is to be refused")
def test_nothing_is_taken_from_a_process_of_root(launch, app, binary):
    name = f"@pillion-test-{os.getpid()}-{os.urandom(8).hex()}"
    old = launch(configuration_for(app), args=["--takeover-socket", name])
    new = run_as_nobody(binary, "--takeover-socket", name)
    try:
        _, words = new.communicate(timeout=30)
        assert new.returncode == 2
        assert "of user 0, not of 65534" in words
    finally:
        end(new)
    assert old.fetch().status == 200


def test_without_descriptors_the_takeover_rests_and_recovers(family, app):
    """Who waits cannot be accepted: the main loop must not turn for that all the time."""
    old = family(configuration_for(app), drain_seconds=20)
    before = resource.prlimit(old.pid, resource.RLIMIT_NOFILE)

    def seconds_on_processor():
        fields = Path(f"/proc/{old.pid}/task/{old.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    resource.prlimit(old.pid, resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with packet(family.path) as one:
            one.send(hello())
            used = seconds_on_processor()
            one.settimeout(1)
            with pytest.raises(TimeoutError):
                receive(one)
            assert seconds_on_processor() - used < 0.4
            resource.prlimit(old.pid, resource.RLIMIT_NOFILE, before)
            one.settimeout(15)
            assert receive(one)[0][0] == 3
    finally:
        resource.prlimit(old.pid, resource.RLIMIT_NOFILE, before)
    assert old.fetch().status == 200


def test_a_process_that_is_ending_gives_nothing_away(family, peer):
    gate = threading.Event()

    def answer(_):
        assert gate.wait(20)
        return ok()

    app = peer(answer=answer)
    configuration = configuration_for(app.port)
    old = family(configuration, drain_seconds=20)
    with old.client() as client:
        client.start()
        app.wait_requests(1)
        old.signal()
        old.wait_log("draining")
        # The next one starts as if there were none, on the same path.
        new = family(configuration, drain_seconds=20)
        assert not any(says(line, "taking over") for line in new.lines)
        gate.set()
        assert client.response().status == 200
    assert old.wait_exit(20) == 0
    assert new.fetch().status == 200


def test_a_socket_that_nobody_serves_is_no_obstacle(family, app):
    configuration = configuration_for(app)
    first = family(configuration, expect_exit=None)
    first.kill()
    assert family.path.exists()
    second = family(configuration)
    assert second.fetch().status == 200


def test_without_a_path_the_files_decide(launch, app, tmp_path):
    """`--takeover` alone: the same files, the same socket, and no other."""
    file = tmp_path / "envoy.yaml"
    configuration = configuration_for(app)
    one = launch(configuration, args=["--takeover"], drain_seconds=20)
    file.write_text((one.folder / "envoy.yaml").read_text())
    # Another folder, other files: two families.
    other = launch(configuration, args=["--takeover"], drain_seconds=20)
    assert not any(says(line, "taking over") for line in other.lines)
    again = subprocess.Popen(
        one.command(one.folder / "envoy.yaml"), cwd=one.folder, stderr=subprocess.PIPE, text=True)
    try:
        assert one.wait_exit(20) == 0
    finally:
        again.terminate()
        lines = again.communicate(timeout=20)[1].splitlines()
    assert any(says(line, "taking over") for line in lines)
