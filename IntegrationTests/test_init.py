"""`pillion init`: connections of a pod go through the sidecar, and the app does not notice."""

import os
import re
import shutil
import stat
import subprocess

import pytest

from harness import namespaces
from harness.namespaces import SIDECAR_USER, Namespace, Pod

reason = namespaces.missing()
pytestmark = [
    pytest.mark.pillion_only,
    pytest.mark.skipif(reason is not None, reason=reason or ""),
]

BACKENDS = ["nft", "iptables-nft", "iptables-legacy"]


def works(backend):
    """Whether programs and kernel carry the backend, tried in a namespace of its own."""
    programs = {"nft": ["nft"]}.get(backend, [f"{backend}-restore"])
    if reason or not shutil.which(programs[0]):
        return False
    space = Namespace("try")
    try:
        command = (["nft", "list", "tables"] if backend == "nft"
                   else [programs[0], "--test", "--noflush"])
        text = "" if backend == "nft" else "*nat\nCOMMIT\n"
        return space.run(*command, input=text).returncode == 0
    finally:
        space.close()


@pytest.fixture(scope="session")
def working():
    return {backend for backend in BACKENDS if works(backend)}


@pytest.fixture(params=BACKENDS)
def backend(request, working):
    if request.param not in working:
        pytest.skip(f"neither programs nor kernel carry {request.param} here")
    return request.param


@pytest.fixture
def network():
    made = Pod()
    yield made
    made.close()


@pytest.fixture
def init(binary, network):
    """Run `pillion init` in the pod; it must succeed unless another code is expected."""

    def run(*arguments, code=0, **options):
        result = network.pod.run(binary, "init", *arguments, **options)
        assert result.returncode == code, (result.returncode, result.stdout, result.stderr)
        return result

    return run


def state(space):
    """All rules, routes of ours and addresses, a line for each: where it is, and what it is.

    In order within a chain; chains and tables have none, nor have empty ones a meaning.
    """
    def lines(*command):
        result = space.run(*command)
        return result.stdout.splitlines() if result.returncode == 0 else []

    found = []
    table = chain = ""
    for line in lines("nft", "-s", "list", "ruleset"):
        word, _, rest = line.strip().rstrip(" {").partition(" ")
        if word == "table":
            table = rest
        elif word == "chain":
            chain = rest
        elif word not in ("type", "}", "", "#"):
            found.append(((table, chain), line.strip()))
        elif word == "type" and "pillion" in table:
            found.append(((table, chain), line.strip()))
    for program in ["iptables-legacy-save", "ip6tables-legacy-save"]:
        for line in lines(program):
            if line.startswith("*"):
                table = line
            elif line.startswith("-A"):
                found.append(((program, table, line.split()[1]), line))
    for family in ["-4", "-6"]:
        for what in ["rule show", "route show table 133"]:
            found += [((what, family), line) for line in lines("ip", family, *what.split())]
    found += [(("lo",), line.strip()) for line in lines("ip", "-o", "address", "show", "dev", "lo")]
    return [f"{' '.join(where)}: {what}" for where, what in sorted(found, key=lambda one: one[0])]


def ours(space):
    return [line for line in state(space)
            if re.search(r"pillion|fwmark|table 133|proto 137|::6/", line, re.I)]


def url(host, port):
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def both(four, six, port):
    return [f"{four}:{port}", f"[{six}]:{port}"]


# What is intercepted


def test_inbound_connections_pass_the_sidecar_and_reach_the_app(network, init, backend):
    init("--backend", backend)
    network.pod.app("app", *both("0.0.0.0", "::", 8080))
    sidecar = network.pod.sidecar()
    assert network.world.curl(url(Pod.address, 8080)) == "app 127.0.0.6"
    assert network.world.curl(url(Pod.address6, 8080)) == "app ::6"
    assert sidecar.seen(2) == [
        {"direction": "inbound", "goal": [Pod.address, 8080], "peer": Pod.world_address},
        {"direction": "inbound", "goal": [Pod.address6, 8080], "peer": Pod.world_address6},
    ]


