"""A pod whose app knows nothing: its connections pass a sidecar that runs, whatever they speak."""

import contextlib
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from beside.relaying import LISTENER_FILTERS, chain, listener_filter, tcp_proxy
from harness import envoyfile, namespaces
from harness.certificates import certificates
from harness.namespaces import APP_USER, SIDECAR_USER, Pod
from harness.waiting import wait_until

reason = namespaces.missing()
pytestmark = pytest.mark.skipif(reason is not None, reason=reason or "")

LOG = {
    "destination": "%DOWNSTREAM_LOCAL_ADDRESS%", "peer": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "cluster": "%UPSTREAM_CLUSTER%", "upstream": "%UPSTREAM_HOST%", "protocol": "%PROTOCOL%",
    "name": "%REQUESTED_SERVER_NAME%", "received": "%BYTES_RECEIVED%", "sent": "%BYTES_SENT%",
}
ORIGINAL = {"type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED", "connect_timeout": "2s"}
# Nobody has it; so what arrives at it was sent on by a route.
NOWHERE = "10.88.0.9"
UNTOUCHED = "10.99.0.1"
OPAQUE, DETECTED = 2525, 2526
LISTENER_FILTERS["original_src"] = (
    envoyfile.TYPE + "envoy.extensions.filters.listener.original_src.v3.OriginalSrc")


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


def both(four, six, port):
    return [f"{four}:{port}", f"[{six}]:{port}"]


def at(port):
    """Both families, at any address."""
    return {"address": envoyfile.address(port, "0.0.0.0"),
            "additional_addresses": [{"address": envoyfile.address(port, "::")}]}


def tcp(cluster):
    return tcp_proxy(cluster, cluster, access_log=[envoyfile.file_log("log", json=LOG)])


def http(direction, **clusters):
    """A manager that sends hosts to clusters, all else on, and says in its answers that it was."""
    hosts = {**{f"{name}.test": name for name in clusters}, "*": clusters.get("other", direction)}
    one = envoyfile.listener(direction, hcm={
        "access_log": [envoyfile.file_log("log", json=LOG)],
        "route_config": {
            "name": direction,
            "response_headers_to_add": [
                {"header": {"key": "x-sidecar", "value": direction}}],
            "virtual_hosts": [
                {"name": f"host {number}", "domains": [host], "routes": [envoyfile.route(cluster)]}
                for number, (host, cluster) in enumerate(hosts.items())]}})
    return one["filter_chains"][0]["filters"][0]


PLAIN = {"transport_protocol": "raw_buffer"}
# A ClientHello offers "http/1.1" too.
HTTP = {**PLAIN, "application_protocols": ["http/1.0", "http/1.1", "h2c"]}


def inspectors(off=None):
    found = []
    for kind in ("tls_inspector", "http_inspector"):
        found.append(listener_filter(kind))
        if off:
            found[-1]["filter_disabled"] = {
                "destination_port_range": {"start": off, "end": off + 1}}
    return found


def configuration(outbound=None, inbound=None, filters=()):
    """What a mesh gives to a sidecar, in small.

    Inspection has no time limit but at one port: whoever stalls it, waits for ever.
    """
    def inspected(port, limit="0s", **fields):
        """Connections that were going to this port come here from the first listener."""
        return {
            "name": f"to {port}", **at(port), "bind_to_port": False,
            "listener_filters": inspectors(), "listener_filters_timeout": limit,
            "filter_chains": [
                chain(tcp("one"), match={"server_names": ["one.test"]}),
                chain(http("outbound", named="named", own="own"), match=HTTP),
                chain(tcp("outbound"), match=PLAIN), chain(tcp("outbound"))],
            **fields}

    listeners = [
        {"name": "outbound", **at(15001), "use_original_dst": True,
         "filter_chains": [chain(tcp("outbound"))], **(outbound or {})},
        *map(inspected, (80, 443, 5432, 6379)),
        inspected(DETECTED, "0.3s", stat_prefix="detected",
                  continue_on_listener_filters_timeout=True),
        {"name": "inbound", **at(15006), "listener_filters_timeout": "0s",
         "listener_filters": [listener_filter("original_dst"), *filters, *inspectors(off=OPAQUE)],
         "filter_chains": [chain(http("inbound"), match=HTTP),
                           chain(tcp("inbound"), match=PLAIN), chain(tcp("inbound"))],
         **(inbound or {})},
    ]
    clusters = [
        {"name": "outbound", **ORIGINAL},
        {"name": "inbound", **ORIGINAL, "upstream_bind_config": {
            "source_address": {"address": "127.0.0.6", "port_value": 0},
            "extra_source_addresses": [{"address": {"address": "::6", "port_value": 0}}]}},
        envoyfile.cluster("named", envoyfile.endpoint(8081, Pod.far)),
        envoyfile.cluster("one", envoyfile.endpoint(8443, Pod.far)),
        envoyfile.cluster("own", envoyfile.endpoint(8080, Pod.address)),
    ]
    return {"admin": {"address": envoyfile.address(15000)},
            "static_resources": {"listeners": listeners, "clusters": clusters}}


