"""What the proxies forward to: nginx for HTTP/1.1 and nghttpd for HTTP/2, on the core of the load."""

from pathlib import Path

from bench import LOAD_CORE, Process, free_port

BODY = "x" * 64
KILOBYTE = "x" * 1000
# One file, asked for again and again over one connection.
LARGE_BYTES = 64 << 20
LARGE_TIMES = 16


def backend(work):
    """nginx: 64 bytes from memory at /, a thousand at /kilobyte, 64 MB at /large."""
    port = free_port()
    files = Path(work, "files")
    files.mkdir(exist_ok=True)
    with open(files / "large", "wb") as large:
        large.truncate(LARGE_BYTES)
    conf = Path(work, "backend.conf")
    conf.write_text(f"""daemon off; master_process off; worker_processes 1;
pid {work}/backend.pid; error_log /dev/null;
events {{ worker_connections 20000; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 3600s; sendfile on;
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type text/plain; return 200 "{BODY}"; }}
    location /kilobyte {{ default_type text/plain; return 200 "{KILOBYTE}"; }}
    location /large {{ default_type application/octet-stream; root {files}; }} }} }}
""")
    return Process(["nginx", "-c", str(conf)], LOAD_CORE, Path(work, "backend.log"), port)


def backend_h2(work):
    """nghttpd with prior knowledge: 64 bytes at /."""
    port = free_port()
    files = Path(work, "files-h2")
    files.mkdir(exist_ok=True)
    (files / "index.html").write_text(BODY)
    return Process(["nghttpd", "--no-tls", "-n1", "-a", "127.0.0.1", "-d", str(files), str(port)],
                   LOAD_CORE, Path(work, "backend-h2.log"), port)
