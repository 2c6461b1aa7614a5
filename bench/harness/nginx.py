"""nginx as a peer, and as the upstream of all."""

import os
import pwd

from . import materials, processes
from .proxies import LIMIT_NEVER_REACHED, Proxy

BODY = "x" * 1024


def _begin(folder):
    for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
        (folder / f"temp-{name}").mkdir(exist_ok=True)
    user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
    return f"""{user}
worker_processes 1;
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 8192; }}
http {{
    client_body_temp_path {folder}/temp-body;
    proxy_temp_path {folder}/temp-proxy;
    fastcgi_temp_path {folder}/temp-fastcgi;
    uwsgi_temp_path {folder}/temp-uwsgi;
    scgi_temp_path {folder}/temp-scgi;
    keepalive_timeout 3600s;
    keepalive_requests 1000000000;
    ssl_protocols TLSv1.2 TLSv1.3;"""


class Nginx(Proxy):
    name = "nginx"
    does = "no authentication, no limit; access log, buffered 64 KiB"
    log = "access.log"

    def command(self, site, folder, port, limit=LIMIT_NEVER_REACHED):
        files = site.materials
        (folder / "nginx.conf").write_text(f"""{_begin(folder)}
    access_log {folder}/access.log combined buffer=64k flush=1s;
    upstream orders {{
        server 127.0.0.1:{site.upstream_port};
        keepalive 256;
        keepalive_requests 1000000000;
        keepalive_timeout 3600s;
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name {materials.HOST};
        ssl_certificate {files.path('gateway.pem')};
        ssl_certificate_key {files.path('gateway.key')};
        location /orders/ {{
            proxy_pass https://orders;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto https;
            proxy_ssl_protocols TLSv1.2 TLSv1.3;
            proxy_ssl_certificate {files.path('gateway-client.pem')};
            proxy_ssl_certificate_key {files.path('gateway-client.key')};
            proxy_ssl_trusted_certificate {files.path('upstream-ca.pem')};
            proxy_ssl_verify on;
            proxy_ssl_name {materials.UPSTREAM_NAME};
        }}
    }}
}}
""")
        return [processes.tool("nginx"), "-p", folder, "-c", folder / "nginx.conf", "-g", "daemon off;"]


def upstream_command(files, folder, port):
    """/orders/1k: 1 KiB; /orders/tls: how the proxy came here; /orders/large: 64 MiB; /orders/upload reads a body to its
    end, then answers. A client certificate is demanded."""
    with (folder / "large").open("wb") as large:
        large.truncate(64 * 1_048_576)
    (folder / "nginx.conf").write_text(f"""{_begin(folder)}
    access_log off;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {files.path('orders.pem')};
        ssl_certificate_key {files.path('orders.key')};
        ssl_client_certificate {files.path('upstream-ca.pem')};
        ssl_verify_client on;
        default_type application/octet-stream;
        location = /orders/1k {{ return 200 "{BODY}"; }}
        location = /orders/tls {{ return 200 "$ssl_protocol $ssl_client_verify"; }}
        location = /orders/large {{ alias {folder}/large; }}
        location = /orders/upload {{ proxy_pass http://unix:{folder}/uploads.sock; }}
    }}
    server {{
        listen unix:{folder}/uploads.sock;
        location / {{ return 200 "read"; }}
    }}
}}
""")
    return [processes.tool("nginx"), "-p", folder, "-c", folder / "nginx.conf", "-g", "daemon off;"]
