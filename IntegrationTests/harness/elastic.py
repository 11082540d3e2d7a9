"""An Elasticsearch that keeps documents by their id, and fails as it is told.

Written from the documentation of the bulk API: items are answered in the order of the request, an
existing id answers a `create` with 409, a full queue answers 429 for the item or the request.
"""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Fault:
    """What the next requests meet; `None` in `Elastic.faults` is an ordinary answer."""

    REQUEST_429 = "request-429"
    REQUEST_503 = "request-503"
    ITEMS_429 = "items-429"
    ITEMS_400 = "items-400"
    RESET = "reset"
    HANG = "hang"
    SHORT_LIST = "short-list"
    GARBAGE = "garbage"
    TAKEN_AND_RESET = "taken-and-reset"
    TAKEN_AND_CUT = "taken-and-cut"
    ALL = [REQUEST_429, REQUEST_503, ITEMS_429, ITEMS_400, RESET, HANG, SHORT_LIST, GARBAGE,
           TAKEN_AND_RESET, TAKEN_AND_CUT]


class Elastic:
    """Documents by index and id, and a queue of faults."""

    def __init__(self):
        self.changed = threading.Condition()
        self.documents = {}
        self.order = []
        self.duplicates = 0
        self.requests = []
        self.refused = []
        self.faults = []
        self.is_down = False
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                outer._serve(self)

            do_PUT = do_POST

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # Answers

    def _serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        with self.changed:
            fault = self.faults.pop(0) if self.faults else None
            if self.is_down:
                fault = Fault.REQUEST_503
            self.requests.append((handler.path, dict(handler.headers), len(body)))
        if fault == Fault.RESET:
            return self._reset(handler)
        if fault == Fault.HANG:
            self.closing.wait(1.5)
            return self._reset(handler)
        if fault == Fault.REQUEST_429:
            return self._answer(handler, 429, {"error": {"type": "es_rejected_execution_exception"}})
        if fault == Fault.REQUEST_503:
            return self._answer(handler, 503, {"error": {"type": "unavailable"}})
        if fault == Fault.GARBAGE:
            return self._answer(handler, 200, b"<html>it works</html>")
        items = self._take(body, fault)
        if fault == Fault.TAKEN_AND_RESET:
            return self._reset(handler)
        if fault == Fault.SHORT_LIST:
            items = items[: len(items) // 2]
        errors = any(next(iter(item.values()))["status"] >= 300 for item in items)
        answer = json.dumps({"took": 3, "errors": errors, "items": items}).encode()
        if fault == Fault.TAKEN_AND_CUT:
            handler.send_response(200)
            handler.send_header("content-type", "application/json")
            handler.send_header("content-length", str(len(answer)))
            handler.end_headers()
            handler.wfile.write(answer[: len(answer) // 2])
            handler.wfile.flush()
            return self._reset(handler)
        self._answer(handler, 200, answer)

    def _take(self, body, fault):
        lines = body.split(b"\n")
        assert lines[-1] == b"", "the body does not end with a line feed"
        items = []
        with self.changed:
            for number, (action, text) in enumerate(zip(lines[0:-1:2], lines[1:-1:2])):
                operation, target = next(iter(json.loads(action).items()))
                status, error = self._store(operation, target, text, number, fault)
                item = {"_index": target.get("_index"), "_id": target.get("_id"), "status": status}
                if error:
                    item["error"] = {"type": error, "reason": "for the test"}
                items.append({operation: item})
            self.changed.notify_all()
        return items

    def _store(self, operation, target, text, number, fault):
        if fault == Fault.ITEMS_429 and number % 2 == 0:
            return 429, "es_rejected_execution_exception"
        document = json.loads(text)
        if fault == Fault.ITEMS_400 and number == 0:
            self.refused.append(document)
            return 400, "mapper_parsing_exception"
        key = (target.get("_index"), target.get("_id") or f"own-{len(self.order)}")
        if key in self.documents:
            if operation == "create":
                self.duplicates += 1
                return 409, "version_conflict_engine_exception"
            self.documents[key] = document
            return 200, None
        self.documents[key] = document
        self.order.append(key)
        return 201, None

    @staticmethod
    def _answer(handler, status, body):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    @staticmethod
    def _reset(handler):
        handler.close_connection = True
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()

    # Questions

    def values(self, field):
        """All values of a field, in the order in which their documents came."""
        with self.changed:
            return [self.documents[key].get(field) for key in self.order]

    def wait(self, condition, what, seconds=20.0):
        """Wait until `condition(self)` is true; it is asked after each request."""
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self), seconds):
                raise AssertionError(f"waited {seconds} s in vain for {what}")
