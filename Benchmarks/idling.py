"""Connections that carried one request and then stay open without another."""

import socket
import ssl

CONNECTIONS = 2000
_REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
# Preface, empty SETTINGS, and a HEADERS frame of stream 1: GET, http, /, and an authority.
_H2_BLOCK = b"\x82\x86\x84\x41\x05bench"
_H2_REQUEST = (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
               + bytes([0, 0, len(_H2_BLOCK), 1, 5, 0, 0, 0, 1]) + _H2_BLOCK)
_H2_ACKNOWLEDGE = bytes([0, 0, 0, 4, 1, 0, 0, 0, 0])


def plain(port):
    """All connect, all ask, all read: the upstream connections of that moment count too."""
    held = []
    for _ in range(CONNECTIONS):
        one = socket.create_connection(("127.0.0.1", port), 5)
        one.sendall(_REQUEST)
        held.append(one)
    for one in held:
        one.recv(4096)
    return held


def tls(port):
    """One after the other, so that the upstream needs one connection."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    held = []
    for _ in range(CONNECTIONS):
        one = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 5))
        one.sendall(_REQUEST)
        one.recv(4096)
        held.append(one)
    return held


def h2(port):
    held = []
    for _ in range(CONNECTIONS):
        one = socket.create_connection(("127.0.0.1", port), 5)
        one.sendall(_H2_REQUEST)
        with one.makefile("rb") as frames:
            while not _is_end(frames):
                pass
        one.sendall(_H2_ACKNOWLEDGE)
        held.append(one)
    return held


def _is_end(frames):
    """Reads a frame: is it the last of stream 1?"""
    head = frames.read(9)
    if len(head) < 9:
        raise ConnectionError("the connection ended before the answer")
    frames.read(int.from_bytes(head[:3], "big"))
    return head[3] in (0, 1) and head[4] & 1 and int.from_bytes(head[5:], "big") == 1
