"""A gateway of the test's own: certificates, policy, an API behind it, clients and a user."""

import http.server
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import running

SCOPES = ["orders:read", "orders:write"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer_json(handler, document):
    """What a request handler answers with."""
    body = json.dumps(document).encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class Service(http.server.BaseHTTPRequestHandler):
    """The API: says who the gateway says is calling."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        answer_json(self, {"subject": self.headers.get("X-Auth-Subject"), "client": self.headers.get("X-Auth-Client-Id"),
                           "scope": self.headers.get("X-Auth-Scope")})

    def log_message(self, *_):
        pass


class Gateway:
    def __init__(self, binary, folder, database="var/portcullis.sqlite", beside=None, host="localhost"):
        """`database`: as YAML. `beside`: a gateway that has started; this one serves under its name, with its certificates and API."""
        self.binary, self.folder, self.database, self.beside = Path(binary).resolve(), Path(folder), database, beside
        self.port, self.service_port = free_port(), beside.service_port if beside else free_port()
        self.url = f"https://{host}:{self.port}"
        self.issuer = beside.issuer if beside else self.url
        self.api = f"{self.url}/orders/1"
        self.authorities = str(self.folder / "certs/ca.pem")

    def start(self, **policy):
        """`policy`: what is special about it."""
        if self.beside:
            shutil.copytree(self.beside.folder / "certs", self.folder / "certs")
        else:
            self._portcullis("certs", "init")
        (self.folder / "routes.yaml").write_text(self.policy(**policy))
        if not self.beside:
            self._serve()
        return self.run()

    def policy(self, client_authorities="certs/client-ca.pem", listeners="", local="embedded: true", issuers="", server="", routes=""):
        """The text of routes.yaml. `listeners`, `issuers`, `server` and `routes`: lines more, as they are to stand there."""
        asks = f"      client_authorities: {client_authorities}\n" if client_authorities else ""
        return f"""version: 1
listeners:
  - address: 127.0.0.1:{self.port}
    tls:
      certificates: [{{chain: certs/gateway.pem, key: certs/gateway.key}}]
{asks}{listeners}issuers:
  local: {{{local}}}
{issuers}authorization_server:
  issuer: {self.issuer}
  database: {self.database}
  audience: https://api.example.com
{server}upstreams:
  orders:
    endpoints: ["https://127.0.0.1:{self.service_port}"]
    tls:
      authorities: certs/upstream-ca.pem
      certificate: {{chain: certs/gateway-client.pem, key: certs/gateway-client.key}}
      identity: spiffe://example.org/orders
routes:
  - id: orders.read
    match: {{methods: [GET], path: "/orders/{{rest...}}"}}
    require: {{issuers: [local], scopes: ["orders:read"]}}
    upstream: orders
  - id: orders.write
    match: {{methods: [POST], path: "/orders/{{rest...}}"}}
    require: {{issuers: [local], scopes: ["orders:write"]}}
    upstream: orders
{routes}audit:
  file: {{path: var/audit.jsonl}}
"""

    def run(self):
        """Starts the program, the first time or again, and comes back when it listens."""
        self.log = open(self.folder / "gateway.log", "ab")
        self.process = subprocess.Popen([self.binary, "run", "routes.yaml"], cwd=self.folder, stdout=self.log, stderr=self.log)
        for _ in range(300):
            if self.process.poll() is not None:
                raise SystemExit((self.folder / "gateway.log").read_text())
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the gateway does not listen")

    def _serve(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "certs/orders.pem", self.folder / "certs/orders.key")
        context.load_verify_locations(self.folder / "certs/upstream-ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self.service = http.server.ThreadingHTTPServer(("127.0.0.1", self.service_port), Service)
        self.service.socket = context.wrap_socket(self.service.socket, server_side=True)
        threading.Thread(target=self.service.serve_forever, daemon=True).start()

    def client(self, id, *words):
        """Registers a client; what `portcullis client add --json` says of it."""
        return json.loads(self._portcullis("client", "add", id, "--json", *words))

    def user(self, name, password, *words):
        self._portcullis("user", "add", name, *words, input=password + "\n" + password + "\n")

    def _portcullis(self, *words, input=None):
        done = subprocess.run([self.binary, *words], cwd=self.folder, capture_output=True, text=True, timeout=60, input=input)
        if done.returncode != 0:
            raise SystemExit(f"portcullis {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def kill(self):
        """As a machine that loses power would, but for what the kernel has taken already."""
        self.process.kill()
        self.process.wait(20)

    def stop(self):
        running.stop(self.process)
        if not self.beside:
            self.service.shutdown()