class Interceptor:
    """The process under test in a pod, with a line in its log for each connection or request."""

    def __init__(self, stage, configuration, *arguments, user=SIDECAR_USER, **options):
        self.stage, self.pod = stage, stage.network.pod
        self.folder = Path(tempfile.mkdtemp(dir=stage.folder))
        # The sidecar is somebody else, and writes its log here.
        self.folder.chmod(0o777)
        path = self.folder / "envoy.yaml"
        path.write_text(envoyfile.text_of(configuration))
        command = [stage.binary, "run", path, "--workers", 1, "--drain-time", 5]
        if stage.proxy == "envoy":
            command = [stage.binary, "-c", path, "--concurrency", 1, "--disable-hot-restart",
                       "--file-flush-interval-msec", 10]
        self.user = user
        with open(self.folder / "errors", "wb") as errors:
            self.program = self.pod.background(
                *command, *arguments, output=errors, folder=self.folder, user=user, **options)
        try:
            wait_until(lambda: self.admin("ready") or self.program.process.poll() is not None,
                       "the sidecar to be ready")
            assert self.program.process.poll() is None, "the sidecar has ended"
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.errors}") from None

    @property
    def errors(self):
        return (self.folder / "errors").read_text(errors="replace")

    def admin(self, path):
        return self.pod.curl(f"http://127.0.0.1:15000/{path}", user=self.user)

    def stat(self, name):
        text = self.admin(f"stats?filter=^{re.escape(name)}$") or ""
        return int(text.rsplit(": ", 1)[1]) if ": " in text else None

    def lines(self, destination=None):
        log = self.folder / "log"
        text = log.read_text() if log.exists() else ""
        found = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
        return [one for one in found if destination in (None, one["destination"])]

    def wait_lines(self, destination, count=1):
        wait_until(lambda: len(self.lines(destination)) >= count,
                   f"{count} lines about {destination}")
        found = self.lines(destination)
        assert len(found) == count, found
        return found


class Stage:
    """A pod and the world, the rules in the pod, and what the tests of one such pod share."""

    def __init__(self, binary, proxy, initializer, *flags):
        self.binary, self.proxy = binary, proxy
        self.folder = Path(tempfile.mkdtemp(prefix="pod-"))
        self.folder.chmod(0o755)
        self.network = Pod()
        try:
            result = self.network.pod.run(initializer, "init", *flags)
            if result.returncode != 0:
                pytest.skip(f"cannot redirect here: {result.stderr}")
        except BaseException:
            self.close()
            raise

    def close(self):
        self.network.close()
        shutil.rmtree(self.folder)


@pytest.fixture(scope="session")
def initializer(binary, proxy):
    """What installs the rules: also where Envoy is tested, to see what it does with them."""
    if proxy == "pillion":
        return binary
    return Path(__file__).parent.parent / ".build/release/pillion"


@pytest.fixture
def stage(binary, proxy, initializer):
    """Make a pod with rules of its own: `stage("-m", "TPROXY")`."""
    with contextlib.ExitStack() as stack:
        def make(*flags):
            one = Stage(binary, proxy, initializer, *flags)
            stack.callback(one.close)
            return one

        yield make


