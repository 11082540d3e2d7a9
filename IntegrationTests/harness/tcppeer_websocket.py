"""WebSocket servers and clients of the `websockets` package, which keep to RFC 6455."""

import threading
from contextlib import suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve

LARGEST = 32 << 20


class WebSocketPeer:
    """An upstream that echoes messages, and obeys `close CODE reason`, `ping`, `fragments`."""

    def __init__(self, subprotocols=()):
        def select(_, offered):
            return next((one for one in offered if one in subprotocols), None)

        self.server = serve(self._echo, "127.0.0.1", 0, max_size=LARGEST, ping_interval=None,
                            compression=None, select_subprotocol=select)
        self.port = self.server.socket.getsockname()[1]
        self.closings = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()

    def _echo(self, socket):
        with suppress(ConnectionClosed):
            for message in socket:
                word = message.partition(" ")[0] if isinstance(message, str) else None
                if word == "close":
                    _, code, reason = message.split(" ", 2)
                    socket.close(int(code), reason)
                elif word == "ping":
                    socket.send(f"pong {socket.ping(b'x').wait(5)}")
                elif word == "fragments":
                    socket.send(iter(["frag", "men", "ts"]))
                else:
                    socket.send(message)
        self.closings.append((socket.close_code, socket.close_reason))


def websocket(port, path="/", **options):
    """A client; use as a context manager."""
    return connect(f"ws://127.0.0.1:{port}{path}", max_size=LARGEST, ping_interval=None,
                   compression=None, proxy=None, **options)
