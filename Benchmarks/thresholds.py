"""What must hold, and the sentence that says whether it does."""

# (scenario, figure, against whom or None for an absolute limit, limit): ours must not be above.
# Without a limit the ratio is only told.
THRESHOLDS = [
    ("h1", "cpu", "haproxy", 1.10),
    ("h1", "cpu", "envoy", 0.45),
    ("h1", "rss", None, 20.0),
    ("h1log", "cpu", "haproxy", 1.15),
    ("one", "cpu", "haproxy", 1.10),
    ("close", "cpu", "haproxy", 1.15),
    ("rate", "p99", "haproxy", 1.20),
    ("h2", "cpu", "envoy", 0.45),
    ("h2", "cpu", "haproxy", None),
    ("tls", "cpu", "haproxy", 1.10),
    ("handshake", "cpu", "haproxy", 1.20),
    ("tcp", "cpu", "haproxy", 1.15),
    ("bulk", "seconds", "haproxy", 1.10),
    ("bulk", "cpu_gb", "haproxy", None),
    *((pair, figure, "envoy", 0.50) for pair in ("pair", "pairh1")
      for figure in ("added50", "added99", "cpu")),
    ("idle", "rss", None, 16.0),
    ("idle", "each", None, 8.0),
    ("idletls", "each", None, 24.0),
    ("idleh2", "each", None, 24.0),
]
# The same, but ours minus the other: what features may cost in addition.
DIFFERENCES = [("full", "user", "plain", 1.5)]
UNITS = {"user": "µs", "cpu": "µs", "rss": "MB", "p99": "µs", "each": "kB", "seconds": "s",
         "cpu_gb": "s", "added50": "µs", "added99": "µs"}
NAMES = {"added50": "added p50", "added99": "added p99", "cpu_gb": "CPU for 1 GB",
         "seconds": "time for 1 GB", "each": "for each connection", "p99": "p99", "rss": "RSS",
         "cpu": "CPU", "user": "user time"}


def verdicts(medians):
    """Each threshold that can be judged: ("pass", "FAIL" or "info", sentence)."""
    for scenario, figure, peer, limit in THRESHOLDS:
        ours = medians.get(scenario, {}).get("pillion", {}).get(figure)
        theirs = 1.0 if peer is None else medians.get(scenario, {}).get(peer, {}).get(figure)
        if ours is None or not theirs or theirs < 0:
            continue
        value, unit = ours / theirs, UNITS[figure]
        what = f"{scenario} {NAMES[figure]}"
        if peer is None:
            sentence = f"{what} {value:.1f} {unit}, at most {limit:g} {unit}"
        else:
            bar = "" if limit is None else f", at most {limit:g}"
            sentence = f"{what} {value:.2f} of {peer}'s ({ours:.1f} and {theirs:.1f} {unit}){bar}"
        yield "info" if limit is None else _word(value <= limit), sentence
    for scenario, figure, peer, limit in DIFFERENCES:
        ours = medians.get(scenario, {}).get("pillion", {}).get(figure)
        theirs = medians.get(scenario, {}).get(peer, {}).get(figure)
        if ours is None or theirs is None:
            continue
        yield _word(ours - theirs <= limit), (
            f"{scenario} {NAMES[figure]} {ours - theirs:.2f} {UNITS[figure]} more than {peer} "
            f"({ours:.2f} and {theirs:.2f}), at most {limit:g} {UNITS[figure]}")
    for scenario, rows in medians.items():
        if "pillion" in rows:
            failed = rows["pillion"]["failed"]
            yield _word(failed == 0), f"{scenario} failed requests {failed:.0f}, at most 0"


def _word(passed):
    return "pass" if passed else "FAIL"