@pytest.fixture(scope="module")
def mesh(binary, proxy, initializer):
    """A pod for many tests, each of which has ports of its own."""
    with contextlib.ExitStack() as stack:
        one = Stage(binary, proxy, initializer, "-o", "8082", "-x", "10.99.0.0/16", "-d", "9090")
        stack.callback(one.close)
        network = one.network
        network.world.ip("address", "add", f"{UNTOUCHED}/32", "dev", "lo")
        network.world.app("world", *both("0.0.0.0", "::", 80), "0.0.0.0:8082")
        network.world.app("named", f"{Pod.far}:8081")
        network.pod.app("app", *both("0.0.0.0", "::", 8080), "0.0.0.0:9090")
        one.sidecar = Interceptor(one, configuration())
        yield one


def fetch(space, url, *arguments):
    """The sidecars that an answer passed, and its body; by curl, which knows of none."""
    result = space.run("curl", "-sS", "-g", "-i", "--noproxy", "*", "--max-time", 5, *arguments,
                       url, user=APP_USER)
    assert result.returncode == 0, result.stderr
    head, _, body = result.stdout.partition("\n\n")
    assert re.match(r"HTTP/\S+ 200", head), result.stdout
    return re.findall(r"^x-sidecar: (\w+)", head, re.M), body


def url(host, port=80, scheme="http"):
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"


# HTTP


@pytest.mark.parametrize("host,own", [(Pod.far, Pod.address), (Pod.far6, Pod.address6)])
def test_what_the_app_calls_passes_the_sidecar(mesh, host, own):
    assert fetch(mesh.network.pod, url(host)) == (["outbound"], f"world {own}")
    [line] = mesh.sidecar.wait_lines(both(host, host, 80)[":" in host])
    assert line["cluster"] == "outbound" and line["upstream"] == line["destination"]
    assert (line["peer"], line["protocol"]) == (own, "HTTP/1.1")


def test_a_call_is_routed_by_its_host_wherever_it_was_going(mesh):
    assert fetch(mesh.network.pod, "http://named.test/", "--resolve",
                 f"named.test:80:{NOWHERE}") == (["outbound"], f"named {Pod.address}")
    [line] = mesh.sidecar.wait_lines(f"{NOWHERE}:80")
    assert line["upstream"] == f"{Pod.far}:8081"


@pytest.mark.parametrize("host,own,bound", [
    (Pod.address, Pod.world_address, "127.0.0.6"), (Pod.address6, Pod.world_address6, "::6")])
def test_what_others_call_passes_the_sidecar(mesh, host, own, bound):
    assert fetch(mesh.network.world, url(host, 8080)) == (["inbound"], f"app {bound}")
    lines = mesh.sidecar.wait_lines(both(host, host, 8080)[":" in host])
    assert lines[0]["cluster"] == "inbound" and lines[0]["peer"] == own


@pytest.mark.parametrize("host", [Pod.address, Pod.address6, "127.0.0.1", "[::1]"])
def test_an_app_that_calls_itself_is_left_alone(mesh, host):
    assert fetch(mesh.network.pod, url(host.strip("[]"), 8080)) == (
        [], f"app {host.strip('[]')}")


def test_an_app_that_calls_its_own_service_passes_the_sidecar_twice(mesh):
    passed, body = fetch(mesh.network.pod, "http://own.test/", "--resolve", "own.test:80:10.96.0.1")
    assert (passed, body) == (["inbound", "outbound"], "app 127.0.0.6")
    [line] = mesh.sidecar.wait_lines("10.96.0.1:80")
    assert line["upstream"] == f"{Pod.address}:8080"


def test_excluded_ports_and_ranges_are_left_alone(mesh):
    pod, world = mesh.network.pod, mesh.network.world
    assert fetch(pod, url(Pod.far, 8082)) == ([], f"world {Pod.address}")
    assert fetch(pod, url(UNTOUCHED)) == ([], f"world {Pod.address}")
    assert fetch(world, url(Pod.address, 9090)) == ([], f"app {Pod.world_address}")


def test_whoever_runs_as_the_sidecars_group_is_left_alone(stage):
    one = stage("-u", "3000", "-g", "3001")
    one.network.world.app("world", "0.0.0.0:80")
    # The group alone says that it is the sidecar.
    sidecar = Interceptor(one, configuration(), user=3005, group=3001)
    assert fetch(one.network.pod, url(Pod.far)) == (["outbound"], f"world {Pod.address}")
    sidecar.wait_lines(f"{Pod.far}:80")


# Other protocols


