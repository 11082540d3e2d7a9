"""Datadog's intake, Azure's Logs Ingestion with its authority, and Splunk's HTTP event collector.

Each is written from the vendor's documentation: what it takes, its limits, and how it refuses.
"""

import json
import time
import urllib.parse

from harness.backend import Answer, Backend


class Datadog(Backend):
    """`POST /api/v2/logs`: 202 with an empty object, which says nothing of a single log."""

    def __init__(self, tls=None, key="key-of-the-test"):
        self.logs = []
        self.key = key
        self.bytes_max, self.items_max, self.item_bytes_max = 5_000_000, 1000, 1_000_000
        super().__init__(self.take, tls)

    def take(self, request):
        if (request.method, request.path) != ("POST", "/api/v2/logs"):
            return Answer(404, {"errors": ["Not found"]})
        if request.headers.get("dd-api-key") != self.key:
            return Answer(403, {"errors": [{"status": "403", "title": "Forbidden"}]})
        if len(request.plain) > self.bytes_max:
            return Answer(413, {"errors": [{"status": "413", "title": "Payload Too Large"}]})
        logs = request.json
        if len(logs) > self.items_max:
            return Answer(413, {"errors": [{"status": "413", "title": "too many entries"}]})
        for log in logs:
            # Longer ones are truncated without a word.
            assert len(json.dumps(log)) <= self.item_bytes_max + 100, "a log is too long"
        self.logs += logs
        return Answer(202, {})


class Azure(Backend):
    """A data collection endpoint, and the authority that gives tokens for it."""

    def __init__(self, tls=None):
        self.records = []
        self.tokens = {}
        self.token_life = 3600
        self.secret = "the secret/of+the test"
        self.rule, self.stream, self.tenant = "dcr-0123", "Custom-App_CL", "contoso"
        super().__init__(self.take, tls)

    def take(self, request):
        if request.path == f"/{self.tenant}/oauth2/v2.0/token":
            return self.token(request)
        wanted = f"/dataCollectionRules/{self.rule}/streams/{self.stream}"
        if request.path != wanted or "api-version=2023-01-01" not in request.target:
            return Answer(404, {"error": {"code": "NotFound", "message": "no such rule or stream"}})
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) < time.monotonic():
            return Answer(401, {"error": {"code": "InvalidAuthenticationToken",
                                          "message": "the token has expired"}})
        if len(request.body) > 1 << 20 or len(request.plain) > 1 << 20:
            return Answer(413, {"error": {"code": "ContentLengthLimitExceeded",
                                          "message": "the maximum is 1 MB"}})
        records = request.json
        assert isinstance(records, list)
        self.records += records
        return Answer(204)

    def token(self, request):
        form = dict(urllib.parse.parse_qsl(request.body.decode()))
        wanted = {"grant_type": "client_credentials", "client_id": "app", "client_secret": self.secret,
                  "scope": "https://monitor.azure.com/.default"}
        if form != wanted:
            return Answer(401, {"error": "invalid_client", "error_description": "AADSTS7000215"})
        token = f"token-{len(self.tokens)}-" + "x" * 1500
        self.tokens[token] = time.monotonic() + self.token_life
        return Answer(200, {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599,
                            "access_token": token})

    def revoke(self):
        """All tokens end now."""
        with self.changed:
            self.tokens = {token: 0 for token in self.tokens}

    @property
    def token_requests(self):
        return sum(request.path.endswith("/token") for request in self.requests)


class Splunk(Backend):
    """The HTTP event collector; with `acknowledges`, events count once they are acknowledged."""

    def __init__(self, tls=None, acknowledges=False, token="00000000-1111-2222-3333-444444444444"):
        self.events = []
        self.token = token
        self.acknowledges = acknowledges
        # Acknowledgements that were asked for and are not given yet.
        self.withheld = 0
        self.sent = []
        self.bytes_max = 1_000_000
        self.indexes = {None, "main", "app"}
        super().__init__(self.take, tls)

    @staticmethod
    def says(status, code, text, **more):
        return Answer(status, {"text": text, "code": code, **more})

    def take(self, request):
        authorization = request.headers.get("authorization")
        if not authorization:
            return self.says(401, 2, "Token is required")
        if not authorization.startswith("Splunk "):
            return self.says(401, 3, "Invalid authorization")
        if authorization != f"Splunk {self.token}":
            return self.says(403, 4, "Invalid token")
        channel = request.headers.get("x-splunk-request-channel")
        if request.path == "/services/collector/ack":
            return self.acknowledge(request)
        if request.path not in ("/services/collector/event", "/services/collector"):
            return self.says(404, 404, "The requested URL was not found on this server.")
        if self.acknowledges and not channel:
            return self.says(400, 10, "Data channel is missing")
        if len(request.plain) > self.bytes_max:
            return Answer(413, "<!doctype html><html><body>Content-Length too large</body></html>")
        events = self.parse(request.plain.decode())
        if not events:
            return self.says(400, 5, "No data")
        taken = []
        for number, event in enumerate(events):
            if event.get("event") in ("", {}, None):
                return self.says(400, 13, "Event field cannot be blank",
                                 **{"invalid-event-number": number})
            if event.get("index") not in self.indexes:
                return self.says(400, 7, "Incorrect index", **{"invalid-event-number": number})
            taken.append(event)
        self.events += taken
        if not self.acknowledges:
            return self.says(200, 0, "Success")
        self.sent.append(channel)
        return self.says(200, 0, "Success", ackId=len(self.sent) - 1)

    @staticmethod
    def parse(text):
        """Objects one after the other, with or without space between."""
        decoder, events, place = json.JSONDecoder(), [], 0
        while place < len(text):
            event, end = decoder.raw_decode(text, place)
            events.append(event)
            place = end
            while place < len(text) and text[place].isspace():
                place += 1
        return events

    def acknowledge(self, request):
        if not self.acknowledges:
            return self.says(400, 14, "ACK is disabled")
        channel = urllib.parse.parse_qs(request.target.partition("?")[2]).get("channel", [None])[0]
        answers = {}
        for number in request.json["acks"]:
            is_known = number < len(self.sent) and self.sent[number] == channel
            if is_known and self.withheld > 0:
                self.withheld -= 1
                is_known = False
            answers[str(number)] = is_known
        return Answer(200, {"acks": answers})
