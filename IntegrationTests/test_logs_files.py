"""Files that no log shipper likes: huge lines, ten thousand files, and those that can't be read."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness.elastic import Elastic
from harness.shipper import Shipper
from harness.waiting import wait_until

pytestmark = pytest.mark.pillion_only

CONFIGURATION = """
<source>
  @type tail
  path {path}
  pos_file {folder}/positions
  tag app
  read_from_head true
  rotate_wait 1
  {more}
  <parse>
    @type {parser}
  </parse>
</source>
{filters}
<match app>
  @type elasticsearch
  host 127.0.0.1
  port {port}
  index_name app
  <buffer>
    @type memory
    flush_interval 0.05
    retry_wait 0.02
    retry_max_interval 0.1
  </buffer>
</match>
"""
ONLY_OBJECTS = r"""
<filter app>
  @type grep
  <regexp>
    key message
    pattern /^\{/
  </regexp>
</filter>
"""


def configuration(folder, elastic, path, parser="json", more="", filters=""):
    return CONFIGURATION.format(folder=folder, port=elastic.port, path=path, parser=parser, more=more,
                                filters=filters)


@pytest.mark.parametrize("more", ["", "max_line_size 1m"])
def test_a_line_of_a_gigabyte_takes_little_memory(binary, tmp_path, more):
    path = tmp_path / "app.log"
    with open(path, "wb") as file:
        file.truncate(1 << 30)
        file.seek(0, os.SEEK_END)
        file.write(b'\n{"n":1}\n')
    with Elastic() as elastic:
        text = configuration(tmp_path, elastic, path, "none", more, ONLY_OBJECTS)
        with Shipper(binary, tmp_path / "shipper", text) as shipper:
            elastic.wait(lambda one: one.documents, "the line after it", 50)
            assert shipper.peak_memory() < 200 << 20
            assert shipper.stop() == 0, shipper.said()
        assert elastic.values("message") == ['{"n":1}']


def test_ten_thousand_files_are_followed(binary, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    count = 10_000
    for number in range(count):
        (logs / f"app-{number}.log").write_text('{"n":%d,"text":"the first of its file"}\n' % number)
    with Elastic() as elastic:
        text = configuration(tmp_path, elastic, logs / "*.log")
        with Shipper(binary, tmp_path / "shipper", text, descriptors=16_384) as shipper:
            elastic.wait(lambda one: len(one.documents) == count, "a line of each", 50)
            (logs / "app-77.log").write_text('{"n":77,"text":"the first of its file"}\n{"n":-1}\n')
            elastic.wait(lambda one: len(one.documents) == count + 1, "one line more", 20)
            assert shipper.peak_memory() < 250 << 20
            assert shipper.open_files() < 16_384 * 3 // 4 + 100
            assert shipper.stop() == 0, shipper.said()


def test_more_files_than_descriptors_are_said_and_wait_their_turn(binary, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(300):
        (logs / f"app-{number:03}.log").write_text('{"n":%d,"text":"the first of its file"}\n' % number)
    with Elastic() as elastic:
        text = configuration(tmp_path, elastic, logs / "*.log")
        with Shipper(binary, tmp_path / "shipper", text, descriptors=256) as shipper:
            shipper.wait_said("log files are not followed for now")
            elastic.wait(lambda one: one.documents, "the lines of those that are")
            followed = set(elastic.values("n"))
            assert len(followed) < 256
            wait_until(lambda: shipper.open_files() < 256, "descriptors that are left for sinks")
            # The others have their turn when these go.
            elastic.wait(lambda one: len(one.documents) >= 100, "all that are followed")
            for number in set(elastic.values("n")):
                (logs / f"app-{number:03}.log").unlink()
            elastic.wait(lambda one: len(one.documents) > len(followed) + 50, "the next ones")
            assert shipper.stop() == 0, shipper.said()


def test_what_becomes_readable_is_read(binary):
    folder = Path(tempfile.mkdtemp(prefix="pillion-unreadable-"))
    user = None
    if os.geteuid() == 0:
        user = 65534
        os.chmod(folder, 0o777)
    try:
        (folder / "shipper").mkdir(mode=0o777)
        os.chmod(folder / "shipper", 0o777)
        path = folder / "app.log"
        path.write_text('{"n":1,"text":"not for everybody"}\n')
        path.chmod(0)
        with Elastic() as elastic:
            text = configuration(folder, elastic, path)
            try:
                shipper = Shipper(binary, folder / "shipper", text, user=user).start()
            except PermissionError:
                pytest.skip("the binary is not for other users")
            try:
                shipper.wait_said("app.log")
                assert "ermission" in shipper.said()
                path.chmod(0o644)
                elastic.wait(lambda one: one.documents, "the line")
                assert shipper.stop() == 0, shipper.said()
            finally:
                shipper.kill()
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_flood_of_unusable_lines_on_a_full_disk_is_one_message(binary, tmp_path):
    state = tmp_path / "shipper" / "state"
    state.mkdir(parents=True)
    path = tmp_path / "app.log"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", state], check=True)
    try:
        path.write_text("no object\n" * 20_000 + '{"n":1}\n')
        with Elastic() as elastic:
            text = configuration(tmp_path, elastic, path, more="emit_unmatched_lines false")
            with Shipper(binary, tmp_path / "shipper", text) as shipper:
                elastic.wait(lambda one: one.documents, "the one that is")
                assert 1 <= shipper.said().count("can't be kept either") <= 3
    finally:
        subprocess.run(["umount", state], check=True)
