#!/usr/bin/env python3
"""A TCP relay that treats connections badly on purpose: what `tc netem` would do, in user space.

    relay.py --to 127.0.0.1:8080 [--listen 127.0.0.1:0] [--delay-ms 50] [--jitter-ms 20]

It prints one line of JSON with its ports, {"port": …, "control": …}, and is told what to do over
HTTP on the control port. PUT /faults takes any of these, all else goes back to its default; open
connections follow at once:

    delay_ms, jitter_ms      each piece waits so long, in both directions; order is kept
    reset_after_up           reset both sides after so many bytes to the upstream (null: never)
    reset_after_down         reset both sides after so many bytes to the client
    close_after_down         close both sides with a FIN after so many bytes to the client
    half_close_after_up      end the sending side to the upstream after so many bytes, keep reading
    black_hole               accept and read, deliver nothing: the peer is there and silent
    refuse                   reset every new connection as soon as it is accepted

GET /state tells what is open and how many bytes went each way. DELETE /connections resets all.
It stands alone: Python's standard library only.
"""

import argparse
import asyncio
import json
import random
import socket
import struct
import sys
from contextlib import suppress

DEFAULTS = {
    "delay_ms": 0, "jitter_ms": 0, "reset_after_up": None, "reset_after_down": None,
    "close_after_down": None, "half_close_after_up": None, "black_hole": False, "refuse": False,
}
# What may wait in memory for one direction of one connection, in pieces.
QUEUE_PIECES_MAX = 64


class Link:
    """One relayed connection."""

    def __init__(self, relay, client_reader, client_writer, reader, writer):
        self.relay = relay
        self.client_reader, self.client_writer = client_reader, client_writer
        self.reader, self.writer = reader, writer
        self.up = self.down = 0
        self.is_over = asyncio.Event()

    def reset(self):
        for writer in (self.client_writer, self.writer):
            sock = writer.get_extra_info("socket")
            if sock is not None:
                with suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self.is_over.set()

    def close(self):
        for writer in (self.client_writer, self.writer):
            with suppress(OSError, RuntimeError):
                writer.close()
        self.is_over.set()

    async def run(self):
        tasks = [
            asyncio.ensure_future(self.pump("up", self.client_reader, self.writer)),
            asyncio.ensure_future(self.pump("down", self.reader, self.client_writer)),
        ]
        over = asyncio.ensure_future(self.is_over.wait())
        both = asyncio.ensure_future(asyncio.wait(tasks))
        await asyncio.wait([over, both], return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, over, both):
            task.cancel()
        await asyncio.gather(*tasks, over, both, return_exceptions=True)
        self.close()

    async def pump(self, way, reader, writer):
        queue = asyncio.Queue(QUEUE_PIECES_MAX)
        feeder = asyncio.ensure_future(self.feed(reader, queue))
        try:
            while True:
                due, data = await queue.get()
                pause = due - asyncio.get_running_loop().time()
                if pause > 0:
                    await asyncio.sleep(pause)
                while self.relay.faults["black_hole"]:
                    await self.relay.changed()
                if not data:
                    with suppress(OSError, RuntimeError):
                        writer.write_eof()
                    return
                if not await self.deliver(way, data, writer):
                    return
        except (ConnectionError, OSError):
            self.reset()
        finally:
            feeder.cancel()

    async def feed(self, reader, queue):
        loop = asyncio.get_running_loop()
        due = 0.0
        while True:
            try:
                data = await reader.read(65536)
            except (ConnectionError, OSError):
                self.reset()
                return
            faults = self.relay.faults
            wait = faults["delay_ms"] + random.uniform(-1, 1) * faults["jitter_ms"]
            # Never before the piece in front of it: TCP keeps order.
            due = max(due, loop.time() + max(0.0, wait) / 1000)
            await queue.put((due, data))
            if not data:
                return

    async def deliver(self, way, data, writer):
        """Write as much as the faults allow; False where the direction ends here."""
        faults = self.relay.faults
        done = getattr(self, way)
        ends = {
            "up": [("reset_after_up", self.reset), ("half_close_after_up", None)],
            "down": [("reset_after_down", self.reset), ("close_after_down", self.close)],
        }[way]
        cut, action, found = len(data), None, False
        for name, act in ends:
            limit = faults[name]
            if limit is not None and done + cut >= limit:
                cut, action, found = max(0, limit - done), act, True
        piece = data[:cut]
        setattr(self, way, done + len(piece))
        self.relay.bytes[way] += len(piece)
        if piece:
            writer.write(piece)
            await writer.drain()
        if not found:
            return True
        if action is None:
            with suppress(OSError, RuntimeError):
                writer.write_eof()
        else:
            # What was written should arrive before the reset throws the rest away.
            await asyncio.sleep(0.02)
            action()
        return False


class Relay:
    def __init__(self, target, faults):
        self.target = target
        self.faults = {**DEFAULTS, **faults}
        self.links = set()
        self.accepted = 0
        self.bytes = {"up": 0, "down": 0}
        self.change = asyncio.Event()

    async def changed(self):
        await self.change.wait()

    def set_faults(self, faults):
        unknown = set(faults) - set(DEFAULTS)
        if unknown:
            raise ValueError(f"unknown faults: {', '.join(sorted(unknown))}")
        self.faults = {**DEFAULTS, **faults}
        self.change.set()
        self.change = asyncio.Event()

    async def accept(self, client_reader, client_writer):
        self.accepted += 1
        if self.faults["refuse"]:
            sock = client_writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client_writer.transport.abort()
            return
        try:
            reader, writer = await asyncio.open_connection(*self.target)
        except OSError:
            client_writer.transport.abort()
            return
        link = Link(self, client_reader, client_writer, reader, writer)
        self.links.add(link)
        try:
            await link.run()
        finally:
            self.links.discard(link)

    # The control interface

    async def control(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, path, _ = head.split(" ", 2)
            length = 0
            for line in head.split("\r\n")[1:]:
                name, _, value = line.partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            body = await reader.readexactly(length)
            status, answer = self.handle(method, path, body)
        except (ValueError, asyncio.IncompleteReadError) as error:
            status, answer = "400 Bad Request", {"error": str(error)}
        text = json.dumps(answer).encode()
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode()
            + text)
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    def handle(self, method, path, body):
        if (method, path) == ("PUT", "/faults"):
            self.set_faults(json.loads(body or b"{}"))
            return "200 OK", self.faults
        if (method, path) == ("DELETE", "/connections"):
            for link in list(self.links):
                link.reset()
            return "200 OK", {}
        if (method, path) == ("GET", "/state"):
            return "200 OK", {"open": len(self.links), "accepted": self.accepted,
                              "up": self.bytes["up"], "down": self.bytes["down"],
                              "faults": self.faults}
        return "404 Not Found", {"error": "PUT /faults, GET /state or DELETE /connections"}


def host_and_port(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


async def serve(options):
    relay = Relay(options.to, {"delay_ms": options.delay_ms, "jitter_ms": options.jitter_ms})
    front = await asyncio.start_server(relay.accept, *options.listen, backlog=1024)
    control = await asyncio.start_server(relay.control, *options.control)
    print(json.dumps({"port": front.sockets[0].getsockname()[1],
                      "control": control.sockets[0].getsockname()[1]}), flush=True)
    # Ends with its parent: standard input is a pipe that closes then.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=host_and_port, required=True)
    parser.add_argument("--listen", type=host_and_port, default=("127.0.0.1", 0))
    parser.add_argument("--control", type=host_and_port, default=("127.0.0.1", 0))
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--jitter-ms", type=float, default=0)
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