def test_outbound_connections_pass_the_sidecar_with_their_destination(network, init, backend):
    init("--backend", backend)
    network.world.app("world", *both("0.0.0.0", "::", 80))
    sidecar = network.pod.sidecar()
    assert network.pod.curl(url(Pod.far, 80)) == f"world {Pod.address}"
    assert network.pod.curl(url(Pod.far6, 80)) == f"world {Pod.address6}"
    assert [(one["direction"], one["goal"]) for one in sidecar.seen(2)] == [
        ("outbound", [Pod.far, 80]), ("outbound", [Pod.far6, 80]),
    ]


def test_what_the_sidecar_opens_goes_out_untouched(network, init, backend):
    init("--backend", backend)
    network.world.app("world", "0.0.0.0:80")
    sidecar = network.pod.sidecar()
    assert network.pod.curl(url(Pod.far, 80), user=SIDECAR_USER) == f"world {Pod.address}"
    # One of its group, whatever the user, is the sidecar too.
    assert network.pod.curl(url(Pod.far, 80), user=5, group=SIDECAR_USER) == f"world {Pod.address}"
    sidecar.seen(0)


def test_an_app_that_calls_its_own_pod_is_left_alone(network, init, backend):
    init("--backend", backend)
    network.pod.app("app", *both("0.0.0.0", "::", 8080))
    sidecar = network.pod.sidecar()
    for host in ["127.0.0.1", Pod.address, "::1", Pod.address6]:
        answer = network.pod.curl(url(host, 8080))
        assert answer == f"app {host}"
    sidecar.seen(0)


@pytest.mark.parametrize("vip, own", [("10.96.0.10", Pod.address), ("fd96::10", Pod.address6)])
def test_an_app_that_calls_its_own_service_passes_the_sidecar_twice(
        network, init, backend, vip, own):
    init("--backend", backend)
    network.pod.app("app", *both("0.0.0.0", "::", 8080))
    service, endpoint = (url(host, port)[7:-1] for host, port in [(vip, 80), (own, 8080)])
    sidecar = network.pod.sidecar(f"{service}={endpoint}")
    passthrough = "::6" if ":" in vip else "127.0.0.6"
    assert network.pod.curl(url(vip, 80)) == f"app {passthrough}"
    assert [(one["direction"], one["goal"]) for one in sidecar.seen(2)] == [
        ("outbound", [vip, 80]), ("inbound", [own, 8080]),
    ]


@pytest.mark.parametrize("flags, through, past", [
    (["-b", "*", "-d", "8081,9000-9010"], [8080, 9011], [8081, 9000, 9010]),
    (["-b", "8080,9000-9010"], [8080, 9000, 9010], [8081, 9011]),
    (["-b", ""], [], [8080, 9000]),
    ([], [8080], [15021]),
])
def test_inbound_ports_are_chosen(network, init, backend, flags, through, past):
    init("--backend", backend, *flags)
    network.pod.app("app", *[f"0.0.0.0:{port}" for port in through + past])
    sidecar = network.pod.sidecar()
    for port in through:
        assert network.world.curl(url(Pod.address, port)) == "app 127.0.0.6"
    for port in past:
        assert network.world.curl(url(Pod.address, port)) == f"app {Pod.world_address}"
    assert [one["goal"][1] for one in sidecar.seen(len(through))] == through


@pytest.mark.parametrize("flags, through, past", [
    (["-i", "10.88.0.0/16,fd88::/16"], [(Pod.far, 80), (Pod.far6, 80)],
     [(Pod.world_address, 80), (Pod.world_address6, 80)]),
    (["-x", "10.77.0.0/16,fd88::/16"], [(Pod.far, 80), (Pod.world_address6, 80)],
     [(Pod.world_address, 80), (Pod.far6, 80)]),
    (["-i", ""], [], [(Pod.far, 80)]),
    (["-q", "443"], [(Pod.far, 443)], [(Pod.far, 80)]),
    (["-o", "80,5000-5432"], [(Pod.far, 443)], [(Pod.far, 80), (Pod.far, 5432)]),
    ([], [(Pod.far, 443)], [(Pod.far, 53)]),
    (["-q", "53", "-i", "*"], [(Pod.far, 53), (Pod.far, 80)], []),
    (["-c", "eth0"], [], [(Pod.far, 80)]),
])
def test_outbound_ranges_and_ports_are_chosen(network, init, backend, flags, through, past):
    init("--backend", backend, *flags)
    ports = [53, 80, 443, 5432]
    network.world.app("world", *[place for port in ports for place in both("0.0.0.0", "::", port)])
    sidecar = network.pod.sidecar()
    for host, port in through + past:
        own = Pod.address6 if ":" in host else Pod.address
        assert network.pod.curl(url(host, port)) == f"world {own}"
    assert [tuple(one["goal"]) for one in sidecar.seen(len(through))] == through


