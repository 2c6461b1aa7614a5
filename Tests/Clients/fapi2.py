"""The FAPI 2.0 Security Profile with a real client library: what it lets through, and what it refuses. Usage: fapi2.py BINARY"""

import base64
import hashlib
import json
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

import requests
from cryptography.x509.oid import NameOID
from jwskate import Jwk
from requests_oauth2client import BearerToken, ClientSecretBasic, ClientSecretPost, DPoPKey, DPoPToken, OAuth2Client, PrivateKeyJwt, PublicApp, exceptions

import running
from authority import Authority, dns
from person import Person
from server import Gateway, free_port

REDIRECT = "http://127.0.0.1:4711/callback"
PASSWORD = "correct horse battery staple"
gateway, authority, person = None, None, None


class GatewayWithProfile(Gateway):
    """Browsers come to the issuer's own address and are asked for no certificate; clients with one come to `mtls_origin`."""

    def policy(self, server="  profile: fapi2\n  dpop_nonce: true\n"):
        self.mtls_port = getattr(self, "mtls_port", None) or free_port()
        self.mtls_url = f"https://localhost:{self.mtls_port}"
        return super().policy(
            client_authorities=None, local="embedded: true, dpop_nonce: true", server=server + f"  mtls_origin: {self.mtls_url}\n", listeners=f"""\
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


class Party:
    """A client: how it shows who it is (a key, or a certificate), and what its tokens are bound to (a key, or a certificate)."""

    def __init__(self, id, shows, binds, *words):
        self.id, self.shows, self.binds = id, shows, binds
        self.session = requests.Session()
        self.session.verify = gateway.authorities
        self.certificate = None
        if "certificate" in (shows, binds):
            self.certificate = authority.issue(id, [(NameOID.ORGANIZATION_NAME, "Example"), (NameOID.COMMON_NAME, id)], [dns(f"{id}.example")])
            self.session.cert = self.certificate.files
        if shows == "certificate":
            options = ["--certificate-subject", f"CN={id},O=Example"]
            self.auth = PublicApp(id)
        else:
            self.key = (Jwk.generate_for_alg(shows)).with_kid_thumbprint()
            path = gateway.folder / f"{id}.json"
            # Without `alg`: what the key could do besides is for the server to refuse.
            path.write_text(json.dumps({"keys": [{name: value for name, value in self.key.public_jwk().items() if name not in ("alg", "key_ops")}]}))
            options = ["--auth-method", "private_key_jwt", "--jwks", str(path)]
            self.auth = PrivateKeyJwt(id, self.key, alg=shows, aud=gateway.issuer)
        gateway.client(
            id, "--scope", "orders:read", *options, *({"key": ["--dpop"], "certificate": ["--bind-certificate"]}.get(binds, [])), *words)

    def client(self, auth=None, **more):
        """By the metadata; a client with a certificate takes the addresses that are for those."""
        document = self.session.get(f"{gateway.issuer}/.well-known/openid-configuration", timeout=20).json()
        if self.certificate:
            document |= document["mtls_endpoint_aliases"]
        keys = self.session.get(document["jwks_uri"], timeout=20).json()
        return OAuth2Client.from_discovery_document(
            document, issuer=gateway.issuer, auth=auth or self.auth, session=self.session, authorization_server_jwks=keys, testing=True,
            redirect_uri=REDIRECT, dpop_bound_access_tokens=self.binds == "key", id_token_signed_response_alg="ES256", **more)

    @property
    def api(self):
        return (gateway.mtls_url if self.certificate else gateway.url) + "/bound/1"


WEB = ("--scope", "openid", "--scope", "profile", "--grant", "authorization_code", "--grant", "refresh_token", "--redirect-uri", REDIRECT)


def logged_in(client, **more):
    """Pushes a request, sends the person to it; the request and what came back."""
    request = client.authorization_request(scope="openid profile orders:read", **more)
    pushed = client.pushed_authorization_request(request)
    return pushed, request.validate_callback(person.authorize(pushed.uri, REDIRECT))


def redeem(client, back):
    """The token for a code, and its ID token judged."""
    token = client.authorization_code(back, validate=False)
    # The library judges ID tokens of bearer tokens only.
    BearerToken(token.access_token, id_token=str(token.id_token)).validate_id_token(client, back)
    return token


def claims(token):
    payload = str(token.access_token if hasattr(token, "access_token") else token).split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def prove(key, url, token, nonce):
    """The proof of one GET."""
    return str(key.proof(htm="GET", htu=url, ath=base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode(), nonce=nonce))


def call(url, token, key=None, scheme="DPoP", cert=None, nonce=None):
    """A call with a token that was stolen, say: whatever key, whatever certificate."""
    fields = {"Authorization": f"{scheme} {token}"}
    if key:
        fields["DPoP"] = prove(key, url, str(token), nonce or key.rs_nonce)
    return requests.get(url, headers=fields, verify=gateway.authorities, cert=cert, timeout=20)


def revoked_within_a_second(ask):
    end = time.monotonic() + 1
    while time.monotonic() < end:
        if ask().status_code == 401:
            return True
        time.sleep(0.02)
    return ask().status_code == 401


class Journeys(unittest.TestCase):
    """A person logs in, a token comes, the API takes it: with each way to show who one is, and each to bind a token"""

    def journey(self, id, shows, binds):
        party = Party(id, shows, binds, *WEB)
        client = party.client()
        pushed, back = logged_in(client)
        # The browser carried a reference, and nothing that could be read or changed on its way.
        self.assertEqual(set(urllib.parse.parse_qs(urllib.parse.urlsplit(pushed.uri).query)), {"client_id", "request_uri"})
        token = redeem(client, back)
        self.assertEqual(token.id_token.claims["aud"], id)
        thumbprint = self.confirmed(party, token)
        self.assertEqual(self.ask(party, token).json()["client"], id)
        again = client.refresh_token(token)
        self.assertEqual(self.confirmed(party, again), thumbprint)
        self.assertEqual(self.ask(party, again).json()["client"], id)
        # FAPI 2.0 §5.3.2.1: refresh tokens of confidential clients are not rotated.
        self.assertIn(again.refresh_token, (None, token.refresh_token))
        self.assertEqual(self.userinfo(party, again)["sub"], token.id_token.claims["sub"])
        self.assertEqual(client.introspect_token(again)["cnf"], claims(again)["cnf"])
        return party, client, token

    def confirmed(self, party, token):
        confirmation = claims(token)["cnf"]
        if party.binds == "certificate":
            self.assertEqual(token.token_type, "Bearer")
            self.assertEqual(confirmation, {"x5t#S256": party.certificate.thumbprint})
        else:
            self.assertEqual(token.token_type, "DPoP")
            self.assertEqual(confirmation, {"jkt": token.dpop_key.dpop_jkt})
            self.assertIsNotNone(token.dpop_key.as_nonce, "the server asked for no nonce")
        return confirmation

    def ask(self, party, token):
        answer = party.session.get(party.api, auth=token, timeout=20)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer

    def userinfo(self, party, token):
        url = (gateway.mtls_url if party.certificate else gateway.url) + "/oauth2/userinfo"
        if party.binds == "certificate":
            answer = call(url, token.access_token, scheme="Bearer", cert=party.certificate.files)
        else:
            answer = call(url, token.access_token, key=token.dpop_key, cert=party.session.cert, nonce=token.dpop_key.as_nonce)
        self.assertEqual(answer.status_code, 200, f"{answer.text} {answer.headers}")
        return answer.json()

    def test_assertion_by_ES256_and_DPoP(self):
        party, _, token = self.journey("es256-dpop", "ES256", "key")
        self.stolen(party, token)

    def test_assertion_by_PS256_and_DPoP(self):
        self.journey("ps256-dpop", "PS256", "key")

    def test_certificate_and_DPoP(self):
        self.journey("certificate-dpop", "certificate", "key")

    def test_assertion_and_bound_to_a_certificate(self):
        self.journey("es256-certificate", "ES256", "certificate")

    def test_certificate_and_bound_to_it(self):
        party, _, token = self.journey("certificate-certificate", "certificate", "certificate")
        other = authority.issue("thief", alternatives=[dns("thief.example")])
        for cert in (None, other.files):
            refused = call(party.api, token.access_token, scheme="Bearer", cert=cert)
            self.assertEqual(refused.status_code, 401)
            self.assertIn('error="invalid_token"', refused.headers["WWW-Authenticate"])
        # Where nobody is asked for certificates it is of no use to anybody.
        self.assertEqual(call(f"{gateway.url}/bound/1", token.access_token, scheme="Bearer", cert=party.certificate.files).status_code, 401)

    def stolen(self, party, token):
        """What somebody has who has the token, and not the key."""
        text, own = token.access_token, token.dpop_key
        self.assertEqual(call(party.api, text, own).status_code, 200)
        thief = DPoPKey.generate("ES256")
        for what, answer, error in (
            ("as a bearer token", call(party.api, text, scheme="Bearer"), "invalid_token"),
            ("without a proof", call(party.api, text), "invalid_token"),
            ("with the thief's proof", call(party.api, text, thief, nonce=own.rs_nonce), "invalid_token"),
            ("with a nonce that nobody gave", call(party.api, text, own, nonce="nobody-gave-this"), "use_dpop_nonce"),
        ):
            with self.subTest(what):
                self.assertEqual(answer.status_code, 401)
                self.assertIn(f'error="{error}"', answer.headers["WWW-Authenticate"])


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.party = Party("careful", "PS256", "key", *WEB, "--grant", "client_credentials")
        cls.client = cls.party.client()

    def token(self, auth=None, **more):
        """A token request as the library makes it."""
        return self.party.client(auth).client_credentials(scope="orders:read", **more)

    def test_a_secret_does_not_count(self):
        """One that was registered before the server got its profile, and is right."""
        standard = gateway.folder / "standard.yaml"
        standard.write_text(gateway.policy(server=""))
        made = gateway.client("secretive", "--scope", "orders:read", "--dpop", "--policy", str(standard))
        for auth in (ClientSecretBasic(made["client_id"], made["client_secret"]), ClientSecretPost(made["client_id"], made["client_secret"])):
            with self.assertRaises(exceptions.InvalidClient):
                self.token(auth)
        refused = subprocess.run(
            [gateway.binary, "client", "add", "another", "--scope", "orders:read", "--dpop"], cwd=gateway.folder, capture_output=True, text=True, timeout=60)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("private_key_jwt", refused.stderr)

    def test_a_public_client_does_not_count(self):
        standard = gateway.folder / "standard-public.yaml"
        standard.write_text(gateway.policy(server=""))
        gateway.client("anybody", "--public", "--dpop", "--policy", str(standard), "--scope", "orders:read", "--grant", "authorization_code",
                       "--redirect-uri", REDIRECT)
        client = self.party.client(PublicApp("anybody"))
        with self.assertRaises(exceptions.InvalidClient):
            client.pushed_authorization_request(client.authorization_request(scope="orders:read"))

    def test_an_assertion_by_RS256_does_not_count(self):
        # The same key, which the library believes to be for the other algorithm, as the server would.
        other = Jwk({name: value for name, value in self.party.key.items() if name not in ("alg", "key_ops")})
        for alg, right in (("RS256", False), ("PS512", False), ("PS256", True)):
            with self.subTest(alg):
                auth = PrivateKeyJwt("careful", other, alg=alg, aud=gateway.issuer)
                if right:
                    self.token(auth)
                    continue
                with self.assertRaises(exceptions.InvalidClient):
                    self.token(auth)

    def test_an_assertion_for_an_endpoint_or_used_before_does_not_count(self):
        with self.assertRaises(exceptions.InvalidClient):
            self.token(PrivateKeyJwt("careful", self.party.key, alg="PS256", aud=f"{gateway.issuer}/oauth2/token"))
        once = PrivateKeyJwt("careful", self.party.key, alg="PS256", aud=gateway.issuer, jti_gen=lambda: "the same")
        key = DPoPKey.generate("ES256")
        # With a nonce from before, so that each is one request.
        key.as_nonce = self.token().dpop_key.as_nonce
        self.token(once, dpop_key=key)
        with self.assertRaises(exceptions.InvalidClient):
            self.token(once, dpop_key=key)

    def test_a_token_request_without_a_proof_gets_no_token(self):
        with self.assertRaises(exceptions.EndpointError) as refused:
            self.token(dpop=False)
        self.assertEqual(refused.exception.error, "invalid_dpop_proof")
        # A client whose registration, from before, binds nothing.
        standard = gateway.folder / "standard-unbound.yaml"
        standard.write_text(gateway.policy(server=""))
        unbound = Party("unbound", "ES256", "nothing", "--policy", str(standard)).client()
        with self.assertRaises(exceptions.InvalidRequest):
            unbound.client_credentials(scope="orders:read")
        self.assertIsInstance(unbound.client_credentials(scope="orders:read", dpop=True), DPoPToken)

    def test_a_proof_by_RS256_gets_no_token(self):
        with self.assertRaises(exceptions.EndpointError) as refused:
            self.token(dpop_key=DPoPKey.generate("RS256"))
        self.assertEqual(refused.exception.error, "invalid_dpop_proof")

    def test_a_proof_by_RS256_opens_no_API(self):
        """By a key that can do both, and has the token by the other"""
        key = DPoPKey.generate("PS256")
        token = self.token(dpop_key=key)
        first = self.party.session.get(self.party.api, auth=token, timeout=20)
        self.assertEqual(first.status_code, 200)
        same = Jwk({name: value for name, value in key.private_key.items() if name not in ("alg", "key_ops")})
        for alg, status in (("RS256", 401), ("PS256", 200)):
            answer = call(self.party.api, token.access_token, DPoPKey(same, alg=alg), nonce=key.rs_nonce)
            self.assertEqual(answer.status_code, status, answer.text)
            if status == 401:
                self.assertIn('error="invalid_dpop_proof"', answer.headers["WWW-Authenticate"])

    def test_a_request_that_was_not_pushed_leads_nowhere(self):
        request = self.client.authorization_request(scope="openid orders:read")
        with self.assertRaises(exceptions.AuthorizationResponseError) as refused:
            request.validate_callback(person.authorize(request.uri, REDIRECT))
        self.assertEqual(refused.exception.error, "invalid_request")

    def test_a_pushed_request_without_a_challenge_is_refused(self):
        parameters = {"response_type": "code", "redirect_uri": REDIRECT, "scope": "openid", "state": "s"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 50).digest()).rstrip(b"=").decode()
        for more, status in (({}, 400), ({"code_challenge": "v" * 50, "code_challenge_method": "plain"}, 400),
                             ({"code_challenge": challenge, "code_challenge_method": "S256"}, 201)):
            answer = requests.post(f"{gateway.url}/oauth2/par", data=parameters | more, auth=self.party.auth, verify=gateway.authorities, timeout=20)
            self.assertEqual(answer.status_code, status, answer.text)
        # FAPI 2.0 §5.3.2.2: under ten minutes.
        self.assertLess(answer.json()["expires_in"], 600)

    def test_a_code_that_comes_twice_ends_what_came_of_it(self):
        pushed, back = logged_in(self.client)
        token = redeem(self.client, back)
        self.assertEqual(self.party.session.get(self.party.api, auth=token, timeout=20).status_code, 200)
        # A pushed request gives one code, too.
        self.assertNotIn("code=", person.session.get(pushed.uri, allow_redirects=False, timeout=20).headers.get("Location", ""))
        with self.assertRaises(exceptions.InvalidGrant):
            redeem(self.client, back)
        self.assertTrue(revoked_within_a_second(lambda: call(self.party.api, token.access_token, token.dpop_key)))
        with self.assertRaises(exceptions.InvalidGrant):
            self.client.refresh_token(token)

    def test_a_code_is_of_no_use_to_another_key(self):
        _, back = logged_in(self.client)
        for thief in (DPoPKey.generate("ES256"), None):
            with self.assertRaises(exceptions.EndpointError) as refused:
                self.client.authorization_code(
                    back.code, dpop=thief is not None, dpop_key=thief, code_verifier=back.code_verifier, redirect_uri=REDIRECT)
            self.assertIn(refused.exception.error, ("invalid_grant", "invalid_dpop_proof"))
        # Nobody else's try has used it up.
        self.assertIsInstance(redeem(self.client, back), DPoPToken)


class Metadata(unittest.TestCase):
    def test_it_says_what_there_is(self):
        document = requests.get(f"{gateway.issuer}/.well-known/oauth-authorization-server", verify=gateway.authorities, timeout=20).json()
        self.assertEqual(document["token_endpoint_auth_methods_supported"], ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"])
        self.assertEqual(document["token_endpoint_auth_signing_alg_values_supported"], ["PS256", "ES256", "EdDSA", "Ed25519"])
        self.assertEqual(document["dpop_signing_alg_values_supported"], ["PS256", "ES256", "EdDSA", "Ed25519"])
        self.assertEqual(document["code_challenge_methods_supported"], ["S256"])
        self.assertTrue(document["require_pushed_authorization_requests"])
        self.assertTrue(document["authorization_response_iss_parameter_supported"])
        aliases = document["mtls_endpoint_aliases"]
        for name in ("token", "pushed_authorization_request", "introspection", "revocation", "device_authorization", "userinfo"):
            # A client with a certificate gets nowhere where nobody asks for it.
            self.assertTrue(aliases[f"{name}_endpoint"].startswith(gateway.mtls_url + "/oauth2/"), name)


def main():
    global gateway, authority, person
    binary = running.binary()
    with tempfile.TemporaryDirectory(prefix="portcullis-fapi2-") as folder:
        gateway, authority = GatewayWithProfile(binary, folder), Authority(Path(folder) / "clients")
        gateway.start()
        try:
            gateway.user("ada", PASSWORD)
            person = Person(gateway.authorities, "ada", PASSWORD)
            status = running.run_tests(gateway.folder / "gateway.log")
        finally:
            gateway.stop()
    sys.exit(status)


if __name__ == "__main__":
    main()
