"""The log shipper's configuration: the short form, conversions, and changes while it runs."""

import json
import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from harness.shipper import Shipper
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only


def validate(binary, path, *more):
    return subprocess.run([binary, "validate", str(path), *more], capture_output=True, text=True,
                          timeout=30)


def short(tmp_path, more="", out="out.log"):
    return (
        "logs:\n  sources:\n"
        f"    - tail: {tmp_path}/app.log\n      parse: json\n      from: start\n{more}"
        f"  sinks:\n    - file: {tmp_path}/{out}\n      buffer: {{flush: 20ms}}\n"
    )


def numbers(path):
    if not path.exists():
        return []
    return [json.loads(line)["n"] for line in path.read_text().splitlines() if line]


def append(path, first, last):
    with open(path, "a") as file:
        for n in range(first, last + 1):
            file.write('{"n":%d}\n' % n)


def wait_numbers(path, first, last, what):
    wait_until(lambda: set(range(first, last + 1)) <= set(numbers(path)), what, 20)


def test_four_lines_ship_a_file(binary, tmp_path):
    append(tmp_path / "app.log", 1, 50)
    with Shipper(binary, tmp_path / "shipper", short(tmp_path), name="logs.yaml") as shipper:
        wait_numbers(tmp_path / "out.log", 1, 50, "what was there")
        append(tmp_path / "app.log", 51, 60)
        wait_numbers(tmp_path / "out.log", 51, 60, "what came later")
        assert shipper.stop() == 0, shipper.said()
    assert numbers(tmp_path / "out.log") == list(range(1, 61))


@pytest.mark.parametrize("rest", [
    "apiVersion: pillion.dev/v1\nkind: SidecarConfig\nmetadata: {name: a}\n"
    "spec: {outbound: {b: {listen: 0, to: '127.0.0.1:9'}}}\n",
    "static_resources: {}\nadmin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}\n",
], ids=["short form", "bootstrap"])
def test_the_sidecars_file_may_say_it_too(binary, tmp_path, rest):
    rest = rest.replace("listen: 0", "listen: 127.0.0.1:18099")
    append(tmp_path / "app.log", 1, 5)
    with Shipper(binary, tmp_path / "shipper", rest + short(tmp_path),
                 name="sidecar.yaml") as shipper:
        done = validate(binary, shipper.path)
        assert done.returncode == 0, done.stderr
        assert "ok: 1 log sources, 1 sinks, 0 warnings" in done.stdout
        assert " clusters, " in done.stdout
        wait_numbers(tmp_path / "out.log", 1, 5, "the lines")
        assert shipper.stop() == 0, shipper.said()


FRAGMENTS = Path(__file__).parent / "data" / "log_fragments.json"


@pytest.mark.parametrize("case", json.loads(FRAGMENTS.read_text()) if FRAGMENTS.exists() else [],
                         ids=lambda case: case["text"][:40])
def test_what_is_wrong_is_said_where_it_stands(binary, tmp_path, case):
    path = tmp_path / "logs.yaml"
    path.write_text(case["text"])
    done = validate(binary, path)
    assert done.returncode == 2, done.stdout
    assert done.stderr.replace(str(path), "logs.yaml").splitlines() == case["said"]


FLUENTD = """
<source>
  @type tail
  path {folder}/app.log
  pos_file {folder}/app.pos
  read_from_head true
  tag app
  <parse>
    @type json
  </parse>
</source>
<filter app>
  @type record_transformer
  <record>
    who ${{tag}}
  </record>
</filter>
<match app>
  @type file
  path {folder}/out.log
  append true
  <format>
    @type json
  </format>
  <buffer>
    @type memory
    flush_interval 0.05
  </buffer>
</match>
"""
FLUENT_BIT = """
pipeline:
  inputs:
    - {{name: tail, path: {folder}/app.log, parser: json, read_from_head: true, tag: app}}
  filters:
    - {{name: modify, match: '*', add: who app}}
  outputs:
    - {{name: stdout, match: '*', format: json_lines}}
"""


def test_a_converted_fluentd_file_does_the_same(binary, tmp_path):
    source = tmp_path / "fluent.conf"
    source.write_text(FLUENTD.format(folder=tmp_path))
    append(tmp_path / "app.log", 1, 20)
    done = subprocess.run([binary, "logs", "convert", str(source)], capture_output=True, text=True,
                          timeout=30)
    assert done.returncode == 0, done.stderr
    again = tmp_path / "logs.yaml"
    again.write_text(done.stdout)
    twice = subprocess.run([binary, "logs", "convert", str(again)], capture_output=True, text=True,
                           timeout=30)
    assert twice.stdout == done.stdout
    with Shipper(binary, tmp_path / "shipper", done.stdout, name="logs.yaml") as shipper:
        wait_until(lambda: len(written(tmp_path)) == 20, "the lines")
        assert shipper.stop() == 0, shipper.said()
    assert all(json.loads(line)["who"] == "app" for line in written(tmp_path))


