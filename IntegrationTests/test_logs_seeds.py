"""Configurations of fluentd as articles print them: run unchanged, in a file system of their own."""

import datetime
import json
import os
import random
import re
import signal
import subprocess
import textwrap
from pathlib import Path

import pytest

from harness.search import Search
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only

GUIDE = Path(__file__).parent.parent / "docs" / "guides" / "logs-to-backends.md"
SEEDS = Path(__file__).parent.parent.parent / "shared" / "seeds"
# Its own /var/log, and its own names of hosts; everything else is the machine's.
ENTER = ('mount --bind "$1" /var/log && mount --bind "$2" /etc/hosts && mount --bind "$3" /mnt '
         '&& shift 3 && exec "$@"')


def seed(name):
    path = SEEDS / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path.read_text()


@pytest.fixture(scope="module")
def own_mounts():
    result = subprocess.run(["unshare", "-m", "true"], capture_output=True, text=True)
    if result.returncode:
        pytest.skip(f"no mounts of one's own here: {result.stderr.strip()}")


@pytest.fixture
def elasticsearch():
    """At the port that the configurations name, of an address that no other test has."""
    for _ in range(20):
        host = f"127.{random.randint(1, 250)}.{random.randint(1, 250)}.{random.randint(2, 250)}"
        try:
            backend = Search(address=(host, 9200))
        except OSError:
            continue
        backend.host = host
        with backend:
            yield backend
        return
    pytest.skip("port 9200 is taken everywhere")


class Machine:
    """Runs `pillion run FILE`, and nothing else, where /var/log is a folder of the test."""

    def __init__(self, binary, folder, name, text, hosts="", env=None):
        self.log, self.output = folder / "log", folder / "output"
        self.log.mkdir()
        (folder / "fluent").mkdir()
        (folder / "fluent" / name).write_text(text)
        (folder / "hosts").write_text(f"127.0.0.1 localhost\n{hosts}\n")
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                ["unshare", "-m", "--propagation", "private", "sh", "-c", ENTER, "sh", self.log,
                 folder / "hosts", folder / "fluent", binary, "run", f"/mnt/{name}"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, **(env or {})})

    def write(self, name, *records):
        path = self.log / name
        path.parent.mkdir(exist_ok=True)
        with open(path, "a") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)

    def said(self):
        return self.output.read_text()

    def wait_until_it_is_ready(self):
        wait_until(lambda: " ready " in self.said() or self.process.poll() is not None, "the start")
        assert self.process.poll() is None, self.said()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, self.said()


def documents(backend, index):
    return sorted((document for key, document in backend.documents.items() if key[0] == index),
                  key=lambda document: document["n"])


def test_the_logs_of_an_app_go_into_an_index(binary, tmp_path, own_mounts, elasticsearch):
    text = seed("fluent-index.conf")
    machine = Machine(binary, tmp_path, "fluent-index.conf", text,
                      env={"FLUENT_ELASTICSEARCH_HOST": elasticsearch.host})
    with machine:
        machine.wait_until_it_is_ready()
        machine.write("app/one.log", *({"n": n, "message": "hello"} for n in range(50)))
        machine.write("app/two.log", *({"n": n, "message": "hello"} for n in range(50, 100)))
        machine.write("app/other.txt", {"n": 1000})
        elasticsearch.wait(lambda: len(elasticsearch.documents) >= 100, "all lines")
    found = documents(elasticsearch, "app-logs")
    assert found == [{"n": n, "message": "hello"} for n in range(100)]
    assert elasticsearch.duplicates == 0
    # The place for its state is the one that the file names for fluentd's.
    assert (machine.log / "app" / "app.log.pos.pillion").is_dir()


def test_the_logs_of_an_app_go_into_an_index_for_each_day(
        binary, tmp_path, own_mounts, elasticsearch):
    text = seed("fluent-logstash.conf")
    machine = Machine(binary, tmp_path, "fluent-logstash.conf", text,
                      hosts=f"{elasticsearch.host} elasticsearch.default.svc.cluster.local")
    with machine:
        machine.wait_until_it_is_ready()
        machine.write("myapp/app.log", *({"n": n, "message": "hello"} for n in range(20)))
        elasticsearch.wait(lambda: len(elasticsearch.documents) >= 20, "all lines")
    [index] = {key[0] for key in elasticsearch.documents}
    assert re.fullmatch(r"myapp-logs-\d{4}\.\d\d\.\d\d", index)
    today = datetime.datetime.now(datetime.timezone.utc)
    days = {(today - datetime.timedelta(days=n)).strftime("myapp-logs-%Y.%m.%d") for n in (0, 1)}
    assert index in days
    for n, document in enumerate(documents(elasticsearch, index)):
        assert document["n"] == n and document["log_tag"] == "app.logs"
        assert document["@timestamp"].startswith(str(today.year))
    assert len(elasticsearch.requests) == 1, "twenty lines of one moment are one request"
    assert (machine.log / "fluentd.pos.pillion").is_dir()


def test_the_logs_of_a_pod_go_where_its_configuration_says(
        binary, tmp_path, own_mounts, elasticsearch):
    text = seed("pod-fluentd.yaml")
    configuration = textwrap.dedent(text.partition("fluent.conf: |\n")[2])
    host = re.search(r'name: FLUENT_ELASTICSEARCH_HOST\n\s+value: "(.*)"', text)[1]
    machine = Machine(binary, tmp_path, "fluent.conf", configuration,
                      hosts=f"{elasticsearch.host} {host}", env={"FLUENT_ELASTICSEARCH_HOST": host})
    with machine:
        machine.wait_until_it_is_ready()
        machine.write("app/app.log", *({"n": n} for n in range(20)))
        elasticsearch.wait(lambda: len(elasticsearch.documents) >= 20, "all lines")
    assert [one["n"] for one in documents(elasticsearch, "app-logs")] == list(range(20))


def examples():
    return [block for block in re.findall(r"```\n(.*?)```", GUIDE.read_text(), re.DOTALL)
            if block.startswith(("<match", "[OUTPUT]"))]


@pytest.mark.parametrize("number", range(len(examples())))
def test_the_guides_examples_are_understood_without_a_warning(binary, tmp_path, number):
    text = examples()[number]
    if text.startswith("<"):
        source = (f"<source>\n@type tail\npath {tmp_path}/*.log\npos_file {tmp_path}/positions\n"
                  "tag app.logs\n<parse>\n@type json\n</parse>\n</source>\n")
    else:
        source = f"[INPUT]\n    Name tail\n    Path {tmp_path}/*.log\n    DB {tmp_path}/db\n"
    path = tmp_path / "fluent.conf"
    path.write_text(source + text)
    names = re.findall(r"ENV\['(\w+)'\]|\$\{([A-Z_]+)\}", text)
    environment = {name: "value" for pair in names for name in pair if name}
    result = subprocess.run([binary, "validate", path], capture_output=True, text=True,
                            env={**os.environ, **environment})
    assert result.stdout.startswith("ok: 1 log sources, 1 sinks, 0 warnings"), (
        result.stdout + result.stderr)
