"""Relayed connections with the peers that people have, and much data."""

import contextlib
import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from beside.relaying import chain, listener_filter, tcp_listener, tcp_proxy
from harness import envoyfile, namespaces
from harness.certificates import certificates
from harness.namespaces import SIDECAR_USER, Pod
from harness.tcppeer import TcpClient
from harness.waiting import wait_until


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


@contextlib.contextmanager
def running(*command, port, **options):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True, **options)
    try:
        wait_until(lambda: answers(port), f"{command[0]} to listen", 20)
        yield process
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def relay(launch):
    """Start the process under test before ports: `relay(app=port).ports["app"]`."""

    def make(drain_seconds=5, **ports):
        proxy = launch(envoyfile.bootstrap(
            [tcp_listener(name, chain(tcp_proxy(name, name))) for name in ports],
            [envoyfile.cluster(name, port) for name, port in ports.items()],
        ), log=False, drain_seconds=drain_seconds)
        return proxy

    return make


# Logs


def _connection_log(path, **filters):
    return {**envoyfile.file_log(path, json={"flags": "%RESPONSE_FLAGS%", "ms": "%DURATION%"}),
            **filters}


def test_a_filter_says_which_connections_the_listeners_log_has(launch):
    refusing, echoing = free_port(), socket.create_server(("127.0.0.1", 0))
    flagged = {"filter": {"response_flag_filter": {"flags": ["UF"]}}}
    listeners = [tcp_listener(
        name, chain(tcp_proxy(name, name)),
        access_log=[_connection_log("flagged.log", **flagged), _connection_log("all.log")])
        for name in ("dead", "alive")]
    proxy = launch(envoyfile.bootstrap(listeners, [
        envoyfile.cluster("dead", refusing),
        envoyfile.cluster("alive", echoing.getsockname()[1])]), log=False)
    with echoing:
        for name in ("alive", "dead"):
            with TcpClient(proxy.ports[name]) as client:
                if name == "alive":
                    echoing.accept()[0].close()
                client.rest()

    def written(name):
        path = proxy.folder / name
        return path.read_text().splitlines() if path.exists() else []

    wait_until(lambda: len(written("all.log")) == 2, "both lines", 5)
    assert [line for line in written("all.log") if "UF" in line] == written("flagged.log")
    assert len(written("flagged.log")) == 1


# Much data


def _mirror(listener, seen):
    connection, _ = listener.accept()
    with connection:
        while data := connection.recv(1 << 18):
            seen.update(data)
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


def test_two_hundred_megabytes_pass_whole_in_both_directions(relay):
    size = 200 << 20
    block = os.urandom(1 << 20)
    sent, mirrored, received = hashlib.md5(), hashlib.md5(), hashlib.md5()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_mirror, args=(listener, mirrored), daemon=True).start()
        proxy = relay(app=listener.getsockname()[1])
        with socket.create_connection(("127.0.0.1", proxy.ports["app"]), 60) as client:

            def write():
                for _ in range(size >> 20):
                    client.sendall(block)
                    sent.update(block)
                client.shutdown(socket.SHUT_WR)

            writer = threading.Thread(target=write, daemon=True)
            writer.start()
            count = 0
            while data := client.recv(1 << 18):
                received.update(data)
                count += len(data)
            writer.join(10)
        assert count == size
        assert sent.digest() == mirrored.digest() == received.digest()
        assert proxy.resident_megabytes() < 100


def test_a_reader_that_is_slow_costs_no_memory(relay):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = relay(app=listener.getsockname()[1])
        before = proxy.resident_megabytes()
        clients, endpoints = [], []
        with contextlib.ExitStack() as stack:
            for _ in range(50):
                clients.append(stack.enter_context(
                    socket.create_connection(("127.0.0.1", proxy.ports["app"]), 5)))
                endpoints.append(stack.enter_context(listener.accept()[0]))
            block = bytes(1 << 16)
            for client in clients:
                client.settimeout(0.2)
                with contextlib.suppress(TimeoutError):
                    for _ in range(1 << 12):
                        client.sendall(block)
            # A read of each connection may wait: 50 * 64 KiB, and the pools of blocks.
            assert proxy.resident_megabytes() - before < 16


# Real peers


