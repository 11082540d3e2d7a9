"""The log shipper: the output of a process, and standard input."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness.elastic import Elastic
from harness.shipper import Shipper
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only

OUTPUT = """
[OUTPUT]
    Name file
    Match *
    Path {folder}
    File out.txt
"""


def wrap(folder, command, more="Exit_After_Oneshot true\n    Propagate_Exit_Code true"):
    return f"""
[INPUT]
    Name exec
    Tag app
    Command {command}
    {more}
""" + OUTPUT.format(folder=folder)


def records(folder):
    path = Path(folder) / "out.txt"
    if not path.exists():
        return []
    return [json.loads(line.split("\t", 2)[2]) for line in path.read_text().splitlines()]


def lines(folder, key="exec"):
    return [record.get(key) for record in records(folder)]


def children(process):
    """The processes that a process has started, with their states."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(words[1]) == process:
            found[int(entry.name)] = words[0]
    return found


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_the_end_of_a_wrapped_process_is_that_of_the_shipper(binary, tmp_path):
    command = "echo one; echo two; printf 'no end'; exit 3"
    with Shipper(binary, tmp_path / "shipper", wrap(tmp_path, command), "bit.conf") as shipper:
        assert shipper.process.wait(30) == 3, shipper.said()
    assert lines(tmp_path) == ["one", "two", "no end"]
    assert 'how="its exit code is 3"' in shipper.said()


@pytest.mark.parametrize("ending, code", [("kill -9 $$", 137), ("no-such-program", 127)])
def test_the_exit_code_says_how_the_process_ended(binary, tmp_path, ending, code):
    text = wrap(tmp_path, f"echo last; {ending}")
    with Shipper(binary, tmp_path / "shipper", text, "bit.conf") as shipper:
        assert shipper.process.wait(30) == code, shipper.said()
    assert lines(tmp_path) == ["last"]


def test_a_process_that_closes_its_output_is_waited_for(binary, tmp_path):
    text = wrap(tmp_path, "echo one; exec >&- 2>&-; sleep 0.5; exit 4")
    with Shipper(binary, tmp_path / "shipper", text, "bit.conf") as shipper:
        assert shipper.process.wait(30) == 4, shipper.said()
    assert lines(tmp_path) == ["one"]


def test_what_still_holds_the_output_of_an_ended_process_is_ended_too(binary, tmp_path):
    text = wrap(tmp_path, f"sleep 600 & echo $! > {tmp_path}/pid; echo one; exit 0")
    with Shipper(binary, tmp_path / "shipper", text, "bit.conf") as shipper:
        assert shipper.process.wait(30) == 0, shipper.said()
    assert lines(tmp_path) == ["one"]
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_the_stop_lets_the_process_say_its_last_words(binary, tmp_path):
    script = tmp_path / "app.sh"
    script.write_text("trap 'echo bye; exit 0' TERM\necho hello\nwhile :; do sleep 0.05; done\n")
    text = wrap(tmp_path, f"exec sh {script}", "Oneshot true")
    with Shipper(binary, tmp_path / "shipper", text, "bit.conf") as shipper:
        wait_until(lambda: lines(tmp_path) == ["hello"], "the first line")
        assert shipper.stop() == 0, shipper.said()
    assert lines(tmp_path) == ["hello", "bye"]


def test_a_process_that_ignores_the_stop_is_killed(binary, tmp_path):
    script = tmp_path / "app.sh"
    script.write_text("trap '' TERM\necho $$\nwhile :; do sleep 0.05; done\n")
    text = wrap(tmp_path, f"exec sh {script}", "Oneshot true")
    with Shipper(binary, tmp_path / "shipper", text, "bit.conf") as shipper:
        wait_until(lambda: len(lines(tmp_path)) == 1, "the first line")
        pid = int(lines(tmp_path)[0])
        assert shipper.stop() == 0, shipper.said()
    assert not is_alive(pid)
    assert "did not end when it was asked" in shipper.said()


def test_runs_at_intervals_leave_no_zombies(binary, tmp_path):
    text = f"""
<source>
  @type exec
  tag app
  command printf 'a\\t1\\nb\\t2\\n'
  run_interval 0.05
  <parse>
    @type tsv
    keys name,n
  </parse>
</source>
<match **>
  @type file
  path {tmp_path}/out
  append true
  <buffer>
    flush_interval 0.1
  </buffer>
</match>
"""
    with Shipper(binary, tmp_path / "shipper", text) as shipper:
        def seen():
            return "".join(path.read_text() for path in tmp_path.glob("out*") if path.is_file())
        wait_until(lambda: seen().count('"name":"b"') >= 10, "ten runs")
        assert "Z" not in children(shipper.process.pid).values()
        assert shipper.stop() == 0, shipper.said()
    assert '"n":"1"' in seen() or '"n":1' in seen()
    assert "has ended" not in shipper.said()


