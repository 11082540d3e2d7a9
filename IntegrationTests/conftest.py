"""Fixtures: `sidecar` starts the process under test, `peer` a scripted upstream."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from harness import envoyfile  # noqa: E402
from harness.peer import Peer  # noqa: E402
from harness.sidecar import Sidecar  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--proxy", choices=["pillion", "envoy"], default="pillion",
                     help="the process under test; envoy checks the tests' own expectations")
    parser.addoption("--binary", help="its file; default: the release build")


def envoy_binary():
    found = importlib.util.find_spec("envoy")
    for root in (found.submodule_search_locations or []) if found else []:
        path = Path(root, "_bin", "envoy")
        if path.exists():
            return str(path)
    return shutil.which("envoy")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--proxy") == "envoy":
        reason = pytest.mark.skip(reason="about what Envoy does differently, or does not have")
        for item in items:
            if "pillion_only" in item.keywords:
                item.add_marker(reason)


@pytest.fixture(scope="session")
def proxy(request):
    return request.config.getoption("--proxy")


@pytest.fixture(scope="session")
def binary(request, proxy):
    named = request.config.getoption("--binary")
    path = named or (envoy_binary() if proxy == "envoy" else HERE.parent / ".build/release/pillion")
    if not path or not os.path.exists(path):
        pytest.exit(f"nothing to test at {path}; run `make build`", returncode=3)
    return os.path.abspath(path)


@pytest.fixture
def peer(request):
    """Make scripted upstreams: `peer()`, `peer(answer=…)`, `peer(serve=…)`."""
    made = []

    def make(*args, **options):
        made.append(Peer(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
    errors = [error for one in made for error in one.errors]
    assert not errors, f"a scripted upstream failed: {errors}"


@pytest.fixture
def launch(binary, proxy, tmp_path):
    """Start the process under test on a whole bootstrap: `launch(configuration, workers=2)`."""
    started = []

    def make(configuration, **options):
        folder = tmp_path / f"sidecar{len(started)}"
        one = Sidecar(binary, proxy, folder, configuration, **options)
        started.append(one)
        return one.start()

    yield make
    failures = []
    for one in started:
        try:
            one.finish()
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.fixture
def sidecar(launch):
    """Start the process under test before endpoints: `sidecar(port, routes=[…], hcm={…})`.

    Endpoints form the cluster `app`; `cluster` changes its fields, `clusters` adds others.
    """

    def make(*endpoints, routes=None, virtual_hosts=None, hcm=None, router=None, cluster=None,
             clusters=(), listener=None, **options):
        ports = [one.port if isinstance(one, Peer) else one for one in endpoints]
        configuration = envoyfile.bootstrap(
            [envoyfile.listener(routes=routes, virtual_hosts=virtual_hosts, hcm=hcm,
                                router=router, **(listener or {}))],
            [envoyfile.cluster("app", *ports, **(cluster or {})), *clusters],
        )
        return launch(configuration, **options)

    return make