@contextlib.contextmanager
def redis(space, client, host, port):
    need("redis-server", "redis-cli")

    def cli(*command, **options):
        return client.run("redis-cli", "-h", host, "-p", port, *command, user=APP_USER, check=True,
                          **options).stdout.strip()

    program = space.background(
        "redis-server", "--port", port, "--bind", "0.0.0.0", "-::*", "--protected-mode", "no",
        "--save", "", "--appendonly", "no", "--dir", "/", user=APP_USER)
    try:
        wait_until(lambda: "PONG" in space.run(
            "redis-cli", "-p", port, "ping").stdout, "redis-server to listen")
        yield cli
    finally:
        program.close()


def converse(cli):
    assert cli("ping") == "PONG"
    assert cli("set", "a", "b") == "OK"
    assert cli("get", "a") == "b"
    assert cli("-x", "set", "large", input="x" * 1_000_000) == "OK"
    assert cli("strlen", "large") == "1000000"
    # Its protocol, a thousand commands in one stream.
    pipeline = "".join(f"*3\r\n$3\r\nSET\r\n$4\r\n{n:04}\r\n$4\r\n{n:04}\r\n" for n in range(1000))
    assert "errors: 0, replies: 1000" in cli("--pipe", input=pipeline)
    assert cli("get", "0999") == "0999"


@pytest.mark.parametrize("host", [Pod.far, Pod.far6])
def test_redis_outside_answers_the_pod(mesh, host):
    with redis(mesh.network.world, mesh.network.pod, host, 6379) as cli:
        converse(cli)
        lines = mesh.sidecar.wait_lines(both(host, host, 6379)[":" in host], 7)
        assert {one["cluster"] for one in lines} == {"outbound"}


def test_redis_in_the_pod_answers_the_world(mesh):
    with redis(mesh.network.pod, mesh.network.world, Pod.address, 6380) as cli:
        converse(cli)
        lines = mesh.sidecar.wait_lines(f"{Pod.address}:6380", 7)
        assert {one["cluster"] for one in lines} == {"inbound"}


@pytest.fixture(scope="module")
def postgres(mesh):
    """A server outside, in a folder of its own, as the user that its package makes."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found or not shutil.which("psql"):
        pytest.skip("PostgreSQL is not installed")
    folder = mesh.folder / "postgres"
    folder.mkdir()
    shutil.chown(folder, "postgres", "postgres")
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    subprocess.run([*user, found[-1], "-D", folder / "data", "-A", "trust", "-U", "tester", "-N"],
                   check=True, capture_output=True, cwd="/")
    (folder / "data/pg_hba.conf").write_text("host all all all trust\n")
    leaf = certificates()["server"]
    for name, source in [("server.crt", leaf.path), ("server.key", leaf.key_path)]:
        target = folder / "data" / name
        target.write_bytes(source.read_bytes())
        target.chmod(0o600)
        shutil.chown(target, "postgres", "postgres")
    world = mesh.network.world
    program = world.background(
        found[-1].parent / "postgres", "-D", folder / "data", "-F", "-p", 5432, "-k", folder,
        "-c", "ssl=on", "-c", "listen_addresses=*", user="postgres")
    try:
        wait_until(lambda: world.run("psql", f"host={Pod.far} user=tester dbname=postgres", "-c",
                                     "select 1").returncode == 0, "postgres to listen", 20)
        yield
    finally:
        program.close()


@pytest.mark.parametrize("host", [Pod.far, Pod.far6])
def test_psql_asks_a_server_outside_in_clear_and_over_tls(mesh, postgres, host):
    # Asked to speak TLS, the server is asked in its own protocol first, and no ClientHello comes.
    for mode, is_secure in [("disable", "f"), ("require", "t"), ("prefer", "t")]:
        result = mesh.network.pod.run(
            "psql", f"host={host} user=tester dbname=postgres sslmode={mode}", "-At",
            "-c", "select 1", "-c", "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
            "-c", "select repeat('y', 1000) from generate_series(1, 1000)", user=APP_USER,
            # Its home is looked at for certificates.
            environment={"HOME": str(mesh.folder)})
        assert result.returncode == 0, result.stderr
        assert result.stdout.splitlines() == ["1", is_secure, *["y" * 1000] * 1000]
    lines = mesh.sidecar.wait_lines(both(host, host, 5432)[":" in host], 3)
    assert {one["cluster"] for one in lines} == {"outbound"}


MAIL_CLIENT = """
import smtplib, sys
with smtplib.SMTP(timeout=10) as client:
    print(*client.connect(sys.argv[1], int(sys.argv[2])))
    print(client.ehlo("pod")[0], client.noop()[0])