def test_redis_serves_many_clients_with_pipelines(relay, tmp_path):
    need("redis-server", "redis-cli", "redis-benchmark")
    port = free_port()
    with running("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                 "--dir", str(tmp_path), port=port):
        proxy = relay(redis=port)
        there = ["-h", "127.0.0.1", "-p", str(proxy.ports["redis"])]

        def cli(*command, **options):
            return subprocess.run(["redis-cli", *there, *command], capture_output=True, text=True,
                                  timeout=30, check=True, **options).stdout.strip()

        assert cli("set", "a", "b") == "OK"
        assert cli("get", "a") == "b"
        value = "x" * 5_000_000
        assert cli("-x", "set", "large", input=value) == "OK"
        assert cli("strlen", "large") == str(len(value))
        assert cli("get", "large") == value
        result = subprocess.run(
            ["redis-benchmark", *there, "-q", "-n", "20000", "-c", "50", "-P", "16",
             "-t", "set,get,lpush"], capture_output=True, text=True, timeout=60)
        assert result.returncode == 0 and "rror" not in result.stdout + result.stderr
        proxy.wait_stat("cluster.redis.upstream_cx_active", 0)


def _postgres_programs():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found or not shutil.which("psql"):
        pytest.skip("PostgreSQL is not installed")
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("PostgreSQL does not run as root, and there is no setpriv")
    return found[-1].parent


def test_postgresql_answers_queries_in_clear_and_over_its_own_tls(relay):
    programs = _postgres_programs()
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    prefix = user if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if prefix:
            shutil.chown(folder, "postgres", "postgres")
        subprocess.run([*prefix, programs / "initdb", "-D", folder / "data", "-A", "trust",
                        "-U", "tester", "-N"], check=True, capture_output=True, cwd="/")
        own = certificates()["server"]
        for name, source in [("server.crt", own.path), ("server.key", own.key_path)]:
            target = folder / "data" / name
            target.write_bytes(source.read_bytes())
            target.chmod(0o600)
            if prefix:
                shutil.chown(target, "postgres", "postgres")
        port = free_port()
        with running(*prefix, str(programs / "postgres"), "-D", str(folder / "data"), "-F",
                     "-p", str(port), "-k", str(folder), "-c", "ssl=on",
                     "-c", "listen_addresses=127.0.0.1", port=port, cwd="/"):
            proxy = relay(postgres=port)
            for mode in ("disable", "require"):
                there = (f"host=127.0.0.1 port={proxy.ports['postgres']} user=tester "
                         f"dbname=postgres sslmode={mode}")
                result = subprocess.run(
                    ["psql", there, "-At", "-c",
                     "select count(*), sum(length(repeat('x', 1000))) from "
                     "generate_series(1, 5000)", "-c",
                     "select repeat('y', 1000) from generate_series(1, 20000)"],
                    capture_output=True, text=True, timeout=60)
                assert result.returncode == 0, result.stderr
                first, *rows = result.stdout.splitlines()
                assert first == "5000|5000000"
                assert len(rows) == 20000 and set(rows) == {"y" * 1000}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_tls_passes_untouched_and_is_divided_by_the_servers_name(launch, tmp_path):
    need("nginx")
    own = certificates()["server"]
    ports = {name: free_port() for name in ("one", "two")}
    servers = "\n".join(
        f"server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {own.path}; "
        f"ssl_certificate_key {own.key_path}; return 200 \"{name} $ssl_server_name\"; }}"
        for name, port in ports.items())
    temporary = "\n".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf = tmp_path / "nginx.conf"
    conf.write_text(f"""daemon off; master_process off; worker_processes 1;
pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log;
events {{ worker_connections 100; }}
http {{ access_log off; {temporary} {servers} }}
""")
    with running("nginx", "-c", str(conf), "-e", str(tmp_path / "error.log"), port=ports["two"]):
        proxy = launch(envoyfile.bootstrap(
            [tcp_listener(
                "tls",
                *[chain(tcp_proxy(name, name), match={"server_names": [f"{name}.test"]})
                  for name in ports],
                filters=[listener_filter("tls_inspector")])],
            [envoyfile.cluster(name, port) for name, port in ports.items()],
        ), log=False)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        for name in ports:
            with socket.create_connection(("127.0.0.1", proxy.ports["tls"]), 5) as plain, \
                    context.wrap_socket(plain, server_hostname=f"{name}.test") as client:
                served = ssl.DER_cert_to_PEM_cert(client.getpeercert(binary_form=True))
                assert served.strip() in own.path.read_text()
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                data = b""
                while piece := client.recv(65536):
                    data += piece
            assert data.endswith(f"{name} {name}.test".encode())
        with pytest.raises(OSError), \
                socket.create_connection(("127.0.0.1", proxy.ports["tls"]), 5) as plain:
            context.wrap_socket(plain, server_hostname="three.test")


# The end


def _echo(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return

        def serve(connection=connection):
            with connection, contextlib.suppress(OSError):
                while data := connection.recv(65536):
                    connection.sendall(data)

        threading.Thread(target=serve, daemon=True).start()


@pytest.mark.pillion_only
def test_a_drain_lets_connections_go_on_until_its_deadline(relay):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_echo, args=(listener,), daemon=True).start()
        proxy = relay(app=listener.getsockname()[1], drain_seconds=2)
        with TcpClient(proxy.ports["app"]) as client, TcpClient(proxy.ports["app"]) as other:
            for one in (client, other):
                one.send(b"x")
                assert one.exactly(1) == b"x"
            proxy.signal()
            proxy.wait_log(lambda line: "drain" in line)
            client.send(b"still")
            assert client.exactly(5) == b"still"
            assert other.rest(5)[1] in ("closed", "reset")


# Where the client wanted to go

_reason = namespaces.missing()
_ORIGINAL = {"type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED", "connect_timeout": "1s"}


class Intercepting:
    """The process under test as a sidecar in a pod, configured as Istio does."""

    def __init__(self, binary, pod, folder):
        def listener(name, port, cluster, **fields):
            return {"name": name, "address": envoyfile.address(port, "0.0.0.0"),
                    "filter_chains": [chain(tcp_proxy(cluster, name))], **fields}

        configuration = {
            "admin": {"address": envoyfile.address(15000)},
            "static_resources": {
                "listeners": [
                    listener("outbound", 15001, "PassthroughCluster", use_original_dst=True),
                    listener("hole", 9999, "BlackHoleCluster", bind_to_port=False),
                    listener("inbound", 15006, "InboundPassthroughCluster",
                             listener_filters=[listener_filter("original_dst")]),
                ],
                "clusters": [
                    {"name": "PassthroughCluster", **_ORIGINAL},
                    {"name": "InboundPassthroughCluster", **_ORIGINAL, "upstream_bind_config": {
                        "source_address": {"address": "127.0.0.6", "port_value": 0}}},
                    {"name": "BlackHoleCluster", "type": "STATIC", "connect_timeout": "1s"},
                ]}}
        for one in configuration["static_resources"]["listeners"]:
            for filter in one["filter_chains"][0]["filters"]:
                filter["typed_config"].pop("access_log")
        path = folder / "envoy.yaml"
        path.write_text(envoyfile.text_of(configuration))
        self.pod = pod
        self.errors = open(folder / "errors", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            pod.command(binary, "run", path, "--workers", "1", user=SIDECAR_USER),
            stderr=self.errors, stdout=subprocess.DEVNULL, cwd="/")
        try:
            wait_until(lambda: self.admin("ready"), "the sidecar to be ready", 10)
        except AssertionError as failure:
            self.close()
            raise AssertionError((folder / "errors").read_text()) from failure

    def admin(self, path):
        return self.pod.curl(f"http://127.0.0.1:15000/{path}", user=SIDECAR_USER)

    def stat(self, name):
        text = self.admin(f"stats?filter=^{name.replace('.', '[.]')}$") or ""
        return int(text.rsplit(": ", 1)[1]) if ": " in text else None

    def close(self):
        self.process.kill()
        self.process.wait()
        self.errors.close()


@pytest.fixture
def pod(binary):
    network = Pod()
    folder = Path(tempfile.mkdtemp(prefix="pod-"))
    folder.chmod(0o755)
    started = []
    try:
        result = network.pod.run(binary, "init")
        if result.returncode != 0:
            pytest.skip(f"cannot redirect here: {result.stderr}")
        started.append(Intercepting(binary, network.pod, folder))
        yield network, started[0]
    finally:
        for one in started:
            one.close()
        network.close()
        shutil.rmtree(folder)


@pytest.mark.pillion_only
@pytest.mark.skipif(_reason is not None, reason=_reason or "")
def test_connections_of_a_pod_go_where_they_were_going(pod):
    network, sidecar = pod
    network.world.app("world", "0.0.0.0:80")
    network.pod.app("app", "0.0.0.0:8080")
    assert network.pod.curl(f"http://{Pod.far}/") == f"world {Pod.address}"
    assert sidecar.stat("cluster.PassthroughCluster.upstream_cx_total") == 1
    assert f"{Pod.far}:80" in sidecar.admin("clusters")
    assert network.world.curl(f"http://{Pod.address}:8080/") == "app 127.0.0.6"
    assert sidecar.stat("cluster.InboundPassthroughCluster.upstream_cx_total") == 1
    # A destination that nobody wants any more is forgotten.
    wait_until(lambda: f"{Pod.far}:80" not in sidecar.admin("clusters"),
               "the destination to be forgotten", 20)


@pytest.mark.pillion_only
@pytest.mark.skipif(_reason is not None, reason=_reason or "")
def test_a_cluster_without_endpoints_is_a_black_hole(pod):
    network, sidecar = pod
    network.world.app("world", "0.0.0.0:9999")
    assert network.pod.curl(f"http://{Pod.far}:9999/") is None
    assert sidecar.stat("cluster.BlackHoleCluster.upstream_cx_none_healthy") == 1
    assert sidecar.stat("cluster.PassthroughCluster.upstream_cx_total") == 0


@pytest.mark.pillion_only
@pytest.mark.skipif(_reason is not None, reason=_reason or "")
@pytest.mark.parametrize("port", [15001, 15006])
def test_whoever_connects_to_the_sidecar_itself_is_refused_once(pod, port):
    network, sidecar = pod
    for place in ("127.0.0.1", Pod.address):
        assert network.pod.curl(f"http://{place}:{port}/") is None
    assert network.world.curl(f"http://{Pod.address}:{port}/") is None
    for cluster in ("PassthroughCluster", "InboundPassthroughCluster"):
        assert sidecar.stat(f"cluster.{cluster}.upstream_cx_total") == 0
    assert sidecar.process.poll() is None
