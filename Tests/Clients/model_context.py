"""Agents of the Model Context Protocol at a gateway that has never heard of them: the server, the policy and the client of docs/mcp.md,
with `fastmcp` and `mcp` as PyPI has them. Usage: model_context.py BINARY"""

import asyncio
import http.server
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

import running
from person import Person
from server import answer_json, free_port

HERE = Path(__file__).resolve().parent
PASSWORD = "correct horse battery staple"
folder, binary = None, None
port, service_port, document_port = free_port(), free_port(), free_port()


def blocks(language):
    """The code of docs/mcp.md, with the ports of this test."""
    text = (HERE / "../../docs/mcp.md").read_text()
    found = re.findall(rf"```{language}\n(.*?)```", text, re.S)
    return [block.replace("8443", str(port)).replace("8000", str(service_port)) for block in found]


def listens(port, process):
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit("a program ended")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process
        except OSError:
            time.sleep(0.05)
    raise SystemExit("a program does not listen")


def portcullis(*words, input=None):
    done = subprocess.run([binary, *words], cwd=folder, capture_output=True, text=True, timeout=60, input=input)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def log_in(url):
    """What the person does in the browser that the client opened; the address that the client is called back at."""
    person = Person(str(folder / "certs/ca.pem"), "ada", PASSWORD)
    return person.authorize(url, parse_qs(urlsplit(url).query)["redirect_uri"][0])


class Document(http.server.BaseHTTPRequestHandler):
    """What an agent publishes about itself. The port at which it listens is another one each time."""
    fetched = 0

    def do_GET(self):
        Document.fetched += 1
        answer_json(self, {
            "client_id": f"https://127.0.0.1:{document_port}{self.path}", "client_name": "Published agent",
            "redirect_uris": ["http://localhost/callback"], "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"], "token_endpoint_auth_method": "none"})

    def log_message(self, *_):
        pass


def publish():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certs/orders.pem", folder / "certs/orders.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", document_port), Document)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


class Storage:
    """Of the mcp package: in memory."""
    tokens, client = None, None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class ModelContextTests(unittest.TestCase):
    def run_client(self, program):
        # A browser that is a program: it logs in, agrees, and goes where the answer leads.
        browser = folder / "browser"
        browser.write_text(f"#!/bin/sh\nexec {sys.executable} {HERE}/model_context.py --browser {folder} \"$@\"\n")
        browser.chmod(0o700)
        done = subprocess.run(
            [sys.executable, program], cwd=folder, capture_output=True, text=True, timeout=90,
            env=os.environ | {"SSL_CERT_FILE": "certs/ca.pem", "BROWSER": f"{browser} %s &", "PYTHONWARNINGS": "ignore"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"user-\S+")

    def test_fastmcp_as_in_the_documentation_registers_itself_and_calls_for_the_user(self):
        self.run_client("client.py")

    def test_fastmcp_whose_id_is_the_address_of_its_metadata_is_not_registered(self):
        url = f"https://127.0.0.1:{document_port}/agent.json"
        text = (folder / "client.py").read_text()
        (folder / "published.py").write_text(
            f"from fastmcp.client.auth import OAuth\nauth = OAuth(client_metadata_url='{url}')\n" + text.replace('auth="oauth"', "auth=auth"))
        registered = portcullis("client", "list")
        self.run_client("published.py")
        self.assertEqual(Document.fetched, 1)
        self.assertIn(url, portcullis("client", "list"))
        self.assertNotIn(url, registered)
        portcullis("client", "remove", url)
        self.assertNotIn(url, portcullis("client", "list"))

    def test_mcp_discovers_registers_refreshes_and_calls(self):
        storage = Storage()
        back = {}

        async def redirect(url):
            back.update({name: values[0] for name, values in parse_qs(urlsplit(await asyncio.to_thread(log_in, url)).query).items()})

        async def callback():
            return AuthorizationCodeResult(code=back["code"], state=back["state"], iss=back.get("iss"))

        async def call(provider):
            context = ssl.create_default_context(cafile=folder / "certs/ca.pem")
            async with httpx2.AsyncClient(auth=provider, verify=context, timeout=20) as http:
                async with streamable_http_client(f"https://127.0.0.1:{port}/mcp", http_client=http) as streams:
                    async with ClientSession(streams[0], streams[1]) as session:
                        await session.initialize()
                        return (await session.call_tool("whoami", {})).content[0].text

        def provider():
            metadata = OAuthClientMetadata(client_name="Agent", redirect_uris=["http://localhost:3118/callback"], token_endpoint_auth_method="none")
            return OAuthClientProvider(f"https://127.0.0.1:{port}/mcp", metadata, storage, redirect, callback)

        first = asyncio.run(asyncio.wait_for(call(provider()), 60))
        self.assertRegex(first, r"^user-")
        self.assertEqual(storage.tokens.scope.split()[0], "notes")
        # The same registration and refresh token at the next start; nobody is asked again.
        before = storage.tokens.refresh_token
        self.assertTrue(before)
        back.clear()
        again = provider()
        storage.tokens = storage.tokens.model_copy(update={"access_token": "x.y.z", "expires_in": -1})
        self.assertEqual(asyncio.run(asyncio.wait_for(call(again), 60)), first)

    def test_the_audit_trail_says_who_registered_and_what_was_called(self):
        for _ in range(100):
            records = [json.loads(line) for line in (folder / "var/audit.jsonl").read_text().splitlines()]
            registered = {record["client_id"] for record in records if record.get("event") == "client_registered"}
            called = {record.get("client_id") for record in records 
                      if record.get("route") == "notes" and record["decision"] == "allowed" and "://" not in record["client_id"]}
            if called and called <= registered:
                return
            time.sleep(0.1)
        self.fail(f"registered {registered}, called {called}")


def main():
    global folder, binary
    if sys.argv[1] == "--browser":
        import requests
        folder = Path(sys.argv[2])
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            os.environ.pop(name, None)
        back = log_in(sys.argv[3])
        # The client listens once the browser is open.
        for _ in range(100):
            try:
                return 0 if requests.get(back, timeout=20).ok else 1
            except requests.ConnectionError:
                time.sleep(0.1)
        return 1
    binary = running.binary()
    folder = Path(tempfile.mkdtemp(prefix="portcullis-mcp-"))
    programs, log = [], open(folder / "log", "ab")
    try:
        # The document's host is this machine, which is no public address.
        (folder / "routes.yaml").write_text(blocks("yaml")[0].replace(
            "scopes: [notes]}\nissuers", "scopes: [notes]}\n  client_keys: {authorities: certs/upstream-ca.pem, allow_addresses: [\"127.0.0.1\"]}\nissuers"))
        for name, block in zip(["server.py", "client.py"], blocks("python")):
            (folder / name).write_text(block)
        portcullis("certs", "init")
        portcullis("user", "add", "ada", input=PASSWORD + "\n")
        publish()
        programs.append(subprocess.Popen([sys.executable, "server.py"], cwd=folder, stdout=log, stderr=log))
        listens(service_port, programs[0])
        programs.append(subprocess.Popen([binary, "run", "routes.yaml"], cwd=folder, stdout=log, stderr=log))
        listens(port, programs[1])
        return running.run_tests(folder / "log")
    finally:
        for program in programs:
            running.stop(program)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
