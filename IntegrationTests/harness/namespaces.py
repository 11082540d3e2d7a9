"""Network namespaces joined by a cable, and the programs that run in them: a pod and its world.

The file is also the program that runs there, with nothing but the standard library.
"""

import functools
import http.client
import itertools
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import urllib.parse

SIDECAR_USER = 1337
APP_USER = 2000

_numbers = itertools.count()
# Not the tests' own interpreter: another user may not be allowed to read it.
PYTHON = shutil.which("python3", path="/usr/bin:/bin:/usr/local/bin") or sys.executable


@functools.cache
def missing():
    """Why namespaces can't be made here; None where they can."""
    if os.geteuid() != 0:
        return "needs root: network namespaces are made"
    for program, package in [("ip", "iproute2"), ("setpriv", "util-linux"), ("curl", "curl")]:
        if not shutil.which(program):
            return f"needs {program} (package {package})"
    # A container's root may be allowed to list them, and not to make any.
    name = f"pln-try-{os.getpid()}"
    try:
        _ip("netns", "add", name)
        _ip("-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
        return None
    except subprocess.CalledProcessError as error:
        return f"no network namespaces here: {error.stderr.strip()}"
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Namespace:
    """A network of its own, with `lo` up; removed at the end, with what runs in it."""

    def __init__(self, label):
        self.name = f"pln-{label}-{os.getpid()}-{next(_numbers)}"
        self.programs = []
        _ip("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        # Apps listen at 80 without being root.
        self.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start", check=True)

    def close(self):
        for program in self.programs:
            program.close()
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)

    def ip(self, *arguments):
        _ip("-n", self.name, *arguments)

    def command(self, *arguments, user=None, group=None, capabilities=()):
        begin = ["ip", "netns", "exec", self.name]
        if user is not None:
            group = user if group is None else group
            begin += ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
            if capabilities:
                caps = ",".join(f"+{name}" for name in capabilities)
                begin += [f"--inh-caps={caps}", f"--ambient-caps={caps}"]
        return [*begin, *map(str, arguments)]

    def run(self, *arguments, user=None, group=None, check=False, environment=None, input=None,
            seconds=30):
        """Run a program to its end; the result has its text."""
        result = subprocess.run(
            self.command(*arguments, user=user, group=group), capture_output=True, text=True,
            timeout=seconds, env={**os.environ, **(environment or {})}, input=input, cwd="/")
        assert not check or result.returncode == 0, result.stderr + result.stdout
        return result

    def curl(self, url, user=APP_USER, group=None, seconds=3):
        """The body, or None where nothing answers."""
        command = ["curl", "-sS", "-g", "--noproxy", "*", "--max-time", seconds, url]
        result = self.run(*command, user=user, group=group)
        return result.stdout if result.returncode == 0 else None

    def background(self, *arguments, output=subprocess.DEVNULL, folder="/", **options):
        """Run a program in a folder until the namespace goes, or until it is closed."""
        program = Background(self.command(*arguments, **options), output, folder)
        self.programs.append(program)
        return program

    def start(self, role, *arguments, user, capabilities=()):
        with open(__file__, encoding="utf-8") as file:
            source = file.read()
        command = self.command(PYTHON, "-c", source, role, *arguments, user=user,
                               capabilities=capabilities)
        program = Program(command)
        self.programs.append(program)
        program.wait(lambda lines: lines, "a program to listen")
        program.lines.clear()
        return program

    def app(self, label, *places):
        """Answers at HOST:PORT with its label and the address of its client; notes connections."""
        return self.start("app", label, *places, user=APP_USER)

    def mail(self, label, *places):
        """Speaks first, as SMTP does: its label and the address of its client."""
        return self.start("mail", label, *places, user=APP_USER)

    def load(self, url):
        """Requests one after the other over connections that are kept; notes each."""
        return self.start("load", url, user=APP_USER)

    def sidecar(self, *services, transparent=False, user=SIDECAR_USER):
        """Relays to where a connection was going, and notes it; VIP:PORT=HOST:PORT is a service."""
        return self.start("sidecar", "tproxy" if transparent else "redirect", *services, user=user,
                          capabilities=("net_admin", "net_raw") if transparent else ())


class Pod:
    """A pod and the world outside, joined by a cable."""

    address, address6 = "10.77.0.2", "fd77::2"
    world_address, world_address6 = "10.77.0.1", "fd77::1"
    # Addresses of the world that are not of the pod's network.
    far, far6 = "10.88.0.1", "fd88::1"

    def __init__(self):
        self.pod = Namespace("pod")
        self.world = Namespace("world")
        self.pod.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0",
                    "netns", self.world.name)
        for space, four, six in [(self.pod, self.address, self.address6),
                                 (self.world, self.world_address, self.world_address6)]:
            space.ip("address", "add", f"{four}/24", "dev", "eth0")
            space.ip("address", "add", f"{six}/64", "dev", "eth0", "nodad")
            space.ip("link", "set", "eth0", "up")
        self.world.ip("address", "add", f"{self.far}/32", "dev", "lo")
        self.world.ip("address", "add", f"{self.far6}/128", "dev", "lo")
        self.pod.ip("route", "add", "default", "via", self.world_address)
        self.pod.ip("-6", "route", "add", "default", "via", self.world_address6)

    def close(self):
        self.pod.close()
        self.world.close()


