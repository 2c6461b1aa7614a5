"""Mail to users through a real SMTP server, aiosmtpd from PyPI, with STARTTLS or TLS and AUTH. Usage: mail.py BINARY [unittest words]"""

import email
import email.policy
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from person import Forms
from running import binary, run_tests, stop

BINARY = binary()
PASSWORD = "a password of the mail server"
POLICY = """
version: 1
listeners:
  - address: 127.0.0.1:{port}
    tls: {{certificates: [{{chain: certs/gateway.pem, key: certs/gateway.key}}]}}
authorization_server:
  issuer: https://localhost:{port}
  database: mail.sqlite
  audience: https://api.example.com
  login:
    sign_up: {{domains: [example.com]}}
  mail:
    host: localhost
    port: {mail}
    tls: {tls}
    authorities: {authorities}
    user: portcullis
    password: {{file: mail.secret}}
    from: accounts@example.com
    from_name: "Ünit, accounts"
    timeout: {timeout}
    per_recipient_hour_max: 50
    per_address_hour_max: 200
issuers:
  local: {{embedded: true}}
routes:
  - {{id: health, match: {{path: /health}}, public: true, local: health}}
audit:
  file: {{path: audit.jsonl}}
"""


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


class Mailbox:
    def __init__(self):
        self.messages, self.logins, self.refuse = [], [], None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.messages.append((envelope.mail_from, envelope.rcpt_tos, envelope.content, session.ssl is not None))
        return "250 taken"

    def authenticate(self, server, session, envelope, mechanism, data):
        self.logins.append((mechanism, session.ssl is not None))
        is_right = data.login == b"portcullis" and data.password == PASSWORD.encode()
        return AuthResult(success=is_right, handled=is_right)


class Implicit(Controller):
    def factory(self):
        return SMTP(self.handler, authenticator=self.handler.authenticate, auth_require_tls=False, hostname="localhost")


class StartTLS(Controller):
    def factory(self):
        return SMTP(
            self.handler, authenticator=self.handler.authenticate, hostname="localhost", tls_context=self.context,
            require_starttls=True)


