"""Peers that people have: nginx, Python's server, curl, wrk, and a browser's way of connecting."""

import http.server
import os
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from harness.client import Client
from harness.peer import ok
from harness.waiting import wait_until


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


@pytest.fixture
def nginx(tmp_path):
    """nginx with a file tree, on a Unix socket and on a free port."""
    need("nginx")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = tmp_path / "root"
    root.mkdir()
    (root / "index.html").write_text("from nginx")
    (root / "large.bin").write_bytes(os.urandom(3_000_000))
    root.chmod(0o755)
    conf = tmp_path / "nginx.conf"
    temporary = "\n".join(
        f"{kind}_temp_path {tmp_path}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf.write_text(f"""daemon off; master_process off; worker_processes 1;
pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log;
events {{ worker_connections 1000; }}
http {{ access_log off; keepalive_requests 50; {temporary}
  gzip on; gzip_types *; gzip_min_length 1;
  server {{ listen 127.0.0.1:{port}; root {root};
    location /echo {{ return 200 "$request_method $request_uri $host"; }}
    location /away {{ return 302 /elsewhere; }} }} }}
""")
    process = subprocess.Popen(["nginx", "-c", str(conf), "-e", str(tmp_path / "error.log")],
                               start_new_session=True)

    def is_up():
        try:
            Client(port, timeout=1).close()
            return True
        except OSError:
            return False

    try:
        wait_until(is_up, "nginx")
        yield port, root
    finally:
        process.terminate()
        process.wait()


def test_nginx_serves_files_ranges_and_gzip_through_the_sidecar(sidecar, nginx):
    port, root = nginx
    proxy = sidecar(port)
    content = (root / "large.bin").read_bytes()
    with proxy.client() as client:
        assert client.request(path="/").text == "from nginx"
        assert client.request(path="/large.bin").body == content
        part = client.request(path="/large.bin", headers={"Range": "bytes=100-199"})
        assert (part.status, part.body) == (206, content[100:200])
        etag = client.request("HEAD", "/").header("etag")
        assert client.request(path="/", headers={"If-None-Match": etag}).status == 304
        zipped = client.request(path="/", headers={"Accept-Encoding": "gzip"})
        assert zipped.header("content-encoding") == "gzip"
        assert client.request(path="/away").status == 302
        # nginx closes each connection after 50 requests: nobody notices.
        assert [client.request(path="/echo").status for _ in range(160)] == [200] * 160


def test_pythons_server_which_closes_after_each_response(sidecar, tmp_path):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.path.encode())

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(201)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        proxy = sidecar(server.server_address[1])
        with proxy.client() as client:
            for number in range(20):
                assert client.request(path=f"/{number}").text == f"/{number}"
                assert client.request("POST", body="x" * number).body == b"x" * number
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def curl(*arguments):
    return subprocess.run(["curl", "-sS", "--max-time", "20", *arguments],
                          capture_output=True, timeout=30)


def test_curl_gets_posts_uploads_and_keeps_connections(sidecar, peer, tmp_path):
    need("curl")
    app = peer(answer=lambda r: ok(f"{r.method} {r.target} {len(r.body)}"))
    proxy = sidecar(app)
    url = f"http://127.0.0.1:{proxy.port}"
    assert curl(f"{url}/a?b=c").stdout == b"GET /a?b=c 0"
    assert curl("-d", "x=1", f"{url}/form").stdout == b"POST /form 3"
    file = tmp_path / "upload"
    file.write_bytes(os.urandom(2_000_000))
    # curl asks for 100-continue before a large body.
    assert curl("-T", str(file), f"{url}/put").stdout == b"PUT /put 2000000"
    assert curl("-T", "-", "-H", "Transfer-Encoding: chunked", f"{url}/chunked").stdout == (
        b"PUT /chunked 0")
    three = curl("-w", "%{num_connects} ", "-o", os.devnull, "-o", os.devnull, "-o", os.devnull,
                 f"{url}/1", f"{url}/2", f"{url}/3")
    assert three.stdout == b"1 0 0 "
    assert curl("-I", url).stdout.startswith(b"HTTP/1.1 200")


def test_a_browsers_six_connections_with_many_requests_each(sidecar, nginx):
    port, _ = nginx
    proxy = sidecar(port, workers=2)
    results = []

    def connection():
        with proxy.client() as client:
            for _ in range(30):
                results.append(client.request(path="/", headers={
                    "User-Agent": "Mozilla/5.0", "Accept": "text/html,*/*;q=0.8",
                    "Accept-Encoding": "identity", "Connection": "keep-alive",
                    "Cookie": "a=b; c=d"}).text)

    threads = [threading.Thread(target=connection) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["from nginx"] * 180


@pytest.mark.parametrize("options", [["-c16"], ["-c16", "-H", "Connection: close"]])
def test_a_burst_of_wrk_has_no_failed_request(sidecar, nginx, options):
    need("wrk")
    port, _ = nginx
    proxy = sidecar(port, workers=2)
    done = subprocess.run(["wrk", "-t1", "-d3s", *options, f"http://127.0.0.1:{proxy.port}/echo"],
                          capture_output=True, text=True, timeout=30)
    total = int(re.search(r"(\d+) requests in", done.stdout)[1])
    assert total > 300
    assert "Non-2xx" not in done.stdout, done.stdout
    errors = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", done.stdout)
    assert not errors or {errors[1], errors[3], errors[4]} == {"0"}, done.stdout
    if errors and "close" not in "".join(options):
        assert errors[2] == "0", done.stdout


@pytest.mark.pillion_only
def test_the_sample_app_behind_the_sidecar(sidecar, binary, tmp_path):
    process = subprocess.Popen([binary, "app", "--port", "0", "--label", "blue"],
                               stdout=subprocess.PIPE, text=True)
    try:
        port = int(re.search(r":(\d+)", process.stdout.readline())[1])
        proxy = sidecar(port)
        with proxy.client() as client:
            echo = client.request("POST", "/echo?x=1", headers={"X-A": "b"}, body="hello").json()
            assert (echo["method"], echo["label"]) == ("POST", "blue")
            assert "hello" in str(echo) and "/echo" in echo["path"]
            assert client.request(path="/status/418").status == 418
            assert len(client.request(path="/bytes/1m").body) == 1 << 20
            statuses = [client.request(path="/fail?every=3").status for _ in range(6)]
            assert sorted(statuses) == [200] * 4 + [503] * 2
            assert client.request(path="/delay/20ms").status == 200
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stdout.close()


@pytest.mark.pillion_only
def test_the_shared_seed_runs_as_its_readme_says(binary, tmp_path):
    """An Envoy file as articles print it, where the checkout has the folder of such files beside it."""
    folder = os.environ.get("PILLION_SEEDS") or Path(__file__).parents[2] / "shared" / "seeds"
    seed = Path(folder) / "envoy-inbound.yaml"
    if not seed.exists():
        pytest.skip("no folder of seeds; name it in PILLION_SEEDS")
    done = subprocess.run([binary, "validate", str(seed)], capture_output=True, text=True)
    assert done.returncode == 2
    text = seed.read_text().splitlines()
    for name in ("jwt_authn", "ratelimit"):
        line = next(n for n, content in enumerate(text, 1) if name in content)
        assert re.search(rf":{line}:\d+: .*{name}", done.stderr), done.stderr
    lenient = subprocess.run([binary, "validate", "--allow-unconfigured-filters", str(seed)],
                             capture_output=True, text=True)
    assert lenient.returncode == 0
    assert lenient.stderr.count("warning") == 2