"""


def mail(space, host, port):
    result = space.run(namespaces.PYTHON, "-c", MAIL_CLIENT, host, port, user=APP_USER, check=True)
    return result.stdout.splitlines()


def test_a_server_that_speaks_first_is_heard_at_once_where_nobody_inspects(mesh):
    """Inspection would last for ever here: the listener of the pod sets it no limit."""
    pod, world = mesh.network.pod, mesh.network.world
    world.mail("world", *both("0.0.0.0", "::", OPAQUE))
    assert mail(pod, Pod.far, OPAQUE) == [f"220 b'world {Pod.address}'", "250 250"]
    assert mail(pod, Pod.far6, OPAQUE) == [f"220 b'world {Pod.address6}'", "250 250"]
    pod.mail("app", f"0.0.0.0:{OPAQUE}")
    assert mail(world, Pod.address, OPAQUE) == ["220 b'app 127.0.0.6'", "250 250"]
    mesh.sidecar.wait_lines(f"{Pod.far}:{OPAQUE}")
    mesh.sidecar.wait_lines(f"{Pod.address}:{OPAQUE}")


def test_a_server_that_speaks_first_is_heard_when_the_inspection_ends(mesh):
    mesh.network.world.mail("world", f"0.0.0.0:{DETECTED}")
    name = "listener.detected.downstream_pre_cx_timeout"
    assert mesh.sidecar.stat(name) == 0
    assert mail(mesh.network.pod, Pod.far, DETECTED) == [f"220 b'world {Pod.address}'", "250 250"]
    mesh.sidecar.wait_lines(f"{Pod.far}:{DETECTED}")
    assert mesh.sidecar.stat(name) == 1


def test_tls_passes_as_it_is_and_is_routed_by_its_name(mesh):
    need("openssl")
    pod, world = mesh.network.pod, mesh.network.world
    leaf = certificates()["server"]
    # The files are another user's; the servers run as root.
    for port, word in [(443, "there"), (8443, "one")]:
        (mesh.folder / word).mkdir()
        (mesh.folder / word / "name").write_text(word)
        world.background("sh", "-c", 'cd "$0" && exec openssl s_server -accept "$1" -cert "$2" '
                         '-key "$3" -WWW -quiet', mesh.folder / word, port, leaf.path,
                         leaf.key_path)
        there = f"https://{Pod.far}:{port}/name"
        wait_until(lambda there=there: world.run("curl", "-sk", there).stdout == word,
                   f"openssl to listen at {port}")

    def get(name, address):
        """Verified: the certificate is the server's own."""
        result = pod.run("curl", "-sS", "--noproxy", "*", "--max-time", 5, "--cacert",
                         certificates().folder / "root.pem", "--connect-to",
                         f"{name}::{address}:443", f"https://{name}/name")
        return result.stdout or result.stderr

    assert get("test", Pod.far) == "there"
    assert get("any.wild.test", f"[{Pod.far6}]") == "there"
    result = pod.run("curl", "-sS", "-k", "--noproxy", "*", "--max-time", 5, "--connect-to",
                     f"one.test::{NOWHERE}:443", "https://one.test/name")
    assert result.stdout == "one", result.stderr
    [line] = mesh.sidecar.wait_lines(f"{NOWHERE}:443")
    assert (line["name"], line["upstream"]) == ("one.test", f"{Pod.far}:8443")


# The client's address


def transparent(stage, *arguments):
    return Interceptor(
        stage, configuration(
            # Redirected as ever, while the listener is transparent: so a mesh configures it.
            outbound={"transparent": True}, inbound={"transparent": True},
            filters=[listener_filter("original_src", mark=1337)]),
        *arguments, capabilities=("net_admin", "net_raw"))


