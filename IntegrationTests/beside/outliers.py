"""Who is thrown out for how it answers: outlier detection of every kind, with its events."""

import json
import time

from beside.balancing import point
from beside.case import CLOSE, SILENT, Answer, Ask, Scene, World
from beside.health import served
from beside.parts import bootstrap, cluster, host, listener, route
from harness.waiting import wait_until


def outliers(up):
    def watched(name, names="abc", count=None, fields=None, **detection):
        values = {"interval": "0.1s", "base_ejection_time": "1.5s", "max_ejection_percent": 100,
                  **detection}
        points = [up.dead if one == "!" else point(up, one) for one in names]
        return cluster(name, *points, lb_policy="ROUND_ROBIN", outlier_detection=values,
                       **(fields or {}))

    no_rates = {"enforcing_success_rate": 0, "enforcing_failure_percentage": 0}
    clusters = [
        watched("fives", consecutive_5xx=3, base_ejection_time="0.8s"),
        watched("fives-twice", consecutive_5xx=3),
        watched("fives-off", consecutive_5xx=3, enforcing_consecutive_5xx=0),
        watched("gateway", consecutive_gateway_failure=3, enforcing_consecutive_gateway_failure=100,
                enforcing_consecutive_5xx=0),
        watched("gateway-not", consecutive_gateway_failure=3,
                enforcing_consecutive_gateway_failure=100, enforcing_consecutive_5xx=0),
        watched("local", "a!", consecutive_5xx=2),
        watched("split", "a!", split_external_local_origin_errors=True,
                consecutive_local_origin_failure=2),
        watched("split-resets", split_external_local_origin_errors=True,
                consecutive_local_origin_failure=2),
        watched("half", "abcd", consecutive_5xx=2, max_ejection_percent=50),
        watched("least", "abcd", consecutive_5xx=2, max_ejection_percent=1),
        watched("least-one", "abcd", consecutive_5xx=2, max_ejection_percent=1,
                always_eject_one_host=True),
        watched("rate", "abcde", consecutive_5xx=1000, success_rate_minimum_hosts=5,
                success_rate_request_volume=10, success_rate_stdev_factor=1000, interval="0.3s"),
        watched("percentage", "abcde", consecutive_5xx=1000, enforcing_success_rate=0,
                enforcing_failure_percentage=100, failure_percentage_threshold=50,
                failure_percentage_minimum_hosts=5, failure_percentage_request_volume=10,
                interval="0.3s"),
        watched("grows", consecutive_5xx=2, base_ejection_time="0.3s",
                max_ejection_time="0.65s", interval="0.3s"),
        watched("ejects", consecutive_5xx=2, base_ejection_time="60s"),
        watched("logged", consecutive_5xx=2, base_ejection_time="0.2s", **no_rates),
        watched("panic", "ab", consecutive_5xx=2),
        watched("timeouts", consecutive_5xx=2, consecutive_gateway_failure=2,
                enforcing_consecutive_gateway_failure=100),
    ]
    routes = [route(one["name"], prefix=f"/{one['name']}/", timeout="0.1s") for one in clusters]
    return bootstrap(
        listener(host(*routes)), clusters,
        cluster_manager={"outlier_detection": {"event_log_path": "outliers.log"}})


def ejected(side, name):
    """Endpoints that are out, by the admin page."""
    return sorted(one for one, shown in side.endpoints(name).items()
                  if shown["health_status"].get("failed_outlier_check"))


def fails(side, name, count, answer, *bad):
    """So many requests, of which those to the bad endpoints fail."""
    side.answers([Ask(f"/{name}/", upstream=dict.fromkeys(bad, answer))] * count)