class World:
    """A gateway and a mail server in a folder."""

    def __init__(self, tls="starttls", authorities="certs/ca.pem", server=None, timeout="3s"):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.run("certs", "init")
        (self.path / "mail.secret").write_text(PASSWORD)
        (self.path / "mail.secret").chmod(0o600)
        self.port, mail = free_port(), free_port()
        self.box = Mailbox()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path / "certs/gateway.pem", self.path / "certs/gateway.key")
        self.server = None
        if server:
            threading.Thread(target=server, args=(mail, context), daemon=True).start()
        elif tls == "starttls":
            self.server = StartTLS(self.box, hostname="127.0.0.1", port=mail)
            self.server.context = context
        else:
            self.server = Implicit(self.box, hostname="127.0.0.1", port=mail, ssl_context=context)
        if self.server:
            self.server.start()
        policy = POLICY.format(port=self.port, mail=mail, tls=tls, authorities=authorities, timeout=timeout)
        (self.path / "routes.yaml").write_text(policy)
        self.log = open(self.path / "log", "wb")
        self.gateway = subprocess.Popen(
            [BINARY, "run", "routes.yaml"], cwd=self.path, stdout=self.log, stderr=subprocess.STDOUT)
        self.base = f"https://localhost:{self.port}"
        self.web = requests.Session()
        self.web.verify = str(self.path / "certs/ca.pem")
        until = time.monotonic() + 20
        while True:
            try:
                self.web.get(self.base + "/health", timeout=5)
                break
            except requests.ConnectionError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def run(self, *words, text=""):
        done = subprocess.run(
            [BINARY, *words], cwd=self.path, input=text, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def add(self, name, address, *words):
        self.run("user", "add", name, "--email", address, *words, text="correct horse battery staple\n")

    def send(self, page, **values):
        """Fills in the form of a page."""
        form = Forms(page.text).forms[-1]
        return self.web.post(
            self.base + form["action"], data={**form["fields"], **values}, headers={"Origin": self.base}, timeout=20)

    def ask(self, path, who, **options):
        return self.send(self.web.get(self.base + path, timeout=20, **options), who=who)

    def mail(self, count=1):
        until = time.monotonic() + 20
        while len(self.box.messages) < count and time.monotonic() < until:
            time.sleep(0.05)
        return self.box.messages

    def health(self):
        return self.web.get(self.base + "/health", timeout=5).json()["mail"]

    def failed(self):
        """The word of the last failure, once there is one."""
        until = time.monotonic() + 20
        while self.health()["last_fault"] is None and time.monotonic() < until:
            time.sleep(0.1)
        return self.health()["last_fault"]

    def close(self):
        stop(self.gateway)
        if self.server:
            self.server.stop()
        self.log.close()
        self.folder.cleanup()


class MailTests(unittest.TestCase):
    def world(self, *words, **options):
        world = World(*words, **options)
        self.addCleanup(world.close)
        return world

    def test_forgotten_password_by_starttls(self):
        world = self.world()
        world.add("alice", "alice@example.com", "--display-name", "x\u00fc")
        self.assertEqual(world.ask("/oauth2/account/forgotten", "alice").status_code, 200)
        sender, recipients, octets, is_tls = world.mail()[0]
        self.assertEqual((sender, recipients, is_tls), ("accounts@example.com", ["alice@example.com"], True))
        message = email.message_from_bytes(octets, policy=email.policy.default)
        self.assertFalse(message.defects)
        self.assertEqual(message["to"].addresses[0].addr_spec, "alice@example.com")
        self.assertEqual(message["from"].addresses[0].addr_spec, "accounts@example.com")
        self.assertEqual(message["from"].addresses[0].display_name, "\u00dcnit, accounts")
        self.assertEqual(message["auto-submitted"], "auto-generated")
        self.assertIn("Set a new password", message["subject"])
        link = re.search(r"https://\S+", message.get_content()).group(0)
        self.assertEqual(world.box.logins, [("PLAIN", True)])
        page = world.web.get(link, timeout=20)
        self.assertEqual(page.headers["Referrer-Policy"], "same-origin")
        done = world.send(page, new="another long pass phrase", again="another long pass phrase")
        self.assertIn("The password is set", done.text)
        self.assertNotIn(link.split("link=")[1], (world.path / "log").read_text(errors="replace"))
        self.assertNotIn(link.split("link=")[1], (world.path / "audit.jsonl").read_text())
        self.assertEqual(world.web.get(link, timeout=20).status_code, 400)
        self.assertEqual(world.health(), {"sent": 1, "failed": 0, "dropped": 0, "last_fault": None})

    def test_sign_up_by_implicit_tls_in_german(self):
        world = self.world("implicit")
        world.web.headers["Accept-Language"] = "de"
        self.assertEqual(world.ask("/oauth2/account/sign-up", "Dora@example.com").status_code, 200)
        message = email.message_from_bytes(world.mail()[0][2], policy=email.policy.default)
        self.assertIn("Öffnen Sie diesen Link", message.get_content())
        link = re.search(r"https://\S+", message.get_content()).group(0)
        done = world.send(
            world.web.get(link, timeout=20), new="vierzehn blaue Kuehe", again="vierzehn blaue Kuehe",
            display_name="Dora D.")
        self.assertIn("Das Passwort ist gesetzt", done.text)
        self.assertIn("dora@example.com", world.run("user", "list"))
        world.ask("/oauth2/account/sign-up", "dora@example.com")
        known = email.message_from_bytes(world.mail(2)[1][2], policy=email.policy.default)
        self.assertIn("bereits ein Konto", known["subject"])

    def test_no_mail_for_nobody(self):
        world = self.world()
        world.add("alice", "alice@example.com")
        for who in ("nobody", "nobody@example.com", "alice"):
            self.assertIn("Look into your mail", world.ask("/oauth2/account/forgotten", who).text)
        self.assertEqual(world.mail()[0][1], ["alice@example.com"])
        self.assertEqual(len(world.box.messages), 1)

    def test_refused_for_good(self):
        world = self.world()
        world.box.refuse = "550 no such user"
        world.add("alice", "alice@example.com")
        world.ask("/oauth2/account/forgotten", "alice")
        self.assertEqual(world.failed(), "refused")
        self.assertEqual(world.health()["failed"], 1)

    def test_wrong_password_of_the_server(self):
        world = self.world()
        (world.path / "mail.secret").write_text("another")
        world.add("alice", "alice@example.com")
        world.ask("/oauth2/account/forgotten", "alice")
        self.assertEqual(world.failed(), "authentication")
        self.assertNotIn("another", (world.path / "log").read_text(errors="replace"))

    def test_unknown_authority(self):
        # A server whose certificate nobody vouches for: the gateway trusts the system's authorities only.
        world = self.world(authorities="/etc/ssl/certs/ca-certificates.crt")
        world.add("alice", "alice@example.com")
        world.ask("/oauth2/account/forgotten", "alice")
        self.assertEqual(world.failed(), "tls")
        self.assertEqual(world.box.logins, [])

    def attack(self, talk, word):
        """The gateway against a server that says what it likes."""
        seen = []

        def server(port, context):
            with socket.create_server(("127.0.0.1", port)) as listening:
                while True:
                    connection, _ = listening.accept()
                    try:
                        talk(connection, context, seen)
                    except OSError:
                        pass

        world = self.world(server=server)
        world.add("alice", "alice@example.com")
        world.ask("/oauth2/account/forgotten", "alice")
        self.assertEqual(world.failed(), word)
        self.assertFalse([line for line in seen if b"AUTH" in line or b"MAIL" in line], seen)
        return world

    def test_attack_words_before_tls(self):
        def talk(connection, context, seen):
            connection.sendall(b"220 hi\r\n")
            seen.append(connection.recv(1000))
            connection.sendall(b"250-hi\r\n250 STARTTLS\r\n")
            seen.append(connection.recv(1000))
            connection.sendall(b"220 go\r\n250-hi\r\n250 AUTH PLAIN\r\n235 ok\r\n")
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    seen.append(secured.recv(1000))
            except (ssl.SSLError, OSError):
                pass

        self.attack(talk, "tls")

    def test_attack_no_starttls(self):
        def talk(connection, context, seen):
            connection.sendall(b"220 hi\r\n")
            seen.append(connection.recv(1000))
            connection.sendall(b"250-hi\r\n250 AUTH PLAIN LOGIN\r\n")
            seen.append(connection.recv(1000))
            connection.close()

        self.attack(talk, "tls")

    def test_attack_slow_server(self):
        def talk(connection, context, seen):
            for octet in b"220 " + b"x" * 600:
                connection.sendall(bytes([octet]))
                time.sleep(0.05)

        self.attack(talk, "timeout")

    def test_attack_endless_reply(self):
        def talk(connection, context, seen):
            while True:
                connection.sendall(b"220-again\r\n" * 1000)

        self.attack(talk, "protocol")


if __name__ == "__main__":
    sys.exit(run_tests())
