"""Servers that issue tokens, each with one client `shop`, over TLS, in SQLite, ES256 by RFC 9068."""

import base64
import gzip
import hashlib
import json
import os
import sqlite3
import subprocess
import urllib.request
import ssl
from pathlib import Path

from . import flow_load, materials
from .processes import BENCH, Failure, free_port, tool

SCOPE = "orders:read"
SECRET = "not-a-secret-0123456789abcdef0123456789abcdef"


def basic(client, secret):
    return "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()


class TokenServer:
    """One server. `prepare` writes its files, `command` starts it, `configure` makes its client once it listens."""
    path = "/oauth2/token"
    scope = SCOPE
    secret = SECRET
    methods = ("client_secret_basic", "client_secret_post")
    environment = {}
    host = materials.HOST
    # Of the flows in which a user takes part.
    redirect_uri = "https://app.example/cb"
    authorize_more = ""
    cookie = ""

    def prepare(self, files, folder, port):
        self.files, self.folder, self.port = files, folder, port

    def configure(self, context):
        pass

    @property
    def url(self):
        return f"https://{materials.HOST}:{self.port}{self.path}"


class Portcullis(TokenServer):
    name = "portcullis"
    does = "the whole request pipeline with an audit record for each request; secrets as HMAC-SHA-256; nothing stored for a token"
    methods = (
        "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth", "authorization_code", "refresh_token")
    authorize_path = "/oauth2/authorize"
    user_scope = f"openid {SCOPE}"

    def __init__(self, binary):
        self.binary = binary

    def prepare(self, files, folder, port):
        super().prepare(files, folder, port)
        issuer = f"https://{materials.HOST}:{port}"
        self.issuer = issuer
        # Who has no certificate comes where none is asked for, as at the others.
        self.certificate_port = free_port()
        (folder / "routes.yaml").write_text(f"""version: 1
workers: 1
listeners:
  - address: 127.0.0.1:{port}
    tls:
      certificates: [{{chain: {files.path('gateway.pem')}, key: {files.path('gateway.key')}}}]
  - address: 127.0.0.1:{self.certificate_port}
    tls:
      certificates: [{{chain: {files.path('gateway.pem')}, key: {files.path('gateway.key')}}}]
      client_authorities: {files.path('upstream-ca.pem')}
issuers:
  local: {{embedded: true}}
authorization_server:
  mtls_origin: https://{materials.HOST}:{self.certificate_port}
  issuer: {issuer}
  database: {folder / 'server.sqlite'}
  audience: https://api.example.com
upstreams:
  orders:
    endpoints: [https://127.0.0.1:9]
    tls: {{authorities: {files.path('upstream-ca.pem')}, identity: "dns:orders.internal"}}
routes:
  - {{id: orders, match: {{path: /orders}}, require: {{issuers: [local], scopes: ["{SCOPE}"]}}, upstream: orders}}
audit:
  file: {{path: {folder / 'audit.jsonl'}, keep: 2}}
timeouts: {{keep_alive_idle: 1h}}
""")

    def _portcullis(self, *words, typed=None):
        done = subprocess.run(
            [self.binary, *words, "--policy", self.folder / "routes.yaml"], capture_output=True, text=True, timeout=60, input=typed)
        if done.returncode != 0:
            raise Failure(f"portcullis {' '.join(map(str, words))}: {done.stderr.strip()}")
        return done.stdout

    def command(self):
        self.secret = json.loads(self._portcullis("client", "add", "shop", "--scope", SCOPE, "--json"))["client_secret"]
        return [self.binary, "run", self.folder / "routes.yaml"]

    def log_in(self, context):
        """An application of the house, which asks nobody for consent, and a user in whose browser it is used."""
        secret = json.loads(self._portcullis(
            "client", "add", "web", "--scope", "openid", "--scope", SCOPE, "--grant", "authorization_code", "--grant", "refresh_token",
            "--redirect-uri", self.redirect_uri, "--first-party", "--json"))["client_secret"]
        self.web_authorization = basic("web", secret)
        self._portcullis("user", "add", "ada", typed="correct horse battery staple\n")
        flow_load.log_in(self, context, "ada", "correct horse battery staple")

    def add_certificate_client(self):
        """A client that authenticates with the certificate `gateway-client` (tls_client_auth by its URI)."""
        self._portcullis("client", "add", "shop-certificate", "--scope", SCOPE, "--certificate-uri", materials.GATEWAY_SPIFFE)

    def add_key_client(self, jwks):
        """A client that authenticates with private_key_jwt; False where this version cannot."""
        (self.folder / "shop.jwks.json").write_text(json.dumps(jwks))
        try:
            self._portcullis(
                "client", "add", "shop-key", "--scope", SCOPE, "--auth-method", "private_key_jwt",
                "--jwks", self.folder / "shop.jwks.json")
        except Failure:
            return False
        return True


