"""Debian's oidc-agent: tokens for people at a terminal, by way of a browser or a code. Usage: agent.py BINARY"""

import os
import queue
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import requests

import running
from person import Person
from server import Gateway

PASSWORD = "correct horse battery staple"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
gateway, agent = None, None


class Agent:
    """With a home of its own; it is told the authorities, as it would not know them."""

    def __init__(self, folder):
        self.folder, self.process = Path(folder), None
        (self.folder / "configuration").mkdir()
        self.environment = os.environ | {
            "HOME": str(folder), "OIDC_CONFIG_DIR": str(self.folder / "configuration"), "OIDC_SOCK": str(self.folder / "agent.sock"),
            "OIDC_ENCRYPTION_PW": "nobody reads this"}
        # No window to ask in, and nobody to answer.
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            self.environment.pop(name, None)

    def start(self):
        self.log = open(self.folder / "agent.log", "wb")
        self.process = subprocess.Popen(
            ["oidc-agent", "--console", "--no-scheme", "-a", self.environment["OIDC_SOCK"]], env=self.environment, stdout=self.log, stderr=self.log)
        for _ in range(200):
            if self.process.poll() is not None:
                raise SystemExit((self.folder / "agent.log").read_text())
            if os.path.exists(self.environment["OIDC_SOCK"]):
                return self
            time.sleep(0.05)
        raise SystemExit("the agent does not listen")

    def stop(self):
        if self.process:
            running.stop(self.process)

    def generate(self, name, *words):
        """`oidc-gen`, which waits for the person: the process, and its lines as they come."""
        process = subprocess.Popen(
            ["timeout", "40", "oidc-gen", name, f"--issuer={gateway.issuer}", f"--cert-path={gateway.authorities}", "--pw-env", "--prompt=none",
             "--confirm-default", "--no-url-call", "--no-scheme", *words],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines = queue.Queue()

        def read():
            for line in process.stdout:
                lines.put(line)
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        return process, lines

    def token(self, name, *words):
        """`oidc-token`"""
        done = subprocess.run(["oidc-token", *words, name], env=self.environment, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout.strip()


def registered_port():
    """A free one among those that oidc-agent takes: up to 49151, which `free_port` does not keep to."""
    for port in random.sample(range(20_000, 32_000), 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise SystemExit("no port is free")


def line(lines, pattern):
    """Waits for a line in which there is such a thing."""
    seen = []
    end = time.monotonic() + 20
    while time.monotonic() < end:
        text = lines.get(timeout=20)
        if text is None:
            break
        seen.append(text)
        if found := re.search(pattern, text):
            return found.group(0)
    raise AssertionError("".join(seen) + (agent.folder / "agent.log").read_text()[-2000:])


def api(token):
    return requests.get(gateway.api, headers={"Authorization": f"Bearer {token}"}, verify=gateway.authorities, timeout=20)


class WithOIDCAgent(unittest.TestCase):
    def person(self):
        return Person(gateway.authorities, "ada", PASSWORD)

    def check(self, name, process, lines):
        self.assertEqual(process.wait(40), 0, "".join(iter(lines.get, None)))
        token = agent.token(name)
        answer = api(token)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.json()["client"], name)
        # One that is to last longer than this one has left: the agent asks for another by its refresh token.
        again = agent.token(name, "--time=86400")
        self.assertNotEqual(again, token)
        self.assertEqual(api(again).status_code, 200)

    def test_by_way_of_a_browser(self):
        redirect = f"http://localhost:{registered_port()}"
        made = gateway.client("agent-code", "--scope", "openid", "--scope", "orders:read", "--scope", "offline_access", "--grant", "authorization_code",
                              "--grant", "refresh_token", "--redirect-uri", redirect)
        process, lines = agent.generate(
            "agent-code", f"--client-id={made['client_id']}", f"--client-secret={made['client_secret']}", f"--redirect-uri={redirect}",
            "--scope=openid offline_access orders:read", "--flow=code")
        back = self.person().authorize(line(lines, r"https://localhost\S+"), redirect)
        # The agent itself listens there.
        self.assertEqual(requests.get(back, timeout=20).status_code, 200)
        self.check("agent-code", process, lines)

    def test_by_way_of_a_code(self):
        made = gateway.client("agent-device", "--scope", "openid", "--scope", "orders:read", "--scope", "offline_access", "--grant", DEVICE,
                              "--grant", "refresh_token")
        process, lines = agent.generate(
            "agent-device", f"--client-id={made['client_id']}", f"--client-secret={made['client_secret']}",
            "--scope=openid offline_access orders:read", "--flow=device")
        code = line(lines, r"\b[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}\b")
        self.person().enter_device_code(f"{gateway.issuer}/oauth2/device?user_code={code}")
        self.check("agent-device", process, lines)


def main():
    global gateway, agent
    binary = running.binary()
    with tempfile.TemporaryDirectory(prefix="portcullis-agent-") as folder, tempfile.TemporaryDirectory(prefix="oidc-agent-") as home:
        gateway = Gateway(binary, folder).start()
        try:
            gateway.user("ada", PASSWORD)
            agent = Agent(home)
            try:
                agent.start()
                status = running.run_tests(gateway.folder / "gateway.log")
            finally:
                agent.stop()
        finally:
            gateway.stop()
    sys.exit(status)


if __name__ == "__main__":
    main()
