"""An OpenID provider that nobody here wrote: glewlwyd from Debian, with a database of its own. It signs RS256."""

import socket
import subprocess
import time
import urllib.parse
from pathlib import Path

import requests

from server import free_port


class Glewlwyd:
    client_id, client_secret = "portcullis", "secret-of-portcullis"

    def __init__(self, folder):
        self.folder, self.port = Path(folder), free_port()
        self.origin = f"https://localhost:{self.port}"
        self.issuer = f"{self.origin}/api/oidc"
        # It vouches for itself.
        self.authorities = str(self.folder / "tls.pem")

    def start(self, redirect_uri, users, password):
        (self.folder / "middleware").mkdir()
        subprocess.run(["/bin/sh", "-ec", """
            gzip -dc /usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz | sqlite3 glewlwyd.db
            openssl genrsa -out signing.key 2048 && openssl rsa -in signing.key -pubout -out signing.pem
            openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost
            """], cwd=self.folder, check=True, capture_output=True)
        (self.folder / "glewlwyd.conf").write_text(f"""
port={self.port}
bind_address="127.0.0.1"
external_url="{self.origin}"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp/"
log_mode="console"
log_level="ERROR"
cookie_domain="localhost"
cookie_secure=1
session_expiration=3600
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
user_middleware_module_path="{self.folder}/middleware"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection=true
secure_connection_key_file="{self.folder}/tls.key"
secure_connection_pem_file="{self.folder}/tls.pem"
hash_algorithm = "SHA512"
database = {{ type = "sqlite3" path = "{self.folder}/glewlwyd.db" }};
""")
        self.log = open(self.folder / "glewlwyd.log", "ab")
        self.process = subprocess.Popen(["/usr/bin/glewlwyd", "-c", "glewlwyd.conf"], cwd=self.folder, stdout=self.log, stderr=self.log)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        try:
            self._prepare(redirect_uri, users, password)
        except BaseException:
            self.stop()
            raise
        return self

    def _prepare(self, redirect_uri, users, password):
        admin = self.browser("admin", "password")
        on = ("auth-type-code-enabled", "allow-non-oidc", "pkce-allowed", "pkce-required", "jwks-show")
        off = ("auth-type-token-enabled", "auth-type-id-token-enabled", "auth-type-none-enabled", "auth-type-password-enabled",
               "auth-type-client-enabled", "auth-type-device-enabled", "auth-type-refresh-enabled", "refresh-token-rolling",
               "request-parameter-allow", "pkce-method-plain-allowed", "session-management-allowed")
        self._add(admin, "mod/plugin/", {"module": "oidc", "name": "oidc", "display_name": "OIDC", "parameters": {
            "iss": self.issuer, "jwt-type": "rsa", "jwt-key-size": "256", "key": (self.folder / "signing.key").read_text(),
            "cert": (self.folder / "signing.pem").read_text(), "access-token-duration": 3600, "refresh-token-duration": 3600,
            "code-duration": 600, "subject-type": "public", "allowed-scope": ["openid"], "name-claim": "mandatory", "email-claim": "mandatory",
            "scope": [], "additional-parameters": [], "claims": [], "jwks-x5c": [],
            **dict.fromkeys(on, True), **dict.fromkeys(off, False)}})
        self._add(admin, "client/?source=database", {
            "client_id": self.client_id, "name": "Portcullis", "confidential": True, "enabled": True, "password": self.client_secret,
            "client_secret": self.client_secret, "authorization_type": ["code"], "scope": [], "redirect_uri": [redirect_uri],
            "token_endpoint_auth_method": ["client_secret_basic"]})
        for name, shown in users.items():
            self._add(admin, "user/?source=database", {
                "username": name, "name": shown, "email": f"{name}@example.com", "password": password, "enabled": True, "scope": ["openid"]})

    def _add(self, session, path, body):
        answer = session.post(f"{self.origin}/api/{path}", json=body, timeout=20)
        assert answer.status_code == 200, f"glewlwyd: {path} answered {answer.status_code} {answer.text}"

    def browser(self, name, password):
        """Of somebody who has logged in there; its own pages need JavaScript."""
        session = requests.Session()
        session.verify = self.authorities
        answer = session.post(f"{self.origin}/api/auth/", json={"username": name, "password": password}, timeout=20)
        assert answer.status_code == 200, f"glewlwyd: log-in answered {answer.status_code} {answer.text}"
        # Python keeps no cookie whose domain is a bare localhost.
        session.headers["Cookie"] = answer.headers["Set-Cookie"].split(";")[0]
        return session

    def agree(self, session):
        answer = session.put(f"{self.origin}/api/auth/grant/{self.client_id}", json={"scope": "openid"}, timeout=20)
        assert answer.status_code == 200, f"glewlwyd: consent answered {answer.status_code} {answer.text}"

    def go(self, url, name, password):
        """Opens its authorization endpoint as its pages would for somebody who logs in and agrees; where the browser is sent then."""
        session = self.browser(name, password)
        self.agree(session)
        page = session.get(url, allow_redirects=False, timeout=20).headers["Location"]
        back = urllib.parse.parse_qs(urllib.parse.urlsplit(page).query)["callback_url"][0]
        return session.get(back + "&g_continue", allow_redirects=False, timeout=20).headers["Location"]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
