"""Runs the modules and compares what came of them with the tables of docs/conformance.md. Usage: see `run`."""

import concurrent.futures
import copy
import http.server
import itertools
import json
import re
import ssl
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Clients"))

import requests  # noqa: E402

import running  # noqa: E402
from authority import Authority, dns  # noqa: E402
from browser import PASSWORD  # noqa: E402
from server import answer_json, Gateway, free_port  # noqa: E402

# In the order of the tables.
import openid_connect  # noqa: E402
import log_out  # noqa: E402
import fapi  # noqa: E402
import beyond  # noqa: E402
from clients import Client, ClientWithPKCE, REDIRECT, World  # noqa: E402
from keys import Key  # noqa: E402
from modules import Failed, Skipped, TABLE, Warned  # noqa: E402

DOCUMENT = ROOT / "docs/conformance.md"
BEGIN, END = "<!-- results: written by Tests/Conformance/run BINARY --write -->", "<!-- end of the results -->"
REGISTRATION_TOKEN = "a token that only the suite knows"


# MARK: What there is to be tested


class PublishedKeys:
    """A client's keys at an address, which it changes."""

    def __init__(self, gateway):
        port = free_port()
        self.address = f"https://localhost:{port}/jwks.json"
        self.rotate()
        keys = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                answer_json(self, keys.key.public_set())

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(gateway.folder / "certs/gateway.pem", gateway.folder / "certs/gateway.key")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def rotate(self):
        self.key = Key()


class OpenIDWorld(World):
    def __init__(self, gateway):
        super().__init__(gateway)
        self.registration_token = REGISTRATION_TOKEN
        self.user = self.browser()
        self.ids = itertools.count(1)
        self.client, self.with_pkce = self.new_client(), self.new_client(ClientWithPKCE)

    def new_client(self, kind=Client, method="client_secret_basic", redirect_uri=REDIRECT, more=()):
        id = f"client-{next(self.ids)}"
        words = ["--auth-method", method, "--grant", "authorization_code", "--grant", "refresh_token", "--redirect-uri", redirect_uri,
                 "--post-logout-redirect-uri", log_out.AFTERWARDS, *kind.words, *more]
        for scope in ("openid", "profile", "email", "orders:read"):
            words += ["--scope", scope]
        made = self.gateway.client(id, *words)
        return kind(self, made["client_id"], made["client_secret"], redirect_uri, method)

    def dynamic(self):
        """The same with a client that has registered itself."""
        world = copy.copy(self)
        world.user = self.browser()
        world.keys = PublishedKeys(self.gateway)
        # Logged in: on behalf of a client that anybody may have registered nobody is sent anywhere before.
        self.with_pkce.flow(world.user)
        world.client = openid_connect.registered(world, post_logout_redirect_uris=[log_out.AFTERWARDS])
        return world

    def plain_post(self, form):
        return requests.post(self.metadata["token_endpoint"], data=form, verify=self.authorities, timeout=60)


class GatewayWithRegistration(Gateway):
    def start(self):
        (self.folder / "registration-token").write_text(REGISTRATION_TOKEN)
        (self.folder / "registration-token").chmod(0o600)
        return super().start(
            local="embedded: true, dpop_nonce: true", server="""\
  dpop_nonce: true
  registration:
    initial_access_token: {file: registration-token}
    scopes: [openid, profile, email]
    jwks_hosts: [localhost]
  client_keys: {authorities: certs/ca.pem}
""")


class GatewayWithProfile(Gateway):
    """Browsers come to the issuer's own address and are asked for no certificate; clients with one to `mtls_origin`."""

    def policy(self):
        self.mtls_port = getattr(self, "mtls_port", None) or free_port()
        self.mtls_url = f"https://localhost:{self.mtls_port}"
        return super().policy(
            client_authorities=None, local="embedded: true, dpop_nonce: true",
            server=f"  profile: fapi2\n  dpop_nonce: true\n  mtls_origin: {self.mtls_url}\n", listeners=f"""\
  - address: 127.0.0.1:{self.mtls_port}
    tls:
      certificates: [{{chain: certs/gateway.pem, key: certs/gateway.key}}]
      client_authorities: clients/authority.pem
""", routes="""\
  - id: bound
    match: {methods: [GET], path: "/bound/{rest...}"}
    require: {issuers: [local], scopes: ["orders:read"], proof: any}
    upstream: orders
""")


class ProfileWorld(World):
    def __init__(self, gateway, authority):
        super().__init__(gateway)
        self.authority, self.ids = authority, itertools.count(1)
        self.user = self.browser()

    def party(self, with_certificate):
        id = f"party-{next(self.ids)}"
        party = fapi.Party(self, id, self.authority.issue(id, alternatives=[dns(f"{id}.example")]) if with_certificate else None)
        party.rsa = Key("RSA")
        path = self.gateway.folder / f"{id}.json"
        path.write_text(json.dumps({"keys": [key.jwk | {"kid": key.thumbprint} for key in (party.key, party.rsa)]}))
        shows = ["--certificate-dns", f"{id}.example", "--bind-certificate"] if with_certificate else [
            "--auth-method", "private_key_jwt", "--dpop"]
        self.gateway.client(
            id, *shows, "--jwks", str(path), "--scope", "openid", "--scope", "orders:read", "--grant", "authorization_code", "--grant",
            "refresh_token", "--grant", "client_credentials", "--redirect-uri", REDIRECT)
        return party

    def second(self, party):
        """Another client of the same kind."""
        return self.party(bool(party.certificate))

    def with_rsa(self, party):
        """Every party has an RSA key besides."""

    def for_plan(self, with_certificate):
        """A world with a browser of its own, so that plans can run side by side."""
        world = copy.copy(self)
        world.user = self.browser()
        return world.party(with_certificate)


