"""People who log in at an OpenID provider: one gateway sends them to another. Usage: provider.py BINARY"""

import base64
import hashlib
import html.parser
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

import requests

import running
from glewlwyd import Glewlwyd
from person import Person
from server import Gateway

REDIRECT = "http://127.0.0.1:4712/callback"
PASSWORD = "correct horse battery staple"
staff = None      # the provider
gateway = None    # sends people there
binary = None


class Refresh(html.parser.HTMLParser):
    """Where a page goes on by itself."""

    def __init__(self, page):
        super().__init__()
        self.target = None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "meta" and (attributes.get("http-equiv") or "").lower() == "refresh":
            self.target = attributes["content"].split("url=", 1)[1]


class Traveller(Person):
    """A person whose browser follows pages that go on by themselves, from one server to the other and back."""

    def __init__(self, name=None, stops_at=None, at=None):
        bundle = gateway.folder / "all.pem"
        bundle.write_text("".join(Path(server.authorities).read_text() for server in (gateway, staff, at or gateway)))
        super().__init__(str(bundle), name, PASSWORD)
        self.stops_at, self.answer, self.targets = stops_at, None, []

    def is_logged_in(self):
        """At the gateway, whatever is so at the provider."""
        return any(cookie.name == "__Host-portcullis_session" and cookie.domain.startswith("localhost") for cookie in self.session.cookies)

    def go(self, url):
        """Follows and fills in until it comes back to the application, or to an address that begins with `stops_at`, which is not opened."""
        answer = self._get(url)
        for _ in range(24):
            self.answer = answer
            target = answer.headers.get("Location") or Refresh(answer.text).target
            if target:
                target = urllib.parse.urljoin(answer.url, target)
                self.targets.append(target)
                if target.startswith(REDIRECT) or self.stops_at and target.startswith(self.stops_at):
                    return target
                answer = self._get(target)
            elif answer.status_code != 200:
                return None
            else:
                answer = self._fill_in(answer)
        raise AssertionError(f"no end; pages seen: {self.pages}")


def query(url):
    return {name: values[0] for name, values in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).items()}


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Shop:
    """The application, a client of `gateway`, or of another."""

    def __init__(self, id, at=None):
        self.gateway = at or gateway
        self.made = self.gateway.client(
            id, "--scope", "orders:read", "--scope", "openid", "--scope", "profile", "--scope", "email", "--grant", "authorization_code",
            "--redirect-uri", REDIRECT, "--require-acr")
        self.verifier = secrets.token_urlsafe(48)

    def url(self, **more):
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        return f"{self.gateway.issuer}/oauth2/authorize?" + urllib.parse.urlencode(
            {"response_type": "code", "client_id": self.made["client_id"], "redirect_uri": REDIRECT, "scope": "openid profile email orders:read",
             "state": "xyz", "nonce": "n", "code_challenge": challenge, "code_challenge_method": "S256"} | more)

    def tokens(self, back):
        answer = requests.post(
            f"{self.gateway.issuer}/oauth2/token", auth=(self.made["client_id"], self.made["client_secret"]), timeout=20,
            verify=self.gateway.authorities,
            data={"grant_type": "authorization_code", "code": query(back)["code"], "redirect_uri": REDIRECT, "code_verifier": self.verifier})
        assert answer.status_code == 200, answer.text
        return answer.json()


