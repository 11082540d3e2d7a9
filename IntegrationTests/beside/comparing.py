"""Observations as flat tables of places, and what differs between two."""

from fnmatch import fnmatchcase

from harness.statistics import fits


def flat(value, place=""):
    """`{"0.seen.1.headers.host": …}` from nested dictionaries and lists."""
    if isinstance(value, dict) and value:
        items = value.items()
    elif isinstance(value, list) and value:
        items = enumerate(value)
    else:
        return {place: value}
    table = {}
    for key, item in items:
        table.update(flat(item, f"{place}.{key}" if place else str(key)))
    return table


def differences(ours, theirs, ignores=()):
    """Places where two observations differ: `{place: (ours, theirs)}`."""
    left, right = flat(ours), flat(theirs)
    return {
        place: (left.get(place), right.get(place))
        for place in [*right, *(p for p in left if p not in right)]
        if left.get(place) != right.get(place)
        and not any(fnmatchcase(place, pattern) for pattern in ignores)
    }


def alike(ours, theirs):
    """True unless two lots of draws are of one distribution less than once in a million runs."""
    keys = sorted(set(ours) | set(theirs))
    if len(keys) == 1:
        return True
    pooled = [ours[key] + theirs[key] for key in keys]
    # Each lot against the pool; half the deviation of two independent lots, hence the halves.
    return all(fits([lot[key] for key in keys], pooled, sigmas=4.0) for lot in (ours, theirs))


def fit(counts, weights):
    """True where the draws fit the shares, and nobody else was drawn."""
    shares = {key: weight for key, weight in weights.items() if weight}
    if set(counts) - set(shares):
        return False
    if len(shares) == 1:
        return True
    return fits([counts[key] for key in shares], list(shares.values()))


def shown(table, names=("ours", "Envoy's")):
    lines = []
    for place, (left, right) in table.items():
        lines += [f"  {place}", f"    {names[0]:>8}: {left!r}", f"    {names[1]:>8}: {right!r}"]
    return "\n".join(lines)