def written(folder):
    return [line for path in folder.glob("out.log*") for line in path.read_text().splitlines()]


def test_fluent_bits_yaml_runs_and_converts(binary, tmp_path):
    append(tmp_path / "app.log", 1, 3)
    text = FLUENT_BIT.format(folder=tmp_path)
    with Shipper(binary, tmp_path / "shipper", text, name="fluent-bit.yaml") as shipper:
        assert validate(binary, shipper.path).returncode == 0
        wait_until(lambda: shipper.said().count('"who":"app"') == 3, "the lines")
        done = subprocess.run([binary, "logs", "convert", str(shipper.path)], capture_output=True,
                              text=True, timeout=30)
        assert done.returncode == 0 and "stdout: " in done.stdout
        assert shipper.stop() == 0, shipper.said()


@pytest.mark.parametrize("name", ["fluent-logstash.conf", "fluent-index.conf"])
def test_files_as_printed_convert(binary, tmp_path, name):
    seed = Path(__file__).parents[2] / "shared" / "seeds" / name
    if not seed.exists():
        pytest.skip("the file is not there")
    env = dict(os.environ, FLUENT_ELASTICSEARCH_HOST="es", FLUENT_ELASTICSEARCH_PORT="9200")
    done = subprocess.run([binary, "logs", "convert", str(seed)], capture_output=True, text=True,
                          timeout=30, env=env)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "logs.yaml"
    path.write_text(done.stdout)
    again = subprocess.run([binary, "logs", "convert", str(path)], capture_output=True, text=True,
                           timeout=30)
    assert again.stdout == done.stdout, again.stderr
    assert validate(binary, path).returncode == 0


# Changes while it runs.

def replace(path, text):
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.rename(path)


def test_a_change_loses_and_repeats_no_line(binary, tmp_path):
    append(tmp_path / "app.log", 1, 100)
    with Shipper(binary, tmp_path / "shipper", short(tmp_path), name="logs.yaml") as shipper:
        wait_numbers(tmp_path / "out.log", 1, 100, "the first lines")
        for change in range(5):
            first = 101 + change * 100
            append(tmp_path / "app.log", first, first + 49)
            replace(shipper.path, short(tmp_path, f"  filters:\n    - set: {{change: c{change}}}\n"))
            append(tmp_path / "app.log", first + 50, first + 99)
            wait_until(
                lambda: shipper.said().count("log configuration taken over") == change + 1,
                "the change")
        append(tmp_path / "app.log", 601, 610)
        wait_numbers(tmp_path / "out.log", 1, 610, "all lines")
        assert shipper.stop() == 0, shipper.said()
    assert sorted(numbers(tmp_path / "out.log")) == list(range(1, 611))
    last = [json.loads(line) for line in (tmp_path / "out.log").read_text().splitlines()]
    assert all(record["change"] == "c4" for record in last if record["n"] > 600)


@pytest.mark.parametrize("text", [
    '{"logs": %s}', '# a comment\n{"logs": %s}\n', '---\n  "logs": %s\n', "'logs' : %s\n",
    "&all {\n  'logs': %s }\n", "\ufefflogs: %s\n",
], ids=["json", "comment", "indented", "quoted", "anchor", "mark"])
def test_however_it_is_written_it_is_known_as_the_log_shippers(binary, tmp_path, text):
    path = tmp_path / "any.yaml"
    logs = {"sources": [{"tail": f"{tmp_path}/a.log"}], "sinks": [{"file": f"{tmp_path}/out"}]}
    path.write_text(text % json.dumps(logs), encoding="utf-8")
    done = validate(binary, path)
    assert (done.returncode, done.stdout) == (0, "ok: 1 log sources, 1 sinks, 0 warnings\n"), done


def test_a_bad_change_is_said_and_the_last_good_one_goes_on(binary, tmp_path):
    append(tmp_path / "app.log", 1, 5)
    good = short(tmp_path)
    with Shipper(binary, tmp_path / "shipper", good, name="logs.yaml") as shipper:
        wait_numbers(tmp_path / "out.log", 1, 5, "the first lines")
        replace(shipper.path, good.replace("parse: json", "parse: jsn"))
        shipper.wait_said('is not a parser')
        shipper.wait_said("log configuration refused; the last good one goes on")
        append(tmp_path / "app.log", 6, 10)
        wait_numbers(tmp_path / "out.log", 6, 10, "lines after a bad change")
        replace(shipper.path, good.replace("from: start", "from: start\n      tag: other"))
        shipper.wait_said("log configuration taken over")
        append(tmp_path / "app.log", 11, 15)
        wait_numbers(tmp_path / "out.log", 11, 15, "lines after a good change")
        assert shipper.stop() == 0, shipper.said()
    assert sorted(numbers(tmp_path / "out.log")) == list(range(1, 16))