def expect_event(event, error=None):
    """Waits until the gateway's audit records have it: they are written some hundredths of a second later."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        lines = (gateway.folder / "var/audit.jsonl").read_text().splitlines()
        # The last one may be half there.
        records = [json.loads(line) for line in lines if line.endswith("}")]
        if any((record.get("event"), record.get("error")) == (event, error) for record in records):
            return
        time.sleep(0.02)
    raise AssertionError(f"no record of {event} {error or ''}: {[(r.get('event'), r.get('error')) for r in records if r.get('event')]}")


class LogInAtAProvider(unittest.TestCase):
    def test_a_person_logs_in_there_and_gets_tokens_here(self):
        shop = Shop("shop")
        ada = Traveller("ada")
        back = ada.go(shop.url())
        self.assertEqual((query(back)["state"], query(back)["iss"]), ("xyz", gateway.issuer))
        tokens = shop.tokens(back)
        told = claims(tokens["id_token"])
        self.assertEqual((told["iss"], told["acr"], told["amr"]), (gateway.issuer, "pwd", ["pwd"]))
        self.assertIn("auth_time", told)
        info = requests.get(
            f"{gateway.issuer}/oauth2/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}, verify=gateway.authorities, timeout=20)
        self.assertEqual(info.json()["preferred_username"], "staff+ada")
        self.assertEqual(info.json()["name"], "Ada L.")
        api = requests.get(gateway.api, headers={"Authorization": f"Bearer {tokens['access_token']}"}, verify=gateway.authorities, timeout=20)
        self.assertEqual((api.status_code, api.json()["subject"]), (200, told["sub"]))
        expect_event("login")
        listed = gateway._portcullis("user", "list")
        self.assertIn("staff+ada", listed)
        self.assertIn(f"at {staff.issuer}", listed)
        # Nobody types a password at the gateway, and the provider sees no more than it must.
        self.assertFalse([page for page in ada.pages if page.startswith("POST /oauth2/login") and page.endswith(" 403")])

        again = Traveller("ada")
        self.assertEqual(claims(shop.tokens(again.go(shop.url()))["id_token"])["sub"], told["sub"])
        other = Traveller("bob")
        self.assertNotEqual(claims(shop.tokens(other.go(shop.url()))["id_token"])["sub"], told["sub"])

    def test_step_up_goes_through_the_provider(self):
        shop = Shop("step-up")
        ada = Traveller("ada")
        first = claims(shop.tokens(ada.go(shop.url()))["id_token"])
        # The session there would do; with prompt=login and max_age=0 the password is asked for again.
        for demand in ({"prompt": "login"}, {"max_age": "0"}):
            before = len([page for page in ada.pages if page == "POST /oauth2/login 303"])
            second = claims(shop.tokens(ada.go(shop.url(**demand)))["id_token"])
            after = len([page for page in ada.pages if page == "POST /oauth2/login 303"])
            self.assertEqual(after, before + 1)
            self.assertGreaterEqual(second["auth_time"], first["auth_time"])
        self.assertEqual(query(ada.go(shop.url(acr_values="urn:example:mfa")))["error"], "unmet_authentication_requirements")

    def test_an_answer_is_for_one_browser_and_counts_once(self):
        shop = Shop("forgery")
        mallory = Traveller("bob", stops_at=f"{gateway.issuer}/oauth2/login/callback")
        callback = mallory.go(shop.url())
        self.assertEqual(query(callback)["iss"], staff.issuer)
        victim = Traveller("ada")
        victim._get(shop.url())
        self.assertEqual(victim._get(callback).status_code, 400)
        self.assertFalse(victim.is_logged_in())
        self.assertEqual(mallory._get(callback).status_code, 200)
        self.assertTrue(mallory.is_logged_in())
        self.assertEqual(mallory._get(callback).status_code, 400)
        expect_event("login_failed", "unknown_state")

    def test_a_code_of_somebody_else_is_not_redeemed(self):
        shop = Shop("injection")
        stop = f"{gateway.issuer}/oauth2/login/callback"
        victim, thief = Traveller("ada", stops_at=stop), Traveller("bob", stops_at=stop)
        stolen, own = query(victim.go(shop.url())), query(thief.go(shop.url()))
        answer = thief._get(f"{stop}?" + urllib.parse.urlencode(own | {"code": stolen["code"]}))
        # The provider sees another verifier.
        self.assertEqual(answer.status_code, 400)
        expect_event("login_failed", "code_refused")
        self.assertFalse(thief.is_logged_in())

    def test_who_was_added_before_gets_that_account(self):
        listed = next(line for line in staff._portcullis("user", "list").splitlines() if line.startswith("dan "))
        gateway._portcullis("user", "add", "dan", "--provider-subject", listed.split()[1])
        shop = Shop("added")
        tokens = shop.tokens(Traveller("dan").go(shop.url()))
        info = requests.get(
            f"{gateway.issuer}/oauth2/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}, verify=gateway.authorities, timeout=20)
        self.assertEqual(info.json()["preferred_username"], "dan")

    def test_a_disabled_person_is_refused(self):
        shop = Shop("disabled")
        eve = Traveller("eve")
        self.assertIn("code", query(eve.go(shop.url())))
        gateway._portcullis("user", "disable", "staff+eve")
        self.assertIsNone(Traveller("eve").go(shop.url()))
        expect_event("login_failed", "user_disabled")
        gateway._portcullis("user", "enable", "staff+eve")
        self.assertIn("code", query(Traveller("eve").go(shop.url())))


@unittest.skipUnless(shutil.which("glewlwyd"), "glewlwyd is not installed (scripts/prepare test)")
class LogInAtGlewlwyd(unittest.TestCase):
    """A provider that nobody here wrote."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        folder = Path(cls.temporary.name)
        for name in ("glewlwyd", "gateway"):
            (folder / name).mkdir()
        cls.gateway = Gateway(binary, folder / "gateway", host="127.0.0.1")
        cls.provider = Glewlwyd(folder / "glewlwyd").start(f"{cls.gateway.url}/oauth2/login/callback", {"ada": "Ada L."}, PASSWORD)
        (folder / "gateway/secret").write_text(cls.provider.client_secret)
        os.chmod(folder / "gateway/secret", 0o600)
        cls.gateway.start(
            issuers=f"""\
  other: {{issuer: "{cls.provider.issuer}", audience: portcullis, algorithms: [RS256], authorities: "{cls.provider.authorities}"}}
""",
            server=f"""\
  login:
    provider:
      issuer: other
      client_id: {cls.provider.client_id}
      client_secret: {{file: secret}}
      scopes: [openid]
      claims: {{email: {{equals: ada@example.com}}}}
""")

    @classmethod
    def tearDownClass(cls):
        cls.gateway.stop()
        cls.provider.stop()
        cls.temporary.cleanup()

    def test_a_person_logs_in_there_and_gets_tokens_here(self):
        shop = Shop("glewlwyd-shop", self.gateway)
        ada = Traveller(stops_at=self.provider.origin, at=self.gateway)
        callback = self.provider.go(ada.go(shop.url()), "ada", PASSWORD)
        self.assertTrue(callback.startswith(f"{self.gateway.issuer}/oauth2/login/callback?"))
        told = claims(shop.tokens(ada.go(callback))["id_token"])
        self.assertEqual(told["iss"], self.gateway.issuer)
        # It does not say when: so nobody here does.
        self.assertNotIn("auth_time", told)
        listed = self.gateway._portcullis("user", "list")
        self.assertIn(f"at {self.provider.issuer}", listed)
        self.assertIn("(Ada L.)", listed)


