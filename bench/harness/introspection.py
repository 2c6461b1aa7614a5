"""An issuer that is asked about opaque tokens (RFC 7662): it knows one token. In a thread of the harness, on loopback, over TLS."""

import base64
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

CLIENT_ID = "gateway"
SECRET = "a-secret-of-the-bench-that-guards-nothing"
FORM_OCTETS_MAX = 16_384


class Issuer:
    """Listens on `port` from when it is made until the harness ends; counts the questions in `asked`."""

    def __init__(self, site, token, claims):
        self.asked = 0
        expected = "Basic " + base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
        issuer = self

        class Endpoint(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = min(int(self.headers.get("Content-Length") or 0), FORM_OCTETS_MAX)
                form = parse_qs(self.rfile.read(length).decode())
                if self.headers.get("Authorization") != expected:
                    return self.answer(401, {"error": "invalid_client"})
                issuer.asked += 1
                known = form.get("token") == [token]
                self.answer(200, {"active": True, "token_type": "Bearer"} | claims if known else {"active": False})

            def answer(self, status, members):
                body = json.dumps(members).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(site.materials.path("gateway.pem"), site.materials.path("gateway.key"))
        server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
