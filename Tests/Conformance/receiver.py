"""An application's server that is told of log-outs (OpenID Connect Back-Channel Logout 1.0 §2.5)."""

import http.server
import queue
import ssl
import threading
import time
import urllib.parse

from keys import is_signed, parts
from modules import demand
from server import free_port

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class LogoutReceiver:
    """Keeps what it gets. Answers with `statuses` one after the other, then with 200."""

    def __init__(self, gateway, statuses=()):
        port = free_port()
        self.address = f"https://localhost:{port}/backchannel"
        self.received, self.statuses = queue.Queue(), list(statuses)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                receiver.received.put((self.path, self.headers["Content-Type"], body))
                self.send_response(status)
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(gateway.folder / "certs/gateway.pem", gateway.folder / "certs/gateway.key")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def token(self, seconds=10):
        """The next logout token."""
        try:
            path, kind, body = self.received.get(timeout=seconds)
        except queue.Empty:
            demand(False, "the application was not told")
        demand(path == "/backchannel" and kind == "application/x-www-form-urlencoded", f"it was told by {kind} at {path}")
        form = urllib.parse.parse_qs(body)
        demand(list(form) == ["logout_token"] and len(form["logout_token"]) == 1, "there is not exactly one logout_token")
        return form["logout_token"][0]

    def demand_silence(self, seconds=2):
        try:
            self.received.get(timeout=seconds)
        except queue.Empty:
            return
        demand(False, "the application was told once more, or of somebody else's log-out")


def judge(world, client, token, of, alg=None):
    """§2.4, §2.6: a logout token for this client, of the session of these claims of an ID token."""
    header, claims = parts(token)
    keys = world.fetch(world.metadata["jwks_uri"]).json()
    demand(is_signed(token, keys), "no key of jwks_uri has signed the logout token")
    demand(header["alg"] in world.metadata["id_token_signing_alg_values_supported"], "alg is not in the metadata")
    demand(alg in (None, header["alg"]), f"the logout token is signed with {header['alg']}, not as the client's ID tokens")
    demand(header.get("typ") == "logout+jwt", "typ is not logout+jwt")
    now = time.time()
    demand(claims["iss"] == world.issuer and claims["aud"] in (client.id, [client.id]), "iss or aud is wrong")
    demand(abs(claims["iat"] - now) < 30 and now < claims["exp"] <= claims["iat"] + 120, "iat or exp is wrong")
    demand(claims.get("jti"), "jti is missing")
    demand(claims.get("events") == {EVENT: {}}, "events is wrong")
    demand("nonce" not in claims, "there is a nonce")
    demand(claims.get("sub") == of["sub"] and claims.get("sid") == of["sid"], "sub or sid is another one")
