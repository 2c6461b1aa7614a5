"""What the stores must withstand while the program runs, on SQLite and on PostgreSQL. Usage: stores.py BINARY"""

import base64
import hashlib
import itertools
import json
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import requests
from joserfc import jwt
from joserfc.jwk import ECKey

import running
from person import Person
from postgresql import PostgreSQL
from server import Gateway

REDIRECT = "http://127.0.0.1:4711/callback"
PASSWORD = "correct horse battery staple"
# A refresh token that is used while it is younger than this (seconds) is a request that was under way at the same time.
BURST = 5
binary, postgresql = None, None


class Caller:
    """A client with a connection of its own."""

    def __init__(self, gateway, id="app", secret=None):
        self.gateway, self.id, self.secret = gateway, id, secret
        self.session = requests.Session()
        self.session.verify = gateway.authorities

    def post(self, path, **form):
        auth = (self.id, self.secret) if self.secret else None
        if not auth and "client_assertion" not in form:
            form["client_id"] = self.id
        return self.session.post(f"{self.gateway.url}/oauth2/{path}", data=form, auth=auth, timeout=20)

    def refresh(self, token):
        return self.post("token", grant_type="refresh_token", refresh_token=token)

    def redeem(self, code):
        return self.post("token", grant_type="authorization_code", redirect_uri=REDIRECT, **code)

    def call(self, token):
        return self.session.get(self.gateway.api, headers={"Authorization": f"Bearer {token}"}, timeout=20).status_code