def test_what_a_virtual_machine_sends_is_outbound(network, init, backend):
    # The world plays the machine: it sends by the pod to an address that is neither's.
    init("--backend", backend, "-k", "eth0", "-x", "10.98.0.0/16")
    network.world.ip("route", "add", "10.96.0.0/14", "via", Pod.address)
    network.world.app("world", "0.0.0.0:80")
    sidecar = network.pod.sidecar(f"10.99.0.1:80={Pod.far}:80")
    assert network.world.curl(url("10.99.0.1", 80)) == f"world {Pod.address}"
    assert network.world.curl(url("10.98.0.1", 80), seconds=0.5) is None
    assert [(one["direction"], one["goal"]) for one in sidecar.seen(1)] == [
        ("outbound", ["10.99.0.1", 80])]


def test_groups_are_left_out_or_alone_intercepted(network, init, backend):
    network.world.app("world", "0.0.0.0:8080")
    sidecar = network.pod.sidecar()
    init("--backend", backend, "--exclude-outbound-groups", "3000")
    assert network.pod.curl(url(Pod.far, 8080), group=3000)
    sidecar.seen(0)
    assert network.pod.curl(url(Pod.far, 8080), group=3001)
    sidecar.seen(1)
    init("--backend", backend, "--outbound-groups", "3000,3002")
    assert network.pod.curl(url(Pod.far, 8080), group=3001)
    sidecar.seen(1)
    assert network.pod.curl(url(Pod.far, 8080), group=3002)
    sidecar.seen(2)


def test_the_command_line_of_istio_does_the_same(network, binary, backend):
    arguments = ("-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020 "
                 "--log_output_level=default:info").split(" ")
    network.pod.run(binary, "istio-iptables", "--backend", backend, *arguments, check=True)
    network.pod.app("app", "0.0.0.0:8080")
    sidecar = network.pod.sidecar()
    assert network.world.curl(url(Pod.address, 8080)) == "app 127.0.0.6"
    sidecar.seen(1)


def test_variables_stand_for_flags(network, init, backend):
    init("--backend", backend, environment={"ISTIO_INBOUND_PORTS": "8080"})
    network.pod.app("app", "0.0.0.0:8080", "0.0.0.0:8081")
    sidecar = network.pod.sidecar()
    assert network.world.curl(url(Pod.address, 8081)) == f"app {Pod.world_address}"
    assert network.world.curl(url(Pod.address, 8080)) == "app 127.0.0.6"
    sidecar.seen(1)


# TPROXY


@pytest.mark.parametrize("flags", [[], ["-b", "8080"]])
def test_tproxy_shows_the_app_the_address_of_its_client(network, init, backend, flags):
    init("--backend", backend, "-m", "TPROXY", *flags)
    network.pod.app("app", *both("0.0.0.0", "::", 8080))
    sidecar = network.pod.sidecar(transparent=True)
    assert network.world.curl(url(Pod.address, 8080)) == f"app {Pod.world_address}"
    assert network.world.curl(url(Pod.address6, 8080)) == f"app {Pod.world_address6}"
    assert sidecar.seen(2) == [
        {"direction": "inbound", "goal": [Pod.address, 8080], "peer": Pod.world_address},
        {"direction": "inbound", "goal": [Pod.address6, 8080], "peer": Pod.world_address6},
    ]


def test_tproxy_redirects_outbound_and_leaves_excluded_ports(network, init, backend):
    init("--backend", backend, "-m", "TPROXY", "-d", "8081")
    network.world.app("world", *both("0.0.0.0", "::", 80))
    network.pod.app("app", "0.0.0.0:8081")
    sidecar = network.pod.sidecar(transparent=True)
    assert network.pod.curl(url(Pod.far, 80)) == f"world {Pod.address}"
    assert network.world.curl(url(Pod.address, 8081)) == f"app {Pod.world_address}"
    assert network.pod.curl(url(Pod.address, 8081)) == f"app {Pod.address}"
    assert [one["direction"] for one in sidecar.seen(1)] == ["outbound"]


