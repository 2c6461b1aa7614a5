"""One careful HTTPS client, for what must be looked at rather than counted."""

import socket
import ssl
from http.client import HTTPSConnection

from . import materials
from .processes import Failure

PATIENCE_SECONDS = 20


class Client:
    def __init__(self, site, port):
        self.context = ssl.create_default_context(cafile=str(site.materials.path("front-ca.pem")))
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.port = port

    def get(self, path, token=None, fields=None):
        """Status, body, negotiated TLS version; a connection for each call."""
        connection = HTTPSConnection(materials.HOST, self.port, context=self.context, timeout=PATIENCE_SECONDS)
        try:
            # `Host` without the port, as wrk sends it: a DPoP proof names the same URL.
            connection.putrequest("GET", path, skip_host=True)
            connection.putheader("Host", materials.HOST)
            for name, value in (fields or ({"Authorization": f"Bearer {token}"} if token else {})).items():
                connection.putheader(name, value)
            connection.endheaders()
            version = connection.sock.version()
            answer = connection.getresponse()
            return answer.status, answer.read(65_536), version
        finally:
            connection.close()

    def held_open(self, path, token):
        """A keep-alive connection after one request on it."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)
        connection = self.context.wrap_socket(plain, server_hostname=materials.HOST)
        self.again(connection, path, token)
        return connection

    @staticmethod
    def again(connection, path, token):
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {materials.HOST}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        received = b""
        while True:
            head, end, body = received.partition(b"\r\n\r\n")
            if end:
                if not head.startswith(b"HTTP/1.1 200 "):
                    raise Failure(f"answer to a request on a connection to be held open: {head[:200]!r}")
                length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                               if line.startswith(b"content-length:")), None)
                if length is None:
                    raise Failure("answer without Content-Length on a connection to be held open")
                if len(body) >= length:
                    return
            octets = connection.recv(65_536)
            if not octets:
                raise Failure("connection closed in the middle of an answer")
            received += octets