def outlier(name, answer, bad="a", requests=30, returns=False, counts=False,
            waits="ejections_enforced_total"):
    """Some endpoints fail: who is out, which statistics moved, and who comes back.

    How far detections move depends on how soon the main thread acts. With `counts` only how many
    are out: which ones depends on where round robin begins.
    """

    def play(side):
        prefix = f"cluster.{name}.outlier_detection."
        total = len(side.endpoints(name))
        if "dead" not in side.endpoints(name):
            served(side, name, total)
        before = side.stats([prefix + "*"])
        fails(side, name, requests, answer, *bad)
        if waits:
            side.reaches(prefix + waits, before[prefix + waits] + 1)
        out = ejected(side, name)
        after = side.stats([prefix + "*"])
        enforced = prefix + "ejections_enforced_total"
        if counts:
            return {"out": len(out), "enforced": after[enforced] - before[enforced]}
        result = {"out": out, "enforced": after[enforced] - before[enforced]}
        if waits:
            result["moved"] = sorted(what.removeprefix(prefix) for what in after
                                     if after[what] > before[what])
        if len(out) < total:
            result["served"] = served(side, name, total - len(out))
        if returns:
            side.becomes(prefix + "ejections_active", 0)
            result["returned"] = served(side, name, total)
        return result

    return play


def no_outlier(name, answer, bad="a", requests=30):
    return outlier(name, answer, bad, requests, waits=None)


def growth(side):
    """From each return to the next one, in intervals of 0.3 s, while it fails at once again.

    The second time it is out for 0.6 s and the third for 0.65 s at most: three intervals each.
    """
    prefix, returns = "cluster.grows.outlier_detection.", []
    for number in range(3):
        served(side, "grows", 3)
        fails(side, "grows", 6, Answer(500), "a")
        side.reaches(prefix + "ejections_enforced_total", number + 1)
        side.becomes(prefix + "ejections_active", 0)
        returns.append(time.monotonic())
    return [round((end - begin) / 0.3) for begin, end in zip(returns, returns[1:], strict=False)]


def outlier_events(side):
    fails(side, "logged", 12, Answer(500), "a")
    side.reaches("cluster.logged.outlier_detection.ejections_enforced_total", 1)
    side.becomes("cluster.logged.outlier_detection.ejections_active", 0)
    path = side.proxy.folder / "outliers.log"
    mine = []

    def look():
        text = path.read_text() if path.exists() else ""
        mine[:] = [line for line in map(json.loads, text[: text.rfind("\n") + 1].splitlines())
                   if line["cluster_name"] == "logged"]
        return len(mine) >= 2

    wait_until(look, "two events", 5)
    for line in mine:
        line.pop("timestamp")
        if "secs_since_last_action" in line:
            line["secs_since_last_action"] = "*"
    return mine


OUTLIERS = World("outliers", outliers, [
    Scene("consecutive 5xx", outlier("fives", Answer(500), returns=True)),
    Scene("consecutive 5xx, not enforced", outlier(
        "fives-off", Answer(500), waits="ejections_detected_consecutive_5xx")),
    Scene("two of three are no outlier", no_outlier("fives-twice", Answer(500), requests=6)),
    Scene("4xx is none", no_outlier("fives", Answer(404))),
    Scene("gateway failures", outlier("gateway", Answer(503))),
    Scene("500 is no gateway failure", no_outlier("gateway-not", Answer(500))),
    Scene("refused connections count as 5xx", outlier("local", Answer(), "", 12)),
    Scene("refused connections counted apart", outlier("split", Answer(), "", 12)),
    Scene("resets counted apart", no_outlier("split-resets", CLOSE, "a", 20)),
    Scene("500 is not of local origin", no_outlier("split-resets", Answer(500), requests=6)),
    Scene("timeouts", outlier("timeouts", SILENT, "a", 9)),
    Scene("half of them at most", outlier("half", Answer(500), "abcd", 60, counts=True)),
    Scene("one percent of four is none", outlier(
        "least", Answer(500), "ab", 40, waits="ejections_overflow")),
    Scene("one percent of four, but always one", outlier(
        "least-one", Answer(500), "ab", 40, counts=True)),
    Scene("success rate", outlier("rate", Answer(500), "a", 150)),
    Scene("failure percentage", outlier("percentage", Answer(500), "a", 150)),
    Scene("all out is panic", outlier(
        "panic", Answer(500), "ab", 20, counts=True)),
    # After a first return, Envoy now and then lets more failures pass before it ejects again.
    Scene("ejections grow and are bounded", growth, ignores=("0",)),
    Scene("events", outlier_events),
    Scene("flags on the admin page", lambda side: (
        fails(side, "ejects", 12, Answer(500), "b"),
        side.reaches("cluster.ejects.outlier_detection.ejections_active", 1),
        side.endpoints("ejects")["b"]["health_status"])[2]),
], "abcde")

WORLDS = (OUTLIERS,)
