"""The same work in the words of HAProxy and nginx."""

from pathlib import Path


def haproxy_file(work, front, back, logs=False, tcp=False, http2=False, certificates=None):
    log = "  log stdout format raw local0\n  option httplog\n" if logs else ""
    reuse = "" if tcp else "  http-reuse always\n"
    bind, server = f"127.0.0.1:{front}", f"127.0.0.1:{back}"
    if certificates:
        bind += f" ssl crt {certificates.both('server')} alpn http/1.1 ssl-min-ver TLSv1.3"
    if http2:
        bind, server = bind + " proto h2", server + " proto h2"
    path = Path(work, "haproxy.cfg")
    path.write_text(f"""global
  nbthread 1
  maxconn 4000
defaults
  mode {"tcp" if tcp else "http"}
  timeout connect 5s
  timeout client 300s
  timeout server 300s
{reuse}{log}frontend f
  bind {bind}
  default_backend b
backend b
  server s {server}
""")
    return str(path)


def nginx_file(work, front, back, logs=False, certificates=None):
    log = f"access_log {work}/nginx-access.log combined buffer=32k;" if logs else "access_log off;"
    listen = f"listen 127.0.0.1:{front} backlog=4096"
    if certificates:
        listen += (f" ssl; ssl_protocols TLSv1.3; ssl_certificate {certificates.chain('server')};"
                   f" ssl_certificate_key {certificates.key('server')}")
    path = Path(work, "nginx.conf")
    path.write_text(f"""daemon off; master_process off; worker_processes 1;
pid {work}/front.pid; error_log /dev/null;
events {{ worker_connections 20000; }}
http {{ {log} keepalive_requests 100000000; keepalive_timeout 3600s;
  upstream b {{ server 127.0.0.1:{back}; keepalive 512; keepalive_requests 100000000; }}
  server {{ {listen};
    location / {{ proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }} }}
""")
    return str(path)
