"""A Loki: streams by their labels, one for each tenant, with the limits that it has by default.

Written from its documentation of the push API: 204 for what was taken; 400 in words for entries that it
never takes, while the others of the request are kept; an entry that is there already is taken again
without a word; 429 for a tenant that sends too much.
"""

from harness.backend import Answer, Backend

LINE_MAX = 256 * 1024
SECOND = 1_000_000_000


class Loki(Backend):
    def __init__(self, tls=None, window=3600):
        self.streams = {}
        # An entry may be so many seconds older than the newest of its stream.
        self.window = window
        super().__init__(self.push, tls)

    def push(self, request):
        if request.path != "/loki/api/v1/push" or request.method != "POST":
            return Answer(404, "404 page not found\n")
        if request.headers.get("content-type") != "application/json":
            return Answer(415, "the content type is not supported")
        tenant = request.headers.get("x-scope-orgid", "fake")
        problems = []
        for stream in request.json["streams"]:
            labels = stream["stream"]
            if not labels:
                return Answer(400, "error at least one label pair is required per stream\n")
            self._append(tenant, labels, stream["values"], problems)
        return Answer(400, "".join(problems)) if problems else Answer(204)

    def _append(self, tenant, labels, values, problems):
        name = "{" + ", ".join(f'{key}="{labels[key]}"' for key in sorted(labels)) + "}"
        entries = self.streams.setdefault((tenant, tuple(sorted(labels.items()))), [])
        newest = max((entry[0] for entry in entries), default=0)
        ignored = []
        for value in values:
            moment, line = value[0], value[1]
            metadata = value[2] if len(value) > 2 else {}
            assert isinstance(moment, str) and moment.isdigit(), f"the time {moment!r} is no string"
            assert isinstance(line, str)
            assert all(isinstance(one, str) for one in metadata.values()), metadata
            entry = (int(moment), line, metadata)
            if entry[0] < newest - self.window * SECOND:
                ignored.append("entry too far behind")
            elif len(line) > LINE_MAX:
                ignored.append(f"max entry size '{LINE_MAX}' bytes exceeded")
            elif entry not in entries:
                entries.append(entry)
                newest = max(newest, entry[0])
        for reason in ignored[:10]:
            problems.append(f"entry with timestamp … ignored, reason: '{reason}',\n")
        if ignored:
            problems.append(f"user '{tenant}', total ignored: {len(ignored)} out of {len(values)} "
                            f"for stream: {name}")

    def entries(self, tenant="fake", **labels):
        """The entries of one stream, in the order in which they came."""
        return self.streams.get((tenant, tuple(sorted(labels.items()))), [])

    @property
    def lines(self):
        return [entry[1] for entries in self.streams.values() for entry in entries]