def test_tproxy_takes_the_sidecars_calls_of_its_own_pod(network, init, backend):
    init("--backend", backend, "-m", "TPROXY")
    network.pod.app("app", "0.0.0.0:8080")
    sidecar = network.pod.sidecar(f"10.96.0.10:80={Pod.address}:8080", transparent=True)
    assert network.pod.curl(url("10.96.0.10", 80)) == f"app {Pod.address}"
    assert [(one["direction"], one["goal"]) for one in sidecar.seen(2)] == [
        ("outbound", ["10.96.0.10", 80]), ("inbound", [Pod.address, 8080]),
    ]


# What is installed, and what is left


@pytest.mark.parametrize("mode", ["REDIRECT", "TPROXY"])
def test_a_second_run_changes_nothing(network, init, backend, mode):
    init("--backend", backend, "-m", mode)
    first = state(network.pod)
    init("--backend", backend, "-m", mode)
    assert state(network.pod) == first


def test_other_flags_replace_what_was_there(network, init, backend):
    init("--backend", backend, "-b", "8080")
    fresh = state(network.pod)
    init("--backend", backend, "-m", "TPROXY", "-c", "net9", "--drop-invalid", "-k", "vm0")
    assert state(network.pod) != fresh
    init("--backend", backend, "-b", "8080")
    assert state(network.pod) == fresh


@pytest.mark.parametrize("mode", ["REDIRECT", "TPROXY"])
def test_cleanup_removes_ours_and_nothing_else(network, init, backend, mode):
    before = state(network.pod)
    foreign = {"nft": "nft", "iptables-nft": "iptables-nft",
               "iptables-legacy": "iptables-legacy"}[backend]
    if foreign == "nft":
        network.pod.run("nft", "-f", "-", check=True, input=(
            "table ip theirs { chain c { type nat hook output priority -100; "
            "tcp dport 9999 redirect to :1; }; }"))
    else:
        network.pod.run(foreign, "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "9999",
                        "-j", "REDIRECT", "--to-ports", "1", check=True)
    theirs = state(network.pod)
    assert theirs != before
    init("--backend", backend, "-m", mode)
    assert ours(network.pod)
    assert init("--cleanup").stdout == f"removed: {backend}\n"
    assert ours(network.pod) == []
    assert state(network.pod) == theirs
    assert init("--cleanup").stdout == "nothing to remove\n"


def test_another_backend_takes_over_whole(network, init, working):
    network.pod.app("app", "0.0.0.0:8080")
    sidecar = network.pod.sidecar()
    for count, backend in enumerate([*sorted(working), *sorted(working)], 1):
        init("--backend", backend)
        assert network.world.curl(url(Pod.address, 8080)) == "app 127.0.0.6"
        sidecar.seen(count)
    for backend in sorted(working):
        init("--backend", backend)
    assert init("--cleanup").stdout == f"removed: {sorted(working)[-1]}\n"
    assert ours(network.pod) == []


@pytest.mark.parametrize("flags", [
    [], ["-m", "TPROXY", "--drop-invalid"],
    ["-b", "80,90-99", "-i", "10.0.0.0/8,fd00::/8", "-x", "10.1.0.0/16", "-q", "443", "-o", "25",
     "-c", "net1", "-k", "vm0", "--outbound-groups", "1,2", "-u", "3,4"],
])
def test_a_dry_run_prints_what_is_installed(network, init, binary, backend, flags):
    text = init("--dry-run", "--backend", backend, *flags).stdout
    assert ours(network.pod) == []
    init("--backend", backend, *flags)
    other = Namespace("dry")
    try:
        # Each part is fed to the program that its heading names; commands are such headings.
        for part in re.split(r"^# ", text, flags=re.M)[1:]:
            heading, _, script = part.partition("\n")
            other.run(*heading.split(), input=script, check=True)
        # The number tells the routes of ours from others', for the cleanup.
        assert [line.replace(" proto 137", "") for line in state(network.pod)] == [
            line.replace(" proto static", "") for line in state(other)]
    finally:
        other.close()