def eventually(awaited, condition, seconds):
    """Asks until it is so, and says how long that took."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise AssertionError(f"waited in vain for {awaited}")
        time.sleep(0.02)
    return time.monotonic() - begun


def codes(gateway, count):
    """Codes for the public client `app`, whose person has logged in once."""
    person = Person(gateway.authorities, "ada", PASSWORD)
    for _ in range(count):
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        back = person.authorize(f"{gateway.url}/oauth2/authorize?" + urllib.parse.urlencode({
            "client_id": "app", "response_type": "code", "redirect_uri": REDIRECT, "scope": "orders:read offline_access",
            "code_challenge": challenge, "code_challenge_method": "S256"}), REDIRECT)
        yield {"code": urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0], "code_verifier": verifier}


class StoreTest:
    """The same on either store."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="portcullis-stores-")
        self.addCleanup(folder.cleanup)
        self.gateway = Gateway(binary, folder.name, database=self.database()).start()
        self.addCleanup(self.gateway.stop)
        self.gateway.user("ada", PASSWORD)
        self.gateway.client(
            "app", "--public", "--first-party", "--scope", "orders:read", "--scope", "offline_access", "--grant", "authorization_code",
            "--grant", "refresh_token", "--redirect-uri", REDIRECT)

    def records(self):
        return [json.loads(line) for line in (self.gateway.folder / "var/audit.jsonl").read_text().splitlines()]

    def test_fifty_refreshes_of_one_token_are_one(self):
        token = Caller(self.gateway).redeem(next(codes(self.gateway, 1))).json()["refresh_token"]
        callers = [Caller(self.gateway) for _ in range(50)]
        for caller in callers:
            # Each has its connection by now; the two event loops have half of them each.
            self.assertEqual(caller.session.get(f"{self.gateway.url}/oauth2/jwks", timeout=20).status_code, 200)
        gate = threading.Barrier(len(callers))

        def refresh(caller):
            gate.wait(20)
            return caller.refresh(token)

        with ThreadPoolExecutor(len(callers)) as pool:
            answers = list(pool.map(refresh, callers))
        self.assertEqual({answer.status_code for answer in answers}, {200})
        successors = {answer.json()["refresh_token"] for answer in answers}
        self.assertEqual(len(successors), 1)
        self.assertNotIn(token, successors)
        self.assertEqual(self.rows("SELECT count(*) FROM record WHERE kind = 'grant'"), ["1"])
        self.assertEqual(self.rows("SELECT count(*) FROM record WHERE kind = 'refresh_token'"), ["2"])
        last = answers[0]
        time.sleep(BURST + 1.1)
        # It may come again a few times; then it is in somebody else's hands.
        late = [callers[0].refresh(token) for _ in range(4)]
        self.assertEqual([answer.status_code for answer in late], [200, 200, 200, 400])
        self.assertEqual(callers[0].refresh(last.json()["refresh_token"]).json()["error"], "invalid_grant")
        eventually("the access token to be refused", lambda: callers[0].call(last.json()["access_token"]) == 401, 1)
        eventually("the record", lambda: any(record.get("event") == "refresh_token_reused" for record in self.records()), 5)
        # Once its successor was used, it may not come again at all.
        token = callers[0].redeem(next(codes(self.gateway, 1))).json()["refresh_token"]
        successor = callers[0].refresh(token).json()["refresh_token"]
        self.assertEqual(callers[0].refresh(successor).status_code, 200)
        self.assertEqual(callers[0].refresh(token).status_code, 400)

    def test_what_was_answered_outlives_a_kill(self):
        key = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})
        keys = self.gateway.folder / "keys.json"
        keys.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
        self.gateway.client("signer", "--scope", "orders:read", "--auth-method", "private_key_jwt", "--jwks", str(keys))
        secret = self.gateway.client("batch", "--scope", "orders:read")["client_secret"]
        storm = Storm(self.gateway, key, secret, list(codes(self.gateway, Storm.THREADS)))
        storm.rage()
        self.assertLess(storm.begun, Storm.REQUESTS, "the gateway was killed too late")
        self.assertEqual(storm.surprises, [])
        self.gateway.run()

        caller = Caller(self.gateway)
        self.assertEqual(self.integrity(), [])
        self.assertEqual(self.rows(
            "SELECT t.key FROM record t WHERE t.kind = 'refresh_token' AND NOT EXISTS "
            "(SELECT 1 FROM record g WHERE g.kind = 'grant' AND g.key = t.grant_id)"), [])
        for name, made in storm.clients:
            self.assertEqual(Caller(self.gateway, name, made).post("token", grant_type="client_credentials").status_code, 200, name)
        for assertion in storm.assertions:
            self.assertEqual(storm.signed(caller, assertion).status_code, 401, "a jti was forgotten")
        self.assertEqual(storm.signed(caller, storm.assertion()).status_code, 200)
        for token in storm.tokens:
            answer = caller.refresh(token)
            self.assertEqual(answer.status_code, 200, answer.text)
            self.assertEqual(caller.refresh(answer.json()["refresh_token"]).status_code, 200)
            self.assertEqual(caller.call(answer.json()["access_token"]), 200)
        for code in storm.redeemed:
            self.assertEqual(caller.redeem(code).json()["error"], "invalid_grant", "a code was redeemed twice")
        print(f"{storm.answered} of {storm.begun} answered, {len(storm.assertions)} jti, {storm.rotations} rotations, "
              f"{len(storm.clients)} clients; ", end="", file=sys.stderr)


