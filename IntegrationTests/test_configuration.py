"""Files that are wrong: exit 2, one line that says where and what would be right, nothing started."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from harness import envoyfile
from harness.envoyfile import cluster, listener, route

pytestmark = pytest.mark.pillion_only

# file:line:col: path: what: hint
PLACE = re.compile(r"^\S+:\d+:\d+: ")


def base():
    return envoyfile.bootstrap([listener()], [cluster("app", 1)])


def manager(configuration):
    return envoyfile.manager_of(configuration["static_resources"]["listeners"][0])


def routes(configuration):
    return manager(configuration)["route_config"]["virtual_hosts"][0]["routes"]


def first_cluster(configuration):
    return configuration["static_resources"]["clusters"][0]


def changed(change):
    configuration = base()
    change(configuration)
    return configuration


def with_route(**fields):
    return changed(lambda c: routes(c)[0].update(fields))


def weighted(*weights):
    return with_route(route={"weighted_clusters": {
        "clusters": [{"name": "app", "weight": w} for w in weights]}})


# Each: the file, and words that its refusal must have.
WRONG = {
    "a port that is a word": (
        changed(lambda c: c["static_resources"]["listeners"][0]["address"]["socket_address"]
                .update(port_value="high")), ["port_value"]),
    "a port out of range": (
        changed(lambda c: c["static_resources"]["listeners"][0]["address"]["socket_address"]
                .update(port_value=70000)), ["port_value"]),
    "a text where a list stands": (
        changed(lambda c: c["static_resources"].update(listeners="none")), ["listeners"]),
    "an unknown field": (
        changed(lambda c: first_cluster(c).update(conect_timeout="1s")),
        ["conect_timeout", "connect_timeout"]),
    "an unknown enum": (
        changed(lambda c: first_cluster(c).update(lb_policy="ROUND_ROBINN")),
        ["lb_policy", "ROUND_ROBIN"]),
    "an unsupported discovery": (
        changed(lambda c: first_cluster(c).update(type="EDS")), ["type"]),
    "a cluster that does not exist": (with_route(route={"cluster": "missing"}), ["missing"]),
    "two listeners with one name": (
        changed(lambda c: c["static_resources"]["listeners"].append(listener())), ["inbound"]),
    "two clusters with one name": (
        changed(lambda c: c["static_resources"]["clusters"].append(cluster("app", 2))), ["app"]),
    "two hosts with one domain": (
        changed(lambda c: manager(c)["route_config"]["virtual_hosts"].append(
            {"name": "again", "domains": ["*"], "routes": [route()]})), ["*"]),
    "a virtual host without domains": (
        changed(lambda c: manager(c)["route_config"]["virtual_hosts"][0].update(domains=[])),
        ["domains"]),
    "weights of zero": (weighted(0, 0), ["weight"]),
    "an invalid regular expression": (
        with_route(match={"safe_regex": {"regex": "a(b"}}), ["regex"]),
    "a route without a match": (
        changed(lambda c: routes(c)[0].pop("match")), ["match"]),
    "a route without an action": (
        changed(lambda c: routes(c)[0].pop("route")), ["route"]),
    "two actions in one route": (
        with_route(redirect={"host_redirect": "a"}), ["redirect"]),
    "a duration without a unit": (
        changed(lambda c: first_cluster(c).update(connect_timeout="5")), ["connect_timeout"]),
    "a negative duration": (
        changed(lambda c: first_cluster(c).update(connect_timeout="-1s")), ["connect_timeout"]),
    "an impossible duration": (
        changed(lambda c: first_cluster(c).update(connect_timeout="999999999999999s")),
        ["connect_timeout"]),
    "an unknown retry condition": (
        with_route(route={"cluster": "app", "retry_policy": {"retry_on": "5xxx"}}),
        ["retry_on", "5xx"]),
    "an endpoint that is a name in a static cluster": (
        changed(lambda c: first_cluster(c)["load_assignment"]["endpoints"][0]["lb_endpoints"][0]
                ["endpoint"]["address"]["socket_address"].update(address="app.local")),
        ["STRICT_DNS"]),
    "no router": (
        changed(lambda c: manager(c).update(http_filters=[])), ["router"]),
    "a filter that is not there": (
        changed(lambda c: manager(c)["http_filters"].insert(0, {
            "name": "envoy.filters.http.wasm",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"}})),
        ["wasm"]),
    "a filter without configuration": (
        changed(lambda c: manager(c)["http_filters"].insert(0, {"name": "envoy.filters.http.jwt_authn"})),
        ["jwt_authn"]),
    "no stat prefix": (changed(lambda c: manager(c).pop("stat_prefix")), ["stat_prefix"]),
    "an unknown type": (
        changed(lambda c: manager(c).update({"@type": "type.googleapis.com/envoy.Nothing"})),
        ["envoy.Nothing"]),
    "a direct response of status 42": (
        changed(lambda c: routes(c).__setitem__(
            0, {"match": {"prefix": "/"}, "direct_response": {"status": 42}})), ["status"]),
    "an address that is none": (
        changed(lambda c: c["static_resources"]["listeners"][0]["address"]["socket_address"]
                .update(address="300.1.2.3")), ["300.1.2.3"]),
    "an unknown access log operator": (
        changed(lambda c: manager(c).update(access_log=[
            envoyfile.file_log("/dev/null", "%NO_SUCH_THING%\n")])), ["NO_SUCH_THING"]),
    "a wrong boolean": (
        changed(lambda c: manager(c).update(use_remote_address="perhaps")),
        ["use_remote_address"]),
}

WRONG_TEXT = {
    "not YAML": ("static_resources: [\n  listeners: {\n", []),
    "a tab as indentation": ("static_resources:\n\tlisteners: []\n", []),
    "a duplicate key": ("admin: {}\nadmin: {}\n", ["admin"]),
    "an undefined alias": ("static_resources: *nothing\n", ["nothing"]),
    "a list at the top": ("- a\n- b\n", []),
    "a scalar at the top": ("just words\n", []),
    "invalid UTF-8": (b"node: {id: \"\xff\xfe\"}\n", []),
    "a NUL byte": (b"node: {id: \"a\x00b\"}\n", []),
    "broken JSON": ('{"static_resources": {"listeners": [}', []),
    "an unknown field at the top": ("static_resource: {}\n", ["static_resource"]),
}

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12))


def run(binary, command, *files, timeout=20, **options):
    return subprocess.run([binary, command, *map(str, files)], capture_output=True, text=True,
                          errors="replace", timeout=timeout, **options)


def refused(binary, file, *words):
    """Both commands refuse, with the same place, and no port is bound."""
    begin = time.monotonic()
    for command in ("validate", "run"):
        done = run(binary, command, file)
        assert done.returncode == 2, f"{command}: exit {done.returncode}\n{done.stderr}"
        lines = [line for line in done.stderr.splitlines() if PLACE.match(line)]
        assert lines, f"no file:line:col in\n{done.stderr}"
        for word in words:
            assert any(word in line for line in lines), f"{word!r} is not in\n{done.stderr}"
        assert "listener bound" not in done.stderr
    assert time.monotonic() - begin < 10


@pytest.mark.parametrize("name", list(WRONG))
def test_a_wrong_file_is_refused_with_its_place(binary, tmp_path, name):
    configuration, words = WRONG[name]
    file = tmp_path / "wrong.yaml"
    file.write_text(envoyfile.text_of(configuration))
    refused(binary, file, *words)


@pytest.mark.parametrize("name", list(WRONG_TEXT))
def test_a_malformed_text_is_refused_with_its_place(binary, tmp_path, name):
    text, words = WRONG_TEXT[name]
    file = tmp_path / "wrong.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    refused(binary, file, *words)


@pytest.mark.parametrize("name,text", [
    ("aliases", BOMB),
    ("depth", "a: " + "[" * 100_000 + "]" * 100_000),
    ("width", "a: [" + "x," * 3_000_000 + "x]"),
])
def test_a_bomb_is_refused_quickly_and_in_little_memory(binary, tmp_path, name, text):
    file = tmp_path / f"{name}.yaml"
    file.write_text(text)
    begin = time.monotonic()
    # 512 MB of address space: a bomb that went off would not fit.
    done = subprocess.run(["bash", "-c", f'ulimit -v 524288; exec "{binary}" validate "{file}"'],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 2, done.stderr[-500:]
    assert time.monotonic() - begin < 10


def test_a_file_of_100_megabytes_is_refused(binary, tmp_path):
    file = tmp_path / "large.yaml"
    with open(file, "wb") as out:
        out.truncate(100 << 20)
    done = run(binary, "validate", file)
    assert done.returncode == 2
    assert "large.yaml" in done.stderr


def test_a_missing_file_is_named(binary, tmp_path):
    done = run(binary, "run", tmp_path / "none.yaml")
    assert done.returncode == 2 and "none.yaml" in done.stderr


def test_a_folder_is_not_a_file(binary, tmp_path):
    assert run(binary, "run", tmp_path).returncode == 2


def test_an_unreadable_file_is_named(binary):
    # A folder that every user may enter: root may read everything, so another user asks.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        file = Path(folder, "secret.yaml")
        file.write_text("{}")
        file.chmod(0)
        if os.geteuid() == 0:
            copied = shutil.copy(binary, folder)
            done = run(copied, "run", file, user=65534)
        else:
            done = run(binary, "run", file)
    assert done.returncode == 2 and "secret.yaml" in done.stderr


def test_a_port_in_use_is_named_and_nothing_starts(binary, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        configuration = base()
        listeners = configuration["static_resources"]["listeners"]
        listeners[0]["address"] = envoyfile.address(port)
        listeners.insert(0, listener(name="other"))
        file = tmp_path / "port.yaml"
        file.write_text(envoyfile.text_of(configuration))
        done = run(binary, "run", file)
    assert done.returncode == 2
    assert str(port) in done.stderr and "in use" in done.stderr
    assert "listener bound" not in done.stderr


def test_a_good_file_is_valid(binary, tmp_path):
    file = tmp_path / "good.yaml"
    file.write_text(envoyfile.text_of(base()))
    done = run(binary, "validate", file)
    assert (done.returncode, done.stderr) == (0, "")


def test_json_is_read_too(binary, tmp_path):
    import json

    file = tmp_path / "good.json"
    file.write_text(json.dumps(base()))
    assert run(binary, "validate", file).returncode == 0


def test_several_files_merge(binary, tmp_path):
    one, two = tmp_path / "listeners.yaml", tmp_path / "clusters.yaml"
    whole = base()
    one.write_text(envoyfile.text_of(
        {"static_resources": {"listeners": whole["static_resources"]["listeners"]}}))
    two.write_text(envoyfile.text_of(
        {"static_resources": {"clusters": whole["static_resources"]["clusters"]}}))
    assert run(binary, "validate", one).returncode == 2
    done = run(binary, "validate", one, two)
    assert done.returncode == 0, done.stderr


def test_unconfigured_filters_are_let_through_only_when_asked(binary, launch, tmp_path):
    configuration, _ = WRONG["a filter without configuration"]
    proxy = launch(configuration, args=["--allow-unconfigured-filters"], log=False)
    proxy.wait_log("jwt_authn")
    assert proxy.fetch().status == 503


def test_the_quick_start_needs_no_file(binary, peer):
    import signal

    app = peer()
    process = subprocess.Popen(
        [binary, "run", "--app", str(app.port), "--listen", "127.0.0.1:0"],
        stderr=subprocess.PIPE, text=True)
    try:
        port = None
        for line in process.stderr:
            found = re.search(r"listener bound.*address=\"?127\.0\.0\.1:(\d+)", line)
            port = int(found[1]) if found else port
            if port and re.search(r"\bready\b", line):
                break
        from harness.client import fetch

        assert fetch(port).body == b"ok"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize("arguments", [
    ["run"], ["run", "--app", "1"], ["run", "x.yaml", "--workers", "0"], ["validate"],
    ["run", "x.yaml", "--log-format", "xml"], ["nonsense"], ["run", "x.yaml", "--no-such-option"],
])
def test_a_wrong_command_line_is_not_a_success(binary, arguments):
    done = subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=10)
    assert done.returncode not in (0, -4, -5, -6, -11)
    assert done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["version"],
                                       ["app", "--help"], ["validate", "--help"],
                                       ["--generate-completion-script", "bash"]])
def test_help_is_given(binary, arguments):
    done = subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0 and done.stdout


def test_the_log_can_be_json(sidecar, peer):
    import json

    proxy = sidecar(peer(), args=["--log-format", "json"])
    proxy.fetch()
    for line in proxy.lines:
        entry = json.loads(line)
        assert {"time", "level"} <= set(entry) and (entry.get("msg") or entry.get("message"))


def test_a_wrong_command_line_ends_with_2(binary):
    for words in (["run"], ["run", "--workers", "0", "x.yaml"], ["run", "--app", "1"], ["nonsense"],
                  ["app", "--instances", "0"], ["run", "x.yaml", "--no-such-flag"]):
        done = subprocess.run([binary, *words], capture_output=True, text=True, timeout=20)
        assert done.returncode == 2, f"{words}: exit {done.returncode}"
        assert done.stderr.strip()
