"""What the log shippers read: lines of JSON, and a configuration for each of them."""

import json
import random
from pathlib import Path

SEED = 7
PATHS = ["/api/v1/orders", "/api/v1/orders/8841/items", "/healthz", "/api/v1/users/me"]
TEXTS = ["order accepted", "payment declined: card \"visa\" expired", "cache miss for key user:42",
         "retrying upstream call\tattempt=2", "slow query: SELECT * FROM orders WHERE id = \"8841\"",
         "übergabe an das Lager abgeschlossen", "C:\\spool\\out.dat was rotated"]


def lines(count, seed=SEED):
    """So many lines of about 260 bytes with eight fields; the same for the same seed."""
    chance = random.Random(seed)
    # What comes after the time is drawn for ten thousand lines, and then comes again.
    ends = [json.dumps({
        "level": chance.choice(["info", "info", "info", "warn", "error", "debug"]),
        "message": chance.choice(TEXTS),
        "duration_ms": round(chance.expovariate(0.05), 3),
        "status": chance.choice([200, 200, 201, 404, 500]),
        "trace_id": f"{chance.getrandbits(128):032x}",
        "request": {"method": chance.choice(["GET", "POST"]), "path": chance.choice(PATHS),
                    "bytes": chance.randrange(100_000)},
        "user": f"user-{chance.randrange(10_000)}",
    }, ensure_ascii=False, separators=(",", ":"))[1:] + "\n" for _ in range(min(count, 10_000))]
    for number in range(count):
        seconds, fraction = divmod(number, 1000)
        minutes, seconds = divmod(seconds, 60)
        yield (f'{{"time":"2026-03-01T{minutes // 60 % 24:02d}:{minutes % 60:02d}:{seconds:02d}.'
               f'{fraction:03d}Z",{ends[number % len(ends)]}')


def write_lines(path, mebibytes):
    """A file of at least so many MiB; returns its lines and bytes."""
    count = size = 0
    with open(path, "wb") as file:
        for line in lines(mebibytes << 13):
            size += file.write(line.encode())
            count += 1
            if size >= mebibytes << 20:
                break
    return count, size


def pillion_file(work, folder, sink_port):
    """A configuration of fluentd; without a port one of fluent-bit, whose null output is a sink like
    any other."""
    path = Path(work, "logs.conf")
    path.write_text(f"""<source>
  @type tail
  path {folder}/*.log
  pos_file {work}/app.pos
  read_from_head true
  tag app.logs
  <parse>
    @type json
    time_key time
    time_type string
    time_format %iso8601
  </parse>
</source>
<match app.**>
  @type elasticsearch
  host 127.0.0.1
  port {sink_port}
  index_name app-logs
  include_timestamp true
</match>
""" if sink_port is not None else f"""[PARSER]
    Name        app
    Format      json
    Time_Key    time
    Time_Format %Y-%m-%dT%H:%M:%S.%L%z
[INPUT]
    Name           tail
    Path           {folder}/*.log
    DB             {work}/app.db
    Read_from_Head On
    Parser         app
    Tag            app.logs
[OUTPUT]
    Name  null
    Match app.*
""")
    return str(path)


def rsyslog_file(work, folder, sink_port, parses):
    """`parses`: each line is read as JSON and written again, as Pillion does it; otherwise it is the
    document as it stands."""
    value = "$!all-json-plain" if parses else "msg"
    # imfile waits while the queue is full: nothing is thrown away. Without a port there is nothing to
    # do with a record once it is parsed.
    action = "stop" if sink_port is None and parses else (
        'action(type="omfile" file="/dev/null" template="document")' if sink_port is None else
        f'action(type="omelasticsearch" server="127.0.0.1" serverport="{sink_port}" '
        'searchIndex="app-logs" searchType="" template="document" bulkmode="on" maxbytes="1m" '
        'action.resumeRetryCount="-1")')
    path = Path(work, "rsyslog.conf")
    path.write_text(f"""global(workDirectory="{work}" maxMessageSize="64k")
module(load="imfile")
module(load="mmjsonparse")
module(load="omelasticsearch")
template(name="document" type="list") {{ property(name="{value}") }}
input(type="imfile" file="{folder}/*.log" tag="app" ruleset="ship" freshStartTail="off")
ruleset(name="ship" queue.type="LinkedList" queue.size="50000" queue.dequeueBatchSize="4000"
        queue.timeoutEnqueue="60000") {{
  {'action(type="mmjsonparse" cookie="")' if parses else ""}
  {action}
}}
""")
    return str(path)
