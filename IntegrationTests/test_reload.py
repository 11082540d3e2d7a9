"""Reload: a changed file is taken over without losing a request; a bad one changes nothing."""

import copy
import os
import signal
import threading
import time

import pytest

from harness import envoyfile
from harness.client import Client
from harness.envoyfile import cluster, listener, route
from harness.peer import ok
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only


def answering(text):
    return {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": text}}}


def rewrite(proxy, configuration):
    """Replaces the file as an editor does: another one is renamed over it."""
    text = envoyfile.text_of(configuration)
    other = proxy.folder / ".envoy.yaml.swp"
    other.write_text(text)
    os.rename(other, proxy.folder / "envoy.yaml")


def status(proxy):
    return proxy.admin("/config_status").json()


def wait_outcome(proxy, outcome, attempts):
    wait_until(
        lambda: proxy.stat("config_reload.attempt") >= attempts
        and status(proxy).get("last_attempt", {}).get("outcome") == outcome,
        f"attempt {attempts} to be {outcome}", 10)


def test_a_changed_route_is_taken_over_by_open_connections(sidecar):
    proxy = sidecar(routes=[answering("one")])
    with proxy.client() as client:
        assert client.request().body == b"one"
        changed = copy.deepcopy(proxy.configuration)
        hosts = envoyfile.manager_of(changed["static_resources"]["listeners"][0])
        hosts["route_config"]["virtual_hosts"][0]["routes"] = [answering("two")]
        rewrite(proxy, changed)
        wait_outcome(proxy, "TAKEN", 1)
        assert client.request().body == b"two"
        shown = status(proxy)
        assert (shown["state"], shown["version"]) == ("CURRENT", "2")
        assert "listeners: 1 changed (inbound)" in shown["last_attempt"]["changes"]
    # Back to what it was, and then the same once more, which changes nothing.
    rewrite(proxy, proxy.configuration)
    wait_outcome(proxy, "TAKEN", 2)
    rewrite(proxy, proxy.configuration)
    wait_outcome(proxy, "UNCHANGED", 3)
    assert status(proxy)["version"] == "3"


def test_a_bad_file_is_refused_in_words_and_the_last_good_one_serves_on(sidecar, peer):
    proxy = sidecar(peer())
    assert proxy.fetch().status == 200
    bad = copy.deepcopy(proxy.configuration)
    bad["static_resources"]["clusters"][0]["lb_polcy"] = "RANDOM"
    rewrite(proxy, bad)
    wait_outcome(proxy, "REJECTED", 1)
    shown = status(proxy)
    assert shown["state"] == "STALE"
    problem = shown["last_attempt"]["problems"][0]
    assert "envoy.yaml:" in problem and "lb_polcy" in problem and "lb_policy" in problem
    assert "refused" in proxy.admin("/").text and "lb_polcy" in proxy.admin("/").text
    assert proxy.stat("config_reload.rejected") == 1
    assert proxy.stat("config_reload.stale") == 1
    proxy.wait_log("lb_polcy")
    assert proxy.fetch().status == 200
    rewrite(proxy, proxy.configuration)
    wait_outcome(proxy, "UNCHANGED", 2)
    assert proxy.stat("config_reload.stale") == 0


def test_a_file_that_is_gone_changes_nothing_until_it_is_back(sidecar, peer):
    proxy = sidecar(peer())
    (proxy.folder / "envoy.yaml").unlink()
    wait_outcome(proxy, "REJECTED", 1)
    assert "can't be opened" in status(proxy)["last_attempt"]["problems"][0]
    assert proxy.fetch().status == 200
    rewrite(proxy, proxy.configuration)
    wait_outcome(proxy, "UNCHANGED", 2)


def test_a_file_that_the_configuration_names_is_watched_too(sidecar, tmp_path):
    body = tmp_path / "body.txt"
    body.write_text("one")
    named = answering("")
    named["direct_response"]["body"] = {"filename": str(body)}
    proxy = sidecar(routes=[named])
    assert proxy.fetch().body == b"one"
    body.write_text("two")
    wait_outcome(proxy, "TAKEN", 1)
    assert proxy.fetch().body == b"two"
    body.unlink()
    wait_outcome(proxy, "REJECTED", 2)
    assert proxy.fetch().body == b"two"
    body.write_text("three")
    wait_outcome(proxy, "TAKEN", 3)
    assert proxy.fetch().body == b"three"


def test_sighup_reads_the_configuration_without_watching(sidecar):
    proxy = sidecar(routes=[answering("one")], args=["--no-watch"])
    assert status(proxy)["watch"] == "off"
    changed = copy.deepcopy(proxy.configuration)
    hosts = envoyfile.manager_of(changed["static_resources"]["listeners"][0])
    hosts["route_config"]["virtual_hosts"][0]["routes"] = [answering("two")]
    rewrite(proxy, changed)
    proxy.signal(signal.SIGHUP)
    wait_outcome(proxy, "TAKEN", 1)
    assert proxy.fetch().body == b"two"
    assert status(proxy)["last_attempt"]["cause"] == "SIGHUP"


def test_the_swap_of_a_kubernetes_volume_is_noticed(binary, tmp_path, launch):
    """`..data` is a link to a directory with a date; the file is a link through `..data`."""
    volume = tmp_path / "volume"
    volume.mkdir()

    def write(version, text):
        folder = volume / f"..{version}"
        folder.mkdir()
        configuration = envoyfile.bootstrap([listener(routes=[answering(text)])], [])
        (folder / "envoy.yaml").write_text(envoyfile.text_of(configuration))
        (volume / "..tmp").symlink_to(folder.name)
        os.rename(volume / "..tmp", volume / "..data")

    write(1, "one")
    (volume / "envoy.yaml").symlink_to("..data/envoy.yaml")
    # The sidecar's own file only names the admin interface; the volume is the second file.
    proxy = launch({"admin": {"address": envoyfile.address(0)},
                    "static_resources": {"listeners": [], "clusters": []}},
                   args=[str(volume / "envoy.yaml")], log=False)
    assert proxy.fetch().body == b"one"
    for attempt, text in enumerate(["two", "three"], 1):
        write(attempt + 1, text)
        wait_outcome(proxy, "TAKEN", attempt)
        assert proxy.fetch().body == text.encode()


def test_a_file_that_appears_in_a_directory_is_read(launch, tmp_path):
    folder = tmp_path / "conf.d"
    folder.mkdir()
    first = envoyfile.bootstrap([listener(routes=[answering("one")])], [])
    del first["admin"]
    (folder / "10.yaml").write_text(envoyfile.text_of(first))
    proxy = launch({"admin": {"address": envoyfile.address(0)},
                    "static_resources": {"listeners": [], "clusters": []}},
                   args=[str(folder)], log=False)
    second = envoyfile.bootstrap([listener("second", routes=[answering("two")])], [])
    del second["admin"]
    (folder / "20.yaml").write_text(envoyfile.text_of(second))
    wait_outcome(proxy, "TAKEN", 1)
    shown = proxy.admin("/listeners?format=json").json()["listener_statuses"]
    assert [one["name"] for one in shown] == ["inbound", "second"]
    assert proxy.fetch().body == b"one"


def test_a_listener_that_is_gone_finishes_its_requests_and_ends_its_connections(sidecar, peer):
    gate = threading.Event()

    def answer(request):
        assert gate.wait(20)
        return ok("finished")

    app = peer(answer=answer)
    proxy = sidecar(app, drain_seconds=15)
    other = envoyfile.bootstrap([listener("other", routes=[answering("other")])],
                                proxy.configuration["static_resources"]["clusters"])
    with proxy.client() as busy:
        busy.start()
        app.wait_requests(1)
        with proxy.client() as idle:
            assert proxy.stat("listener_manager.total_listeners_active") == 1
            rewrite(proxy, other)
            wait_outcome(proxy, "TAKEN", 1)
            assert idle.is_closed()
        assert proxy.stat("listener_manager.total_listeners_draining") == 1
        gate.set()
        response = busy.response()
        assert response.body == b"finished"
        assert response.header("connection") == "close"
        assert busy.is_closed()
    proxy.wait_stat("listener_manager.total_listeners_draining", 0)
    with pytest.raises(OSError):
        proxy.client()


def test_a_port_that_is_taken_refuses_the_whole_change(sidecar, peer):
    app = peer()
    proxy = sidecar(app)
    changed = copy.deepcopy(proxy.configuration)
    changed["static_resources"]["listeners"].append(
        listener("second", routes=[answering("two")], address=envoyfile.address(app.port)))
    changed["static_resources"]["clusters"].append(cluster("more", app.port))
    rewrite(proxy, changed)
    wait_outcome(proxy, "REJECTED", 1)
    assert "cannot listen" in status(proxy)["last_attempt"]["problems"][0]
    assert "cluster.more" not in proxy.admin("/stats").text
    assert proxy.fetch().status == 200


def test_what_needs_a_new_process_is_said(sidecar, peer):
    proxy = sidecar(peer())
    changed = copy.deepcopy(proxy.configuration)
    changed["admin"] = {"address": envoyfile.address(1)}
    rewrite(proxy, changed)
    wait_outcome(proxy, "UNCHANGED", 1)
    assert any("new process" in warning for warning in status(proxy)["warnings"])


def test_a_hundred_reloads_under_load_lose_nothing(sidecar, peer):
    """About 2,000 requests a second over open connections, and some over new ones."""
    app, spare = peer(), peer()
    proxy = sidecar(app, workers=2, clusters=[cluster("spare", spare.port)],
                    routes=[route("spare", "/spare"), route("app", "/")], log=False)
    stop = threading.Event()
    failures, counts = [], []

    def load(path, keeps):
        count = 0
        client = None
        try:
            while not stop.is_set():
                if client is None:
                    client = proxy.client()
                response = client.request("GET", path)
                count += 1
                if response.status != 200:
                    failures.append((path, response.status, response.body))
                if not keeps:
                    client.close()
                    client = None
        except Exception as failure:  # noqa: BLE001 - whatever it is, a request has failed
            failures.append((path, repr(failure)))
        counts.append(count)

    threads = [threading.Thread(target=load, args=(path, keeps))
               for path, keeps in [("/", True), ("/", True), ("/", True), ("/spare", True),
                                   ("/", False)]]
    for thread in threads:
        thread.start()
    variants = []
    for number in range(2):
        one = copy.deepcopy(proxy.configuration)
        one["static_resources"]["clusters"][1]["connect_timeout"] = f"{number + 2}s"
        manager = envoyfile.manager_of(one["static_resources"]["listeners"][0])
        manager["route_config"]["virtual_hosts"][0]["routes"].insert(
            0, {**answering("x"), "match": {"path": f"/{number}"}})
        variants.append(one)
    resident = []
    began = time.monotonic()
    for number in range(100):
        rewrite(proxy, variants[number % 2])
        wait_until(lambda: proxy.stat("config_reload.success") >= number + 1, "the reload", 10)
        if number == 9:
            resident.append(proxy.resident_megabytes())
    took = time.monotonic() - began
    kept_closed = [one for one in app.connections if one.ended.is_set()]
    stop.set()
    for thread in threads:
        thread.join()
    resident.append(proxy.resident_megabytes())
    assert not failures, failures[:3]
    assert not kept_closed, "a connection of the cluster that did not change was closed"
    assert len(spare.connections) > 50, "those of the changed one are made anew"
    print(f"{sum(counts) / took:.0f} requests/s over {took:.1f} s, RSS {resident} MB")
    assert resident[1] - resident[0] < 3, resident