class Background:
    """Some program, which ends when it is asked to."""

    def __init__(self, command, output, folder):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                        stderr=output, cwd=folder)

    def close(self):
        self.process.terminate()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Program:
    """A program that prints a line of JSON for each thing that happens."""

    def __init__(self, command):
        self.lines = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, cwd="/")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(json.loads(line))
                self.changed.notify_all()

    def wait(self, condition, what, seconds=10):
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self.lines), seconds):
                self.process.kill()
                raise AssertionError(
                    f"waited in vain for {what}: {self.lines} {self.process.stderr.read()}")

    def seen(self, count):
        """The connections so far, of which there must be as many."""
        self.wait(lambda lines: len(lines) >= count, f"{count} connections")
        assert len(self.lines) == count, self.lines
        return list(self.lines)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


# What follows runs in a namespace.

def _say(**fields):
    # One write: several threads may speak.
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def _split(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _listen(host, port, transparent=False):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if transparent:
        _make_transparent(listener)
    listener.bind((host, port))
    listener.listen(64)
    return listener


def _make_transparent(sock):
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, 75, 1)
    else:
        sock.setsockopt(socket.SOL_IP, 19, 1)


def _accept(listener, serve):
    while True:
        connection, peer = listener.accept()
        threading.Thread(target=serve, args=(connection, peer), daemon=True).start()


def _app(label, *places):
    def serve(connection, peer):
        _say(peer=peer[0])
        body = f"{label} {peer[0]}".encode()
        # Each request comes as one piece: they are small.
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                               % (len(body), body))
        connection.close()

    _serve(serve, *places)


def _mail(label, *places):
    def serve(connection, peer):
        with connection, connection.makefile("rb") as lines:
            connection.sendall(f"220 {label} {peer[0]}\r\n".encode())
            for line in lines:
                connection.sendall(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 yes\r\n")

    _serve(serve, *places)


def _load(url):
    parts = urllib.parse.urlsplit(url)
    _say(ready=True)
    while True:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        try:
            is_kept = True
            while is_kept:
                connection.request("GET", parts.path)
                response = connection.getresponse()
                response.read()
                _say(status=response.status)
                is_kept = not response.will_close
        except (OSError, http.client.HTTPException) as error:
            _say(status=repr(error))
        finally:
            connection.close()


def _serve(serve, *places):
    listeners = [_listen(*_split(place)) for place in places]
    for listener in listeners[1:]:
        threading.Thread(target=_accept, args=(listener, serve), daemon=True).start()
    _say(ready=True)
    _accept(listeners[0], serve)


def _original(connection):
    """SO_ORIGINAL_DST; None where nothing was rewritten."""
    try:
        if connection.family == socket.AF_INET6:
            raw = connection.getsockopt(socket.IPPROTO_IPV6, 80, 28)
            return socket.inet_ntop(socket.AF_INET6, raw[8:24]), struct.unpack("!H", raw[2:4])[0]
        raw = connection.getsockopt(socket.SOL_IP, 80, 16)
        return socket.inet_ntoa(raw[4:8]), struct.unpack("!H", raw[2:4])[0]
    except OSError:
        return None


def _relay(source, target):
    while data := source.recv(65536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


def _sidecar(mode, *services):
    transparent = mode == "tproxy"
    table = dict(service.split("=") for service in services)

    def serve(direction, connection, peer):
        local = connection.getsockname()[:2]
        handed_over = transparent and direction == "inbound"
        goal = local if handed_over else _original(connection)
        _say(direction=direction, goal=list(goal or local), peer=peer[0])
        upstream = socket.socket(connection.family)
        upstream.settimeout(3)
        if direction == "inbound" and handed_over:
            # As the client, whose address the app then sees.
            _make_transparent(upstream)
            upstream.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 1337)
            upstream.bind((peer[0], 0))
        elif direction == "inbound":
            upstream.bind(("::6" if connection.family == socket.AF_INET6 else "127.0.0.6", 0))
        name = f"[{goal[0]}]:{goal[1]}" if ":" in goal[0] else f"{goal[0]}:{goal[1]}"
        try:
            upstream.connect(_split(table.get(name, name)))
            threading.Thread(target=_relay, args=(connection, upstream), daemon=True).start()
            _relay(upstream, connection)
        except OSError as error:
            print(error, file=sys.stderr, flush=True)
        connection.close()

    for direction, port in [("outbound", 15001), ("inbound", 15006)]:
        for host in ["0.0.0.0", "::"]:
            listener = _listen(host, port, transparent and direction == "inbound")
            threading.Thread(
                target=_accept, daemon=True,
                args=(listener, lambda c, p, d=direction: serve(d, c, p))).start()
    _say(ready=True)
    threading.Event().wait()


if __name__ == "__main__":
    {"app": _app, "mail": _mail, "load": _load, "sidecar": _sidecar}[sys.argv[1]](*sys.argv[2:])