# MARK: Running them


def result(module, shared):
    """PASSED, WARNING, FAILED or SKIPPED, and why."""
    try:
        module.run(shared)
        return "PASSED", ""
    except Warned as reason:
        return "WARNING", str(reason)
    except Skipped as reason:
        return "SKIPPED", str(reason)
    except Failed as reason:
        return "FAILED", str(reason)
    except Exception:
        return "FAILED", "the module ended with " + traceback.format_exc().strip().replace("\n", " / ")


def run(modules, openid, profile):
    """(plan, name) -> (result, reason), in the order of the table."""
    shared = {}
    makers = {
        openid_connect.BASIC: lambda: openid, openid_connect.CONFIG: lambda: openid, openid_connect.DYNAMIC: openid.dynamic,
        log_out.LOGOUT: lambda: openid, log_out.BACK_CHANNEL: lambda: openid, beyond.OPENID: lambda: openid,
        fapi.KEYS: lambda: profile.for_plan(False), fapi.CERTIFICATES: lambda: profile.for_plan(True),
        fapi.SIGNING: lambda: profile.for_plan(False), beyond.PROFILE: lambda: profile.for_plan(False)}
    results, lock = {}, threading.Lock()

    def one(module):
        begin = time.monotonic()
        came = result(module, shared[module.plan])
        with lock:
            results[module.plan, module.name] = came
            print(f"{came[0]:8}{time.monotonic() - begin:6.1f} s  {module.name}  {came[1]}", flush=True)

    def several(modules):
        for module in modules:
            one(module)

    for plan in dict.fromkeys(module.plan for module in modules):
        shared[plan] = makers[plan]()
    # Modules of one world share a browser and go one after the other; those that wait have their own.
    queues = {}
    for module in modules:
        world = "openid" if shared[module.plan] is openid else module.plan
        queues.setdefault(module.name + module.plan if module.waits else world, []).append(module)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        for future in [pool.submit(several, queue) for queue in queues.values()]:
            future.result()
    return {(module.plan, module.name): results[module.plan, module.name] for module in modules}


# MARK: The tables of the document


def tables(results):
    lines, plan = [BEGIN], None
    for (of, name), (came, reason) in results.items():
        if of != plan:
            plan = of
            lines += ["", f"### {plan}", "", "| Module | Result | Reason |", "|---|---|---|"]
        lines.append(f"|`{name}`|{came}|{reason.replace('|', '/')}|")
    return "\n".join([*lines, "", END])


def listed():
    found, plan = {}, None
    for line in DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0].split("\n"):
        if line.startswith("### "):
            plan = line[4:]
        row = re.fullmatch(r"\|`(.*?)`\|(\w+)\|(.*)\|", line)
        if row:
            found[plan, row[1]] = (row[2], row[3])
    return found


def compared(results):
    """What differs from the document, in either direction."""
    known = listed()
    wrong = [f"{name}: {' '.join(came).strip()}; docs/conformance.md says {' '.join(known.get((plan, name), ('nothing',))).strip()}"
             for (plan, name), came in results.items() if known.get((plan, name)) != came]
    return wrong + [f"{name}: stands in docs/conformance.md, and is no module" for _, name in known.keys() - results.keys()]


def main():
    binary = running.binary()
    words = sys.argv[1:]
    writes = "--write" in words
    parts = [word for word in words if word != "--write"]
    chosen = [module for module in TABLE if not parts or any(part in module.name for part in parts)]
    begin = time.monotonic()
    gateways = []
    with tempfile.TemporaryDirectory(prefix="portcullis-conformance-") as folder:
        (Path(folder) / "openid").mkdir()
        (Path(folder) / "fapi").mkdir()
        try:
            gateways.append(GatewayWithRegistration(binary, Path(folder) / "openid").start())
            authority = Authority(Path(folder) / "fapi/clients")
            gateways.append(GatewayWithProfile(binary, Path(folder) / "fapi").start())
            for gateway in gateways:
                gateway.user("ada", PASSWORD, "--email", "ada@example.com", "--display-name", "Ada Lovelace")
                gateway.user("bob", PASSWORD)
            results = run(chosen, OpenIDWorld(gateways[0]), ProfileWorld(gateways[1], authority))
        finally:
            for gateway in gateways:
                gateway.stop()
    counts = [f"{sum(came == word for came, _ in results.values())} {word}" for word in ("PASSED", "WARNING", "SKIPPED", "FAILED")]
    print(f"{len(results)} modules in {time.monotonic() - begin:.0f} s: {', '.join(counts)}")
    if parts:
        return 0
    if writes:
        text = DOCUMENT.read_text()
        DOCUMENT.write_text(text.partition(BEGIN)[0] + tables(results) + text.partition(END)[2])
        return 0
    wrong = compared(results)
    for line in wrong:
        print(line, file=sys.stderr)
    print("as docs/conformance.md says" if not wrong else f"{len(wrong)} differ from docs/conformance.md", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
