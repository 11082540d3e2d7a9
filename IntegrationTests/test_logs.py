"""The log shipper: a sink that is down, positions of other programs."""

import os
import sqlite3

import pytest

from harness.elastic import Elastic
from harness.shipper import Shipper

pytestmark = pytest.mark.pillion_only

SOURCE = """
<source>
  @type tail
  path {logs}/app.log
  pos_file {logs}/positions
  tag app
  read_from_head {head}
  <parse>
    @type json
  </parse>
</source>
"""
SINK = """
  @type elasticsearch
  host 127.0.0.1
  port {port}
  index_name app
  <buffer>
    @type memory
    flush_interval 0.05
    retry_wait 0.02
    retry_max_interval 0.1
    total_limit_size 64k
    chunk_limit_size 8k
  </buffer>
"""


def lines(first, last):
    return "".join('{"n":%d,"text":"%s"}\n' % (n, "x" * 100) for n in range(first, last + 1))


def has(first, last):
    return lambda elastic: set(range(first, last + 1)) <= {
        document.get("n") for document in elastic.documents.values()}


def test_a_sink_that_is_down_holds_up_no_other(binary, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    with Elastic() as up, Elastic() as down:
        down.is_down = True
        stores = "".join(f"<store>{SINK.format(port=one.port)}</store>\n" for one in (up, down))
        text = SOURCE.format(logs=logs, head="true") + f"<match app>\n@type copy\n{stores}</match>\n"
        # Many times what the buffer of the one that is down takes.
        (logs / "app.log").write_text(lines(1, 5000))
        with Shipper(binary, tmp_path / "shipper", text) as shipper:
            up.wait(has(1, 5000), "everything at the sink that is up")
            assert not down.documents
            with down.changed:
                down.is_down = False
            down.wait(has(1, 5000), "everything at the other, once it is up")
            assert shipper.stop() == 0, shipper.said()
        for one in (up, down):
            assert len(one.documents) == 5000


def positions_of_fluentd(folder, path, offset):
    inode = os.stat(path).st_ino
    (folder / "positions").write_text(f"{path}\t{offset:016x}\t{inode:016x}\n")


def test_a_move_from_fluentd_neither_loses_nor_repeats(binary, tmp_path):
    path = tmp_path / "app.log"
    path.write_text(lines(1, 20))
    positions_of_fluentd(tmp_path, path, len(lines(1, 7)))
    before = (tmp_path / "positions").read_text()
    with Elastic() as elastic:
        text = SOURCE.format(logs=tmp_path, head="false") + (
            f"<match app>{SINK.format(port=elastic.port)}</match>\n")
        with Shipper(binary, tmp_path / "shipper", text) as shipper:
            elastic.wait(has(8, 20), "the lines after the position")
            assert shipper.stop() == 0, shipper.said()
        assert sorted(elastic.values("n")) == list(range(8, 21))
    assert (tmp_path / "positions").read_text() == before


def test_a_move_from_fluent_bit_neither_loses_nor_repeats(binary, tmp_path):
    path = tmp_path / "app.log"
    path.write_text(lines(1, 20))
    with sqlite3.connect(tmp_path / "tail.db") as database:
        database.execute("CREATE TABLE in_tail_files (id INTEGER PRIMARY KEY, name TEXT NOT NULL, "
                         "offset INTEGER, inode INTEGER, created INTEGER, rotated INTEGER)")
        database.execute("INSERT INTO in_tail_files (name, offset, inode, created, rotated) "
                         "VALUES (?, ?, ?, 0, 0)",
                         (str(path), len(lines(1, 7)), os.stat(path).st_ino))
    with Elastic() as elastic:
        text = f"""
[PARSER]
    Name   j
    Format json
[INPUT]
    Name   tail
    Path   {path}
    Parser j
    Tag    app
    DB     {tmp_path}/tail.db
[OUTPUT]
    Name   es
    Match  *
    Host   127.0.0.1
    Port   {elastic.port}
    Index  app
    Suppress_Type_Name On
"""
        with Shipper(binary, tmp_path / "shipper", text) as shipper:
            elastic.wait(has(8, 20), "the lines after the position")
            assert shipper.stop() == 0, shipper.said()
        assert sorted(elastic.values("n")) == list(range(8, 21))
