"""An Elasticsearch's `_bulk` that asks who its clients are, on the server that breaks rules."""

import json

from harness.backend import Answer, Backend


class Search(Backend):
    """Documents by index and id; `statuses` are for the next items, one each."""

    def __init__(self, tls=None, authorization=None, address=("127.0.0.1", 0)):
        self.documents = {}
        self.actions = []
        self.duplicates = 0
        self.statuses = []
        self.authorization = authorization
        super().__init__(self.bulk, tls, address)

    def bulk(self, request):
        if self.authorization and request.headers.get("authorization") != self.authorization:
            return Answer(401, {"error": {"type": "security_exception",
                                          "reason": "unable to authenticate"}, "status": 401})
        if not request.path.endswith("/_bulk"):
            return Answer(405, {"error": "Incorrect HTTP method for uri"})
        lines = request.plain.split(b"\n")
        assert lines[-1] == b"", "the body does not end with a line feed"
        items = []
        for action, text in zip(lines[0:-1:2], lines[1:-1:2]):
            operation, target = next(iter(json.loads(action).items()))
            self.actions.append((operation, target))
            items.append({operation: self._item(operation, target, json.loads(text))})
        errors = any(next(iter(item.values()))["status"] > 299 for item in items)
        return Answer(200, {"took": 1, "errors": errors, "items": items})

    def _item(self, operation, target, document):
        status, kind = self.statuses.pop(0) if self.statuses else (201, None)
        key = (target["_index"], target["_id"])
        if status == 201 and key in self.documents:
            if operation == "create":
                self.duplicates += 1
                status, kind = 409, "version_conflict_engine_exception"
            else:
                status = 200
        if status < 300:
            self.documents[key] = document
        item = {"_index": key[0], "_id": key[1], "status": status}
        if kind:
            item["error"] = {"type": kind, "reason": "for the test"}
        return item