def test_a_failure_leaves_what_was_there(network, init, tmp_path, working):
    backend = "iptables-nft"
    if backend not in working:
        pytest.skip("needs iptables-nft")
    init("--backend", backend, "-b", "8080")
    before = state(network.pod)
    # The second of the two programs takes the rules in the test, and fails when it matters.
    fake = tmp_path / "ip6tables-nft-restore"
    real = shutil.which("ip6tables-nft-restore")
    fake.write_text(f'#!/bin/sh\ncase "$*" in *--test*) exec {real} "$@";; esac\n'
                    "echo 'table is on fire' >&2\nexit 1\n")
    fake.chmod(fake.stat().st_mode | stat.S_IEXEC)
    path = f"{tmp_path}:{os.environ['PATH']}"
    result = init("--backend", backend, "-b", "9090", "-m", "TPROXY", code=1,
                  environment={"PATH": path})
    assert "table is on fire" in result.stderr
    assert state(network.pod) == before


# The probe


@pytest.mark.parametrize("mode", ["REDIRECT", "TPROXY"])
def test_the_probe_finds_that_it_works(init, backend, mode):
    result = init("--backend", backend, "-m", mode, "--run-validation", "-d", "15002")
    assert result.stdout.splitlines()[1:] == [
        "inbound IPv4: 127.0.0.6:15003 arrives at the sidecar",
        "outbound IPv4: 192.0.2.1:15002 arrives at the sidecar",
        "inbound IPv6: [::6]:15003 arrives at the sidecar",
        "outbound IPv6: [2001:db8::1]:15002 arrives at the sidecar",
    ]


def test_the_probe_finds_that_it_does_not_work(network, init):
    result = init("--skip-rule-apply", "--probe", "--probe-timeout", "300ms", code=126)
    assert "inbound connections are not intercepted: 127.0.0.6:15002" in result.stderr


def test_the_probe_says_who_has_its_port(network, init):
    init()
    network.pod.sidecar()
    result = init("--skip-rule-apply", "--probe", code=126)
    assert "does the sidecar run already?" in result.stderr


def test_the_probe_of_the_sidecars_user_tries_its_own_direction(network, init, binary):
    init()
    result = network.pod.run(binary, "init", "--skip-rule-apply", "--probe", user=SIDECAR_USER)
    assert result.returncode == 0, result.stderr
    assert "inbound IPv4: 127.0.0.6:15002 arrives at the sidecar" in result.stdout
    assert "outbound IPv4: not tried" in result.stdout


# What is refused


def test_without_the_capability_the_message_says_what_to_add(network, binary):
    result = network.pod.run("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin",
                             binary, "init")
    assert result.returncode == 1
    assert "add: [NET_ADMIN, NET_RAW]" in result.stderr


def test_the_capabilities_of_the_guide_are_enough(network, binary, backend):
    few = "-all,+net_admin,+net_raw,+setuid"
    result = network.pod.run("setpriv", f"--bounding-set={few}", binary, "init",
                             "--backend", backend, "--probe")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("arrives at the sidecar") == 4


def test_without_programs_the_message_names_the_package(network, binary, tmp_path):
    if not shutil.which("unshare"):
        pytest.skip("needs unshare (package util-linux)")
    # A mount namespace in which the tools are gone.
    hide = "; ".join(
        f"mount --bind {tmp_path}/none {folder}/{name}"
        for folder in ["/usr/sbin"] for name in ["nft", "xtables-nft-multi", "xtables-legacy-multi"]
        if os.path.exists(f"{folder}/{name}"))
    (tmp_path / "none").write_text("")
    result = network.pod.run("unshare", "-m", "sh", "-c",
                             f'{hide}; exec "$0" init', binary)
    assert result.returncode == 1
    assert "install the package nftables" in result.stderr


@pytest.mark.parametrize("arguments, message", [
    (["-p", "0"], "--outbound-port"),
    (["-b", "80,http"], '--inbound-ports: "http" is no port'),
    (["-i", "10.0.0.0/40"], "--outbound-ranges"),
    (["--backend", "ebpf"], "--backend ebpf"),
    (["--redirect-dns"], "DNS is left alone"),
    (["--network-namespace", "/proc/1/ns/net"], "nsenter --net=/proc/1/ns/net"),
    (["--probe-timeout", "soon"], "--probe-timeout soon"),
])
def test_wrong_options_end_with_two(binary, arguments, message):
    result = subprocess.run([binary, "init", *arguments], capture_output=True, text=True)
    assert result.returncode == 2
    assert message in result.stderr
