"""Clients of the gateways: what they send, and what they make of the answers."""

import hashlib
import secrets
import time
import urllib.parse

import requests

from browser import Browser
from keys import base64url, decoded, is_signed, parts
from modules import demand

REDIRECT = "http://127.0.0.1:4711/callback"


def half_hash(text):
    return base64url(hashlib.sha256(text.encode()).digest()[:16])


class Client:
    """One that shows a secret."""
    # The suite's clients of the OpenID Connect plans send no PKCE.
    pkce = False
    # What `client add` is told besides.
    words = ("--no-pkce",)

    def __init__(self, world, id, secret, redirect_uri=REDIRECT, method="client_secret_basic"):
        self.world, self.id, self.secret, self.redirect_uri, self.method = world, id, secret, redirect_uri, method
        self.session = requests.Session()
        self.session.verify = world.authorities
        self.verifier = secrets.token_urlsafe(48)

    def request(self, **parameters):
        """An authorization request; parameters that are None are left out."""
        request = {
            "response_type": "code", "client_id": self.id, "redirect_uri": self.redirect_uri, "scope": "openid",
            "state": secrets.token_urlsafe(8), "nonce": secrets.token_urlsafe(8)}
        if self.pkce:
            request |= {"code_challenge": base64url(hashlib.sha256(self.verifier.encode()).digest()), "code_challenge_method": "S256"}
        return {name: value for name, value in (request | parameters).items() if value is not None}

    def address(self, request):
        return self.world.metadata["authorization_endpoint"] + "?" + urllib.parse.urlencode(request)

    def authorize(self, browser, decision="allow", **parameters):
        self.sent = self.request(**parameters)
        return browser.open(self.address(self.sent), decision=decision)

    def post(self, endpoint, **form):
        auth = None
        if self.method == "client_secret_basic":
            auth = (self.id, self.secret)
        else:
            form |= {"client_id": self.id, "client_secret": self.secret}
        return self.session.post(self.world.metadata[endpoint], data=form, auth=auth, timeout=60)

    def redeem(self, code, **more):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri}
        if self.pkce:
            form["code_verifier"] = self.verifier
        return self.post("token_endpoint", **form | more)

    def flow(self, browser, **parameters):
        """A whole log-in, judged; what the token endpoint answered, with the claims of the ID token."""
        visit = self.authorize(browser, **parameters)
        self.code = self.good(visit)
        self.visit = visit
        return self.good_tokens(self.redeem(self.code))

    def good(self, visit):
        demand(visit.back is not None, f"the browser was not sent back: {visit.pages}, status {visit.answer.status_code}")
        demand("error" not in visit.back, f"the authorization endpoint answered {visit.error}: {visit.back.get('error_description')}")
        demand(visit.address == self.sent.get("redirect_uri", self.redirect_uri).partition("?")[0], "another redirect_uri was used")
        demand(visit.back.get("state") == self.sent.get("state"), "state did not come back as it was sent")
        demand(visit.back.get("iss") == self.world.issuer, "iss is missing or another's (RFC 9207)")
        demand(len(decoded(visit.back["code"])) >= 16, "the code has fewer than 128 bits")
        return visit.back["code"]

    def good_tokens(self, answer, alg=None):
        demand(answer.status_code == 200, f"the token endpoint answered {answer.status_code}: {answer.text}")
        demand(answer.headers["Content-Type"].startswith("application/json"), "the token response is not JSON")
        demand("no-store" in answer.headers.get("Cache-Control", ""), "the token response may be cached")
        tokens = answer.json()
        demand(tokens.get("token_type", "").lower() in ("bearer", "dpop") and tokens.get("access_token"), "there is no access token")
        demand(tokens.get("expires_in", 0) > 0, "expires_in is missing")
        if "openid" in self.sent["scope"].split():
            demand("id_token" in tokens, "there is no ID token")
            tokens["claims"] = self.judge(tokens, alg)
        return tokens

    def judge(self, tokens, alg=None):
        """OpenID Connect Core §3.1.3.7."""
        header, claims = parts(tokens["id_token"])
        keys = self.session.get(self.world.metadata["jwks_uri"], timeout=60).json()
        demand(is_signed(tokens["id_token"], keys), "no key of jwks_uri has signed the ID token")
        demand(header["alg"] in self.world.metadata["id_token_signing_alg_values_supported"], "the ID token's alg is not in the metadata")
        demand(alg in (None, header["alg"]), f"the ID token is signed with {header['alg']}, not {alg}")
        now = time.time()
        demand(claims["iss"] == self.world.issuer and claims["aud"] in (self.id, [self.id]) and claims["sub"], "iss, aud or sub is wrong")
        demand(claims["exp"] > now and abs(claims["iat"] - now) < 30, "exp or iat is wrong")
        demand(claims.get("nonce") == self.sent.get("nonce"), "nonce is another one")
        demand(claims.get("at_hash") in (None, half_hash(tokens["access_token"])), "at_hash is wrong")
        if "max_age" in self.sent:
            demand(isinstance(claims.get("auth_time"), int), "auth_time is missing although max_age was sent")
        return claims

    def userinfo(self, tokens):
        answer = self.session.get(
            self.world.metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=60)
        demand(answer.status_code == 200, f"userinfo answered {answer.status_code}")
        return answer.json()


class ClientWithPKCE(Client):
    pkce = True
    words = ()


class World:
    """A gateway, and what is known of it."""

    def __init__(self, gateway):
        self.gateway, self.issuer, self.authorities = gateway, gateway.issuer, gateway.authorities
        self.metadata = self.fetch(f"{self.issuer}/.well-known/openid-configuration").json()

    def fetch(self, address, **more):
        return requests.get(address, verify=self.authorities, timeout=60, **more)

    def browser(self, name="ada"):
        return Browser(self.authorities, self.issuer, name)