def test_a_hundred_megabytes_go_through_in_little_memory(binary, tmp_path):
    text = wrap(tmp_path, f"yes {'x' * 4000} | head -c 104857600")
    text = text.replace("Name file", "Name null").replace(f"Path {tmp_path}", "").replace(
        "File out.txt", "")
    with Shipper(binary, tmp_path / "shipper", text, "bit.conf") as shipper:
        most = 0
        while shipper.process.poll() is None:
            try:
                status = Path(f"/proc/{shipper.process.pid}/status").read_text()
                most = max(most, int(status.split("VmHWM:")[1].split()[0]))
            except (OSError, IndexError):
                pass
            try:
                shipper.process.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
        assert shipper.process.returncode == 0, shipper.said()
    assert 0 < most < 200_000, f"{most} KiB"


def test_a_sink_that_takes_nothing_lets_the_process_wait(binary, tmp_path):
    count = 12_000
    # Each line tells how far the process came; without a waiting reader it would be at its end.
    script = tmp_path / "app.py"
    script.write_text(f"""
import sys
for n in range({count}):
    sys.stdout.write('{{"n":%d,"text":"%s"}}\\n' % (n, "x" * 1000))
    if n % 100 == 0:
        open({str(tmp_path / 'reached')!r}, "w").write(str(n))
""")
    with Elastic() as elastic:
        elastic.is_down = True
        text = f"""
<source>
  @type exec
  tag app
  command exec python3 {script}
  <parse>
    @type json
  </parse>
</source>
<match **>
  @type elasticsearch
  host 127.0.0.1
  port {elastic.port}
  index_name app
  <buffer>
    @type memory
    flush_interval 0.1
    retry_wait 0.05
    retry_max_interval 0.2
    total_limit_size 1m
    chunk_limit_size 256k
  </buffer>
</match>
"""
        with Shipper(binary, tmp_path / "shipper", text) as shipper:
            reached = tmp_path / "reached"
            wait_until(lambda: reached.exists() and int(reached.read_text() or 0) >= 100,
                       "the process to write")
            seen = [-1, 0.0]

            def stands_still():
                now = int(reached.read_text() or seen[0])
                if now != seen[0]:
                    seen[:] = [now, time.monotonic()]
                return time.monotonic() - seen[1] > 1.5
            wait_until(stands_still, "the process to wait", 40)
            assert seen[0] < count / 4
            with elastic.changed:
                elastic.is_down = False
            elastic.wait(lambda elastic: len(elastic.documents) == count, "every line", 120)
            assert shipper.stop() == 0, shipper.said()
        assert sorted(elastic.values("n")) == list(range(count))


def run_with_input(binary, folder, text, data=None, file=None):
    path = folder / "bit.conf"
    path.write_text(text)
    output = open(folder / "said.txt", "ab")
    process = subprocess.Popen(
        [binary, "run", str(path), "--log-state", str(folder / "state")],
        stdin=file or subprocess.PIPE, stdout=output, stderr=output, cwd=folder)
    try:
        process.communicate(data, timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return process.returncode


STDIN = "[INPUT]\n    Name stdin\n    Tag app\n"


def test_standard_input_is_shipped_to_its_end(binary, tmp_path):
    data = b"".join(b'{"n":%d}\n' % n for n in range(50_000)) + b'{"n":50000}'
    assert run_with_input(binary, tmp_path, STDIN + OUTPUT.format(folder=tmp_path), data) == 0
    assert [record["n"] for record in records(tmp_path)] == list(range(50_001))


def test_standard_input_may_be_a_file(binary, tmp_path):
    (tmp_path / "in.jsonl").write_text("".join('{"n":%d}\n' % n for n in range(1000)))
    with open(tmp_path / "in.jsonl", "rb") as file:
        assert run_with_input(
            binary, tmp_path, STDIN + OUTPUT.format(folder=tmp_path), file=file) == 0
    assert [record["n"] for record in records(tmp_path)] == list(range(1000))


def test_the_stop_takes_what_standard_input_holds(binary, tmp_path):
    path = tmp_path / "bit.conf"
    path.write_text(STDIN + OUTPUT.format(folder=tmp_path))
    reading, writing = os.pipe()
    said = tmp_path / "said.txt"
    with open(said, "ab") as output:
        process = subprocess.Popen(
            [binary, "run", str(path), "--log-state", str(tmp_path / "state")],
            stdin=reading, stdout=output, stderr=output)
    os.close(reading)
    try:
        os.write(writing, b'{"n":1}\n')
        wait_until(lambda: len(records(tmp_path)) == 1, "the first line")
        os.write(writing, b'{"n":2}\n{"n":3}')
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, said.read_text()
    finally:
        os.close(writing)
        if process.poll() is None:
            process.kill()
            process.wait()
    assert [record["n"] for record in records(tmp_path)] == [1, 2, 3]


def test_a_line_longer_than_the_limit_comes_in_marked_pieces(binary, tmp_path):
    text = wrap(tmp_path, "head -c 10000 /dev/zero | tr '\\0' x; echo; echo next",
                "Exit_After_Oneshot true\n    Buf_Size 4096")
    with Shipper(binary, tmp_path / "shipper", text, "bit.conf") as shipper:
        assert shipper.process.wait(30) == 0, shipper.said()
    found = records(tmp_path)
    assert [record.get("log_partial") for record in found] == ["more", "more", "last", None]
    assert "".join(record["exec"] for record in found[:3]) == "x" * 10_000
    assert found[3]["exec"] == "next"