class Storm:
    """Token requests from all sides, and the end of the gateway in their midst; remembers what was answered."""
    REQUESTS, THREADS, KILLED_AT = 1000, 8, 500

    def __init__(self, gateway, key, secret, codes):
        self.gateway, self.key, self.secret, self.codes = gateway, key, secret, codes
        self.numbers, self.lock, self.dead = itertools.count(1), threading.Lock(), threading.Event()
        self.begun = self.answered = self.rotations = 0
        self.assertions, self.tokens, self.redeemed, self.clients, self.surprises = [], [], [], [], []

    def rage(self):
        threads = [threading.Thread(target=self._ask, args=(code,)) for code in self.codes] + [threading.Thread(target=self._register)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    def _register(self):
        for number in itertools.count():
            if self.dead.is_set():
                return
            try:
                made = self.gateway.client(f"new-{number}", "--scope", "orders:read")
            except (SystemExit, Exception) as error:
                self.surprises.append(f"client add: {error}")
                return
            self.clients.append((made["client_id"], made["client_secret"]))

    def _ask(self, code):
        caller, batch = Caller(self.gateway), Caller(self.gateway, "batch", self.secret)
        token = None
        try:
            while True:
                with self.lock:
                    self.begun = number = next(self.numbers)
                if number > self.REQUESTS:
                    return
                if token is None:
                    token = self._count(caller.redeem(code)).json()["refresh_token"]
                    self.redeemed.append(code)
                elif number % 3 == 0:
                    self._count(batch.post("token", grant_type="client_credentials"))
                elif number % 3 == 1:
                    assertion = self.assertion()
                    self._count(self.signed(caller, assertion))
                    self.assertions.append(assertion)
                else:
                    token = self._count(caller.refresh(token)).json()["refresh_token"]
                    self.rotations += 1
        except requests.exceptions.RequestException:
            pass  # It is dead.
        except Exception as error:
            self.surprises.append(repr(error))
        finally:
            if token:
                self.tokens.append(token)

    def _count(self, answer):
        if answer.status_code != 200:
            raise AssertionError(f"{answer.status_code} {answer.text}")
        with self.lock:
            self.answered += 1
            if self.answered == self.KILLED_AT:
                self.gateway.kill()
                self.dead.set()
        return answer

    def assertion(self):
        now = int(time.time())
        claims = {"iss": "signer", "sub": "signer", "aud": self.gateway.issuer, "jti": secrets.token_urlsafe(16), "iat": now, "exp": now + 120}
        return jwt.encode({"alg": "ES256", "kid": "one"}, claims, self.key)

    def signed(self, caller, assertion):
        return caller.post(
            "token", grant_type="client_credentials", client_assertion=assertion,
            client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer")


class OnSQLite(StoreTest, unittest.TestCase):
    def database(self):
        return "var/portcullis.sqlite"

    def rows(self, sql):
        with sqlite3.connect(self.gateway.folder / "var/portcullis.sqlite") as connection:
            return [str(row[0]) for row in connection.execute(sql)]

    def integrity(self):
        return [line for line in self.rows("PRAGMA integrity_check") if line != "ok"]


class OnPostgreSQL(StoreTest, unittest.TestCase):
    def database(self):
        self.name = f"stores_{secrets.token_hex(4)}"
        return postgresql.database(self.name)

    def rows(self, sql):
        return postgresql.sql("SET search_path = portcullis; " + sql, self.name)

    def integrity(self):
        # Rows that an index finds and the table does not have, or the other way round.
        return postgresql.sql("CREATE EXTENSION IF NOT EXISTS amcheck; SELECT bt_index_check(c.oid, true) FROM pg_class c "
                              "WHERE c.relnamespace = 'portcullis'::regnamespace AND c.relkind = 'i'", self.name)


    def test_check_asks_it_only_when_told(self):
        """For the clients that may obtain what routes ask for; it is not made for that."""
        def warnings(*words):
            return [line for line in self.gateway._portcullis("check", *words).splitlines() if "may obtain" in line]

        self.gateway.client("reader", "--scope", "orders:read")
        self.assertEqual(warnings(), [])
        found = warnings("--clients")
        self.assertEqual(len(found), 1)
        self.assertIn('warning: route "orders.write" asks for the scope "orders:write"', found[0])
        self.gateway.client("writer", "--scope", "orders:write")
        self.assertEqual(warnings("--clients"), [])
        policy = (self.gateway.folder / "routes.yaml").read_text()
        empty = f"empty_{secrets.token_hex(4)}"
        postgresql.sql(f"CREATE DATABASE {empty}", "postgres")
        (self.gateway.folder / "other.yaml").write_text(policy.replace(f"database: {self.name}", f"database: {empty}"))
        self.assertEqual(warnings("--clients", "other.yaml"), [])
        self.assertEqual(postgresql.sql("SELECT nspname FROM pg_namespace WHERE nspname = 'portcullis'", empty), [])
        (self.gateway.folder / "other.yaml").write_text(policy.replace(f"database: {self.name}", "database: nowhere"))
        done = subprocess.run(
            [binary, "check", "--clients", "other.yaml"], cwd=self.gateway.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot be read", done.stderr)


class TwoGateways(unittest.TestCase):
    """On one PostgreSQL, under one name"""

    def test_what_one_does_the_other_knows(self):
        with tempfile.TemporaryDirectory(prefix="portcullis-one-") as here, tempfile.TemporaryDirectory(prefix="portcullis-two-") as there:
            database = postgresql.database(f"two_{secrets.token_hex(4)}")
            self.one = Gateway(binary, here, database=database).start()
            self.addCleanup(self.one.stop)
            self.two = Gateway(binary, there, database=database, beside=self.one).start()
            self.addCleanup(self.two.stop)
            self._journey()

    def _journey(self):
        one, two = self.one, self.two
        secret = one.client("batch", "--scope", "orders:read")["client_secret"]
        here, there = Caller(one, "batch", secret), Caller(two, "batch", secret)
        self.assertEqual(there.post("token", grant_type="client_credentials").status_code, 200)

        one.user("ada", PASSWORD)
        one.client("app", "--public", "--first-party", "--scope", "orders:read", "--scope", "offline_access", "--grant",
                   "authorization_code", "--grant", "refresh_token", "--redirect-uri", REDIRECT)
        code = next(codes(one, 1))
        redeemed = Caller(two).redeem(code)
        self.assertEqual(redeemed.status_code, 200, redeemed.text)
        self.assertEqual(Caller(one).call(redeemed.json()["access_token"]), 200)
        refresh = redeemed.json()["refresh_token"]

        self._revoked_at_one_is_refused_at_two(here, there)

        one._portcullis("keys", "rotate", "--now")
        before = kid(there.post("token", grant_type="client_credentials").json()["access_token"])
        fresh = {}

        def signs_anew():
            fresh["token"] = here.post("token", grant_type="client_credentials").json()["access_token"]
            return len(one_keys()) > 1 and kid(fresh["token"]) == one_keys()[-1]

        def one_keys():
            return [line.split()[0] for line in one._portcullis("keys", "list").splitlines()]

        eventually("a token of the new key", signs_anew, 5)
        self.assertEqual(there.call(fresh["token"]), 200, f"the other gateway does not know the key that followed {before}")

        access = here.post("token", grant_type="client_credentials").json()["access_token"]
        postgresql.stop()
        try:
            for gateway in (one, two):
                # Neither says yes nor no to what it cannot look up; access tokens need no look.
                self.assertEqual(Caller(gateway).refresh(refresh).status_code, 503)
                self.assertEqual(Caller(gateway, "batch", secret).post("revoke", token=access).status_code, 503)
                self.assertEqual(Caller(gateway).call(access), 200)
        finally:
            postgresql.start()
        for gateway in (one, two):
            # "batch" would prove nothing: for a second after it has shown its secret it gets tokens without a look into the store.
            eventually("the store to be read again", lambda: Caller(gateway).refresh("unknown").status_code == 400, 15)
        self.assertEqual(Caller(two).refresh(refresh).status_code, 200)
        self._revoked_at_one_is_refused_at_two(here, there, within=8)
        self._revoked_at_one_is_refused_at_two(here, there)

    def _revoked_at_one_is_refused_at_two(self, here, there, within=1):
        token = here.post("token", grant_type="client_credentials").json()["access_token"]
        self.assertEqual(there.call(token), 200)
        self.assertEqual(here.post("revoke", token=token).status_code, 200)
        took = eventually("the other gateway to refuse a revoked token", lambda: there.call(token) == 401, within)
        print(f"refused after {took * 1000:.0f} ms; ", end="", file=sys.stderr)


def kid(token):
    head = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]


def main():
    global binary, postgresql
    binary = running.binary()
    with tempfile.TemporaryDirectory(prefix="portcullis-postgresql-") as folder:
        postgresql = PostgreSQL(folder).start()
        try:
            status = running.run_tests()
        finally:
            postgresql.stop()
    sys.exit(status)


if __name__ == "__main__":
    main()