def test_with_tproxy_the_app_sees_the_address_of_its_client(stage):
    one = stage("-m", "TPROXY")
    pod, world = one.network.pod, one.network.world
    app = pod.app("app", *both("0.0.0.0", "::", 8080))
    world.app("world", *both("0.0.0.0", "::", 80))
    pod.mail("mail", *both("0.0.0.0", "::", OPAQUE))
    sidecar = transparent(one)
    # Connections are kept for one client, and never lent to another.
    for client in (Pod.world_address, Pod.world_address, Pod.far, Pod.world_address):
        assert fetch(world, url(Pod.address, 8080), "--interface", client) == (
            ["inbound"], f"app {client}")
    assert [seen["peer"] for seen in app.seen(2)] == [Pod.world_address, Pod.far]
    assert fetch(world, url(Pod.address6, 8080)) == (["inbound"], f"app {Pod.world_address6}")
    # Without HTTP, too.
    assert mail(world, Pod.address, OPAQUE) == [f"220 b'mail {Pod.world_address}'", "250 250"]
    assert mail(world, Pod.address6, OPAQUE) == [f"220 b'mail {Pod.world_address6}'", "250 250"]
    for line in sidecar.wait_lines(f"{Pod.address}:8080", 4):
        assert (line["cluster"], line["upstream"]) == ("inbound", f"{Pod.address}:8080")
    # What the app calls is redirected.
    assert fetch(pod, url(Pod.far)) == (["outbound"], f"world {Pod.address}")
    assert fetch(pod, url(Pod.far6)) == (["outbound"], f"world {Pod.address6}")
    [line] = sidecar.wait_lines(f"{Pod.far}:80")
    assert line["upstream"] == f"{Pod.far}:80"


def test_without_the_capability_no_connection_pretends(stage):
    """Not one from another address, and not one that is open and silent."""
    one = stage()
    app = one.network.pod.app("app", "0.0.0.0:8080")
    sidecar = Interceptor(
        one, configuration(filters=[listener_filter("original_src", mark=1337)]))
    result = one.network.world.run(
        "curl", "-sS", "--max-time", 5, "-o", "/dev/null", "-w", "%{http_code}",
        url(Pod.address, 8080))
    assert result.stdout == "503", result.stderr
    assert app.seen(0) == []
    assert sidecar.program.process.poll() is None


# Takeover


@pytest.mark.pillion_only
@pytest.mark.parametrize("port", [15001, 15006])
def test_whoever_connects_to_a_transparent_listener_itself_is_refused_once(stage, port):
    one = stage("-m", "TPROXY")
    sidecar = transparent(one)
    for place in (Pod.address, Pod.address6):
        for space in (one.network.world, one.network.pod):
            result = space.run("curl", "-sg", "--max-time", 5, "-o", "/dev/null", "-w",
                               "%{http_code}", url(place, port), user=APP_USER)
            assert result.stdout in ("000", "503")
            # Not for want of time.
            assert result.returncode != 28
    for cluster in ("outbound", "inbound"):
        assert sidecar.stat(f"cluster.{cluster}.upstream_cx_total") == 0
    assert sidecar.program.process.poll() is None


@pytest.mark.pillion_only
@pytest.mark.parametrize("mode", ["REDIRECT", "TPROXY"])
def test_a_takeover_loses_no_connection_of_the_pod(stage, mode):
    one = stage("-m", mode)
    pod, world = one.network.pod, one.network.world
    world.app("world", "0.0.0.0:80")
    pod.app("app", "0.0.0.0:8080")
    socket = one.folder / "takeover"
    socket.mkdir()
    socket.chmod(0o777)
    arguments = ["--takeover-socket", socket / "socket"]

    def start():
        if mode == "TPROXY":
            return transparent(one, *arguments)
        return Interceptor(one, configuration(), *arguments)

    running = start()
    loads = [pod.load(url(Pod.far)), world.load(url(Pod.address, 8080))]

    def wait_more(count):
        for load in loads:
            goal = len(load.lines) + count
            load.wait(lambda lines, goal=goal: len(lines) >= goal, f"{count} more requests")

    wait_more(20)
    for _ in range(2):
        old, running = running, start()
        wait_more(20)
        assert old.program.process.wait(20) == 0
        wait_more(20)
    for load in loads:
        assert {line["status"] for line in load.lines} == {200}
    assert "taking over" in running.errors
    assert fetch(pod, url(Pod.far)) == (["outbound"], f"world {Pod.address}")
