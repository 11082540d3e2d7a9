"""No line is lost, and hardly one comes twice: random lives of a log file, a shipper and a backend.

Each sequence writes numbered lines through random rotations, truncations, kills of the shipper and
faults of the backend, and then asks the backend what it has. `PILLION_SEQUENCES=500` makes more of
them. A line may come twice only where the shipper was killed: a file that is copied and truncated in
the moment after is not always known again.
"""

import gzip
import os
import random
import shutil
import time

import pytest

from harness.elastic import Elastic, Fault
from harness.shipper import Shipper

pytestmark = pytest.mark.pillion_only

EACH = 10
SEQUENCES = int(os.environ.get("PILLION_SEQUENCES", "100"))

CONFIGURATION = """
<source>
  @type tail
  path {logs}/app.log*
  exclude_path ["{logs}/*.gz"]
  pos_file {logs}/../positions
  tag app.logs
  read_from_head true
  rotate_wait 1
  <parse>
    @type json
  </parse>
</source>
<match app.**>
  @type elasticsearch
  host 127.0.0.1
  port {port}
  index_name app
  request_timeout 1s
  <buffer>
    flush_interval 0.05
    retry_wait 0.02
    retry_max_interval 0.1
    retry_forever true
    chunk_limit_size {chunk}
    total_limit_size {total}
  </buffer>
</match>
"""


class Life:
    """One sequence."""

    def __init__(self, seed, binary, folder, elastic):
        self.random = random.Random(seed)
        self.elastic = elastic
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        self.path = self.logs / "app.log"
        self.written = 0
        self.rotations = 0
        self.did = []
        text = CONFIGURATION.format(
            logs=self.logs, port=elastic.port, chunk=self.random.choice(["1k", "8k", "1m"]),
            total=self.random.choice(["4k", "64k", "8m"]),
        )
        self.shipper = Shipper(binary, folder / "shipper", text)
        self.file = open(self.path, "ab", buffering=0)
        self.rest = b""

    # What may happen

    def write(self):
        lines = []
        for _ in range(self.random.randint(1, 60)):
            self.written += 1
            lines.append(b'{"n":%d,"text":"%s"}\n' % (
                self.written, b"x" * self.random.choice([0, 10, 300])))
        data = self.rest + b"".join(lines)
        # Now and then a line is only half there for a while.
        cut = len(data)
        if self.random.random() < 0.3:
            cut -= self.random.randint(1, len(lines[-1]))
        self.file.write(data[:cut])
        self.rest = data[cut:]

    def finish_line(self):
        if self.rest:
            self.file.write(self.rest)
            self.rest = b""

    def rename(self):
        self.finish_line()
        self.rotations += 1
        os.rename(self.path, self.logs / f"app.log.{self.rotations}")
        if self.random.random() < 0.5:
            # The application holds its file a little longer than the rotation takes.
            self.write()
            self.finish_line()
        self.file.close()
        self.file = open(self.path, "ab", buffering=0)

    def rename_away(self):
        """To a name that no glob is for; what was never seen under its own name is nobody's."""
        self.write()
        self.finish_line()
        self.wait_all()
        self.write()
        self.finish_line()
        self.rotations += 1
        os.rename(self.path, self.logs / f"old-{self.rotations}")
        self.file.close()
        self.file = open(self.path, "ab", buffering=0)

    def copy_and_truncate(self):
        self.finish_line()
        self.rotations += 1
        shutil.copyfile(self.path, self.logs / f"app.log.{self.rotations}")
        self.file.truncate(0)

    def compress_old(self):
        names = sorted(self.logs.glob("app.log.[0-9]*"))
        names = [name for name in names if name.suffix != ".gz"]
        if not names:
            return
        # Only what was delivered is compressed: logrotate's delaycompress.
        self.wait_all()
        name = self.random.choice(names)
        with open(name, "rb") as source, gzip.open(f"{name}.gz", "wb") as target:
            shutil.copyfileobj(source, target)
        name.unlink()

    def delete_delivered(self):
        names = sorted(self.logs.glob("app.log.[0-9]*"))
        if names:
            self.wait_all()
            self.random.choice(names).unlink()

    def truncate_delivered(self):
        self.finish_line()
        self.wait_all()
        self.file.truncate(0)

    def kill(self):
        self.shipper.kill()
        if self.random.random() < 0.5:
            self.random.choice([self.write, self.rename, self.write])()
        self.shipper.start()

    def restart(self):
        assert self.shipper.stop() == 0, self.shipper.said()
        self.shipper.start()

    def fault(self):
        with self.elastic.changed:
            count = self.random.randint(1, 3)
            self.elastic.faults += [self.random.choice(Fault.ALL) for _ in range(count)]

    def pause(self):
        time.sleep(self.random.choice([0.005, 0.02, 0.06]))

    # The end

    def delivered(self):
        with self.elastic.changed:
            found = [document["n"] for document in self.elastic.documents.values()]
            found += [document["n"] for document in self.elastic.refused]
        return found

    def wait_all(self):
        """Until all that is written as whole lines is delivered."""
        with self.elastic.changed:
            self.elastic.faults.clear()
        whole = self.written - (1 if self.rest else 0)
        expected = set(range(1, whole + 1))

        def all_there(elastic):
            found = {document["n"] for document in elastic.documents.values()}
            found |= {document["n"] for document in elastic.refused}
            return expected <= found

        try:
            self.elastic.wait(all_there, "all lines")
        except AssertionError:
            missing = sorted(expected - set(self.delivered()))
            raise AssertionError(
                f"{len(missing)} lines are lost: {missing[:20]} after {self.did}\n"
                f"{self.shipper.said()[-3000:]}"
            ) from None

    def run(self):
        actions = (
            [self.write] * 6 + [self.pause] * 5 + [self.fault] * 3
            + [self.rename] * 2 + [self.copy_and_truncate, self.rename_away, self.kill, self.restart,
               self.compress_old, self.delete_delivered, self.truncate_delivered]
        )
        with self.shipper:
            for _ in range(self.random.randint(6, 14)):
                action = self.random.choice(actions)
                self.did.append(action.__name__)
                action()
            self.finish_line()
            self.wait_all()
            assert self.shipper.stop() == 0, self.shipper.said()
        with self.elastic.changed:
            found = [document["n"] for document in self.elastic.documents.values()]
        twice = {number for number in found if found.count(number) > 1}
        assert not twice or "kill" in self.did, f"{len(twice)} lines came twice: {sorted(twice)[:20]} after {self.did}"


@pytest.mark.parametrize("first", range(0, SEQUENCES, EACH))
def test_every_line_arrives(first, binary, tmp_path):
    for seed in range(first, first + EACH):
        with Elastic() as elastic:
            Life(seed, binary, tmp_path / str(seed), elastic).run()