@unittest.skipIf(subprocess.run(["/usr/bin/python3", "-c", "import selenium"], capture_output=True).returncode, "there is no Chromium with selenium")
class InChromium(unittest.TestCase):
    def test_policies_of_pages_let_the_ways_through(self):
        gateway.client("browser", "--public", "--scope", "orders:read", "--grant", "authorization_code", "--redirect-uri", "http://127.0.0.1/back")
        script = Path(__file__).parent.parent / "Browser/provider.py"
        done = subprocess.run(
            ["/usr/bin/python3", script, gateway.issuer, staff.issuer, "browser", "ada", PASSWORD], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class WhenTheProviderIsGone(unittest.TestCase):
    """Last, by its name: the provider does not come back the same."""

    def test_the_page_says_so(self):
        shop = Shop("gone")
        ada = Traveller("ada", stops_at=f"{gateway.issuer}/oauth2/login/callback")
        callback = ada.go(shop.url())
        staff.kill()
        answer = ada._get(callback)
        self.assertEqual((answer.status_code, answer.headers["Retry-After"]), (503, "10"))
        expect_event("login_provider_unavailable", "provider_unavailable")
        staff.run()
        self.assertIn("code", query(Traveller("ada").go(shop.url())))


def start(binary, folder):
    """The provider, a client of it, and the gateway that sends people there."""
    global staff, gateway
    for name in ("staff", "gateway"):
        (folder / name).mkdir()
    # Cookies do not know ports: two servers under one name would take each other's.
    staff = Gateway(binary, folder / "staff", host="127.0.0.1").start()
    gateway = Gateway(binary, folder / "gateway")
    made = staff.client(
        "portcullis", "--scope", "openid", "--scope", "profile", "--scope", "email", "--grant", "authorization_code", "--redirect-uri",
        f"{gateway.url}/oauth2/login/callback", "--first-party")
    (gateway.folder / "secret").write_text(made["client_secret"] + "\n")
    os.chmod(gateway.folder / "secret", 0o600)
    gateway.start(
        issuers=f"""\
  staff: {{issuer: "{staff.issuer}", audience: portcullis, algorithms: [ES256], authorities: "{staff.authorities}"}}
""",
        server="""\
  login: {provider: {issuer: staff, label: Example staff, client_id: portcullis, client_secret: {file: secret}}}
""")
    for name, shown in (("ada", "Ada L."), ("bob", "Bob"), ("eve", "Eve"), ("dan", "Dan")):
        staff._portcullis("user", "add", name, "--display-name", shown, input=PASSWORD + "\n" + PASSWORD + "\n")


def main():
    global binary
    binary = running.binary()
    with tempfile.TemporaryDirectory() as folder:
        start(binary, Path(folder))
        try:
            status = running.run_tests(gateway.folder / "gateway.log")
        finally:
            gateway.stop()
            staff.stop()
    sys.exit(status)


if __name__ == "__main__":
    main()