class Glewlwyd(TokenServer):
    name = "glewlwyd"
    does = "Debian's glewlwyd, plugin oidc; secrets as SHA-512 with salt; a row for each token"
    path = "/api/oidc/token"
    scope = "orders"
    methods = ("client_secret_basic", "client_secret_post", "authorization_code", "refresh_token")
    authorize_path = "/api/oidc/auth"
    authorize_more = "&g_continue"
    user_scope = "openid orders"

    def prepare(self, files, folder, port):
        super().prepare(files, folder, port)
        script = Path("/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz")
        if not script.exists():
            raise Failure("glewlwyd is missing; run bench/install")
        with sqlite3.connect(folder / "glewlwyd.db") as database:
            database.executescript(gzip.open(script, "rt").read())
        # Its web server takes one connection's requests on one thread, as many threads as connections.
        (folder / "glewlwyd.conf").write_text(f"""port={port}
bind_address="127.0.0.1"
external_url="https://{materials.HOST}:{port}"
login_url="login.html"
api_prefix="api"
static_files_path="{folder}"
log_mode="file"
log_file="{folder / 'glewlwyd.log'}"
log_level="INFO"
cookie_domain="{materials.HOST}"
session_expiration=86400
session_key="SESSION"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
user_middleware_module_path="/usr/lib/glewlwyd/user_middleware"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection=true
secure_connection_key_file="{files.path('gateway.key')}"
secure_connection_pem_file="{files.path('gateway.pem')}"
hash_algorithm="SHA512"
database={{ type="sqlite3" path="{folder / 'glewlwyd.db'}" }};
static_files_mime_types=({{ extension="*" mime_type="application/octet-stream" compress=0 }})
""")

    def command(self):
        return [tool("glewlwyd"), f"--config-file={self.folder / 'glewlwyd.conf'}"]

    def configure(self, context):
        cookie = None

        def call(path, body):
            nonlocal cookie
            request = urllib.request.Request(
                f"https://{materials.HOST}:{self.port}/api{path}", data=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"} | ({"Cookie": cookie} if cookie else {}))
            with urllib.request.urlopen(request, context=context, timeout=20) as answer:
                cookie = (answer.headers.get("Set-Cookie") or cookie or "").split(";")[0]

        private = (self.folder / "es256.key").read_text()
        public = (self.folder / "es256.pem").read_text()
        # What its documentation names for the first log-in; the server is gone with the run.
        call("/auth/", {"username": "admin", "password": "password"})
        call("/scope/", {"name": self.scope, "display_name": "orders", "description": "orders", "password_required": False})
        call("/mod/plugin/", {"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": {
            "iss": f"https://{materials.HOST}:{self.port}/api/oidc", "jwt-type": "ecdsa", "jwt-key-size": "256",
            "key": private, "cert": public, "access-token-duration": 600, "refresh-token-duration": 86400,
            "code-duration": 60, "refresh-token-rolling": True, "allow-non-oidc": True, "auth-type-code-enabled": True,
            "auth-type-token-enabled": False, "auth-type-id-token-enabled": True, "auth-type-none-enabled": False,
            "auth-type-password-enabled": False, "auth-type-client-enabled": True, "auth-type-device-enabled": False,
            "auth-type-refresh-enabled": True, "pkce-allowed": True, "pkce-method-plain-allowed": False, "subject-type": "public", "jwks-show": True, "jwks-x5c": [],
            "request-parameter-allow": False}})
        call("/client/", {"client_id": "shop", "name": "shop", "confidential": True, "password": self.secret,
                          "client_secret": self.secret, "authorization_type": ["client_credentials"],
                          "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"], "scope": [self.scope],
                          "enabled": True, "redirect_uri": [f"https://{materials.HOST}/cb"]})
        call("/client/", {"client_id": "web", "name": "web", "confidential": True, "password": self.secret,
                          "client_secret": self.secret, "authorization_type": ["code", "refresh_token"],
                          "token_endpoint_auth_method": ["client_secret_basic"], "scope": [], "enabled": True,
                          "redirect_uri": [self.redirect_uri]})
        call("/user/", {"username": "ada", "name": "Ada", "email": "ada@example.com", "password": self.secret, "enabled": True,
                        "scope": ["openid", self.scope]})

    def log_in(self, context):
        """A user in a browser, who has agreed once."""
        cookie = ""
        for method, path, body in [
            ("POST", "/auth/", {"username": "ada", "password": self.secret}), ("PUT", "/auth/grant/web", {"scope": self.user_scope}),
        ]:
            request = urllib.request.Request(
                f"https://{materials.HOST}:{self.port}/api{path}", data=json.dumps(body).encode(), method=method,
                headers={"Content-Type": "application/json", "Cookie": cookie})
            with urllib.request.urlopen(request, context=context, timeout=20) as answer:
                cookie = (answer.headers.get("Set-Cookie") or cookie).split(";")[0]
        self.cookie, self.web_authorization = cookie, basic("web", self.secret)


class Authlib(TokenServer):
    name = "authlib"
    does = "Authlib on Flask and gunicorn (one process, 8 threads); secrets as SHA-256; nothing stored for a token"

    def prepare(self, files, folder, port):
        super().prepare(files, folder, port)
        with sqlite3.connect(folder / "clients.sqlite") as database:
            database.execute("CREATE TABLE client (id TEXT PRIMARY KEY, digest TEXT, scope TEXT)")
            database.execute(
                "INSERT INTO client VALUES (?, ?, ?)", ("shop", hashlib.sha256(self.secret.encode()).hexdigest(), SCOPE))
        self.environment = {
            "TOKENS_DATABASE": str(folder / "clients.sqlite"), "TOKENS_KEY": str(folder / "es256.jwk.json"),
            "TOKENS_ISSUER": f"https://{materials.HOST}:{port}"}

    def command(self):
        return [
            BENCH / "out/venv/bin/gunicorn", "--chdir", BENCH, "--bind", f"127.0.0.1:{self.port}", "--workers", "1",
            "--threads", "8", "--keep-alive", "3600", "--certfile", self.files.path("gateway.pem"), "--keyfile",
            self.files.path("gateway.key"), "harness.authlib_server:application"]