def test_a_file_that_is_included_is_watched_too(binary, tmp_path):
    append(tmp_path / "app.log", 1, 5)
    text = FLUENTD.format(folder=tmp_path)
    begin = text.index("<filter")
    end = text.index("<match")
    (tmp_path / "shipper" / "conf.d").mkdir(parents=True)
    included = tmp_path / "shipper" / "conf.d" / "filter.conf"
    included.write_text(text[begin:end])
    text = text[:begin] + "@include conf.d/*.conf\n" + text[end:]
    with Shipper(binary, tmp_path / "shipper", text) as shipper:
        wait_until(lambda: len(written(tmp_path)) == 5, "the first lines")
        replace(included, included.read_text().replace("who ${tag}", "who changed"))
        shipper.wait_said("log configuration taken over")
        append(tmp_path / "app.log", 6, 8)
        wait_until(lambda: len(written(tmp_path)) == 8, "lines after the change")
        assert shipper.stop() == 0, shipper.said()
    assert sum("changed" in line for line in written(tmp_path)) == 3


def test_what_means_the_same_changes_nothing(binary, tmp_path):
    append(tmp_path / "app.log", 1, 5)
    good = short(tmp_path)
    with Shipper(binary, tmp_path / "shipper", good, name="logs.yaml") as shipper:
        wait_numbers(tmp_path / "out.log", 1, 5, "the first lines")
        replace(shipper.path, "# a comment\n" + good)
        os.kill(shipper.process.pid, signal.SIGHUP)
        replace(shipper.path, good.replace("from: start", "from: start\n      tag: other"))
        shipper.wait_said("log configuration taken over")
        assert shipper.stop() == 0, shipper.said()
        taken = re.findall(r"log configuration taken over.*version=(\d+)", shipper.said())
    assert taken == ["2"], shipper.said()


def test_one_process_at_a_time_ships_and_a_takeover_loses_and_repeats_nothing(binary, tmp_path):
    """The new process has the sockets at once, and the files once the old one has stopped reading."""
    append(tmp_path / "app.log", 1, 50)
    args = ["--takeover-socket", str(tmp_path / "takeover"), "--drain-time", "5"]
    text = short(tmp_path)
    with Shipper(binary, tmp_path / "shipper", text, name="logs.yaml", args=args) as shipper:
        for round in range(3):
            first = 100 * round
            append(tmp_path / "app.log", first + 51, first + 100)
            wait_numbers(tmp_path / "out.log", first + 51, first + 100, "lines before a takeover")
            old = shipper.process
            append(tmp_path / "app.log", first + 101, first + 125)
            shipper.start()
            append(tmp_path / "app.log", first + 126, first + 150)
            assert old.wait(20) == 0, shipper.said()
            wait_numbers(tmp_path / "out.log", first + 101, first + 150, "lines of a takeover")
        assert shipper.stop() == 0, shipper.said()
    assert sorted(numbers(tmp_path / "out.log")) == list(range(1, 351))


def test_a_second_process_says_for_whom_it_waits(binary, tmp_path):
    append(tmp_path / "app.log", 1, 5)
    with Shipper(binary, tmp_path / "shipper", short(tmp_path), name="logs.yaml") as first:
        wait_numbers(tmp_path / "out.log", 1, 5, "the first lines")
        second = Shipper(binary, tmp_path / "shipper", short(tmp_path), name="logs.yaml")
        second.output = tmp_path / "second.txt"
        with second:
            second.wait_said(f"another process ships from {second.state}")
            append(tmp_path / "app.log", 6, 10)
            wait_numbers(tmp_path / "out.log", 6, 10, "lines of the first")
            first.kill()
            append(tmp_path / "app.log", 11, 15)
            wait_numbers(tmp_path / "out.log", 11, 15, "lines of the second")
            assert second.stop() == 0, second.said()
    assert set(numbers(tmp_path / "out.log")) == set(range(1, 16))


def test_every_metric_is_in_the_reference(binary, tmp_path):
    text = short(tmp_path)
    with Shipper(binary, tmp_path / "shipper", text, name="logs.yaml",
                 args=["--admin", "127.0.0.1:0"]) as shipper:
        shipper.wait_said("admin bound")
        address = re.search(r"admin bound.*address=\"?([0-9.:]+)", shipper.said()).group(1)
        with urllib.request.urlopen(f"http://{address}/stats/prometheus", timeout=10) as answer:
            families = re.findall(r"# TYPE (pillion_logs_\w+)", answer.read().decode())
        assert shipper.stop() == 0, shipper.said()
    page = (Path(__file__).parents[1] / "docs" / "reference" / "logs-metrics.md").read_text()
    assert len(families) > 20
    assert [name for name in families if f"`{name}`" not in page] == []
