"""Real OAuth clients against a running gateway. Usage: real_clients.py BINARY"""

import secrets
import sys
import tempfile
import time
import unittest
import urllib.parse

import requests

import running
from person import Person
from server import SCOPES, Gateway

REDIRECT = "http://127.0.0.1:4711/callback"
PASSWORD = "correct horse battery staple"
gateway = None


def api(token, scheme="Bearer", **more):
    return requests.get(gateway.api, headers={"Authorization": f"{scheme} {token}"} | more, verify=gateway.authorities, timeout=20)


def person():
    return Person(gateway.authorities, "ada", PASSWORD)


class WithAuthlib(unittest.TestCase):
    """Authlib's OAuth2Session"""

    def session(self, id, secret, **more):
        from authlib.integrations.requests_client import OAuth2Session

        session = OAuth2Session(id, secret, **more)
        session.verify = gateway.authorities
        return session

    def test_client_credentials(self):
        made = gateway.client("authlib-cc", "--scope", "orders:read")
        session = self.session(made["client_id"], made["client_secret"], scope="orders:read")
        token = session.fetch_token(f"{gateway.issuer}/oauth2/token", grant_type="client_credentials")
        self.assertEqual(session.get(gateway.api, timeout=20).json()["client"], "authlib-cc")
        self.assertEqual(token["token_type"], "Bearer")

    def test_private_key_jwt(self):
        import json

        from joserfc.jwk import ECKey

        key = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})
        path = gateway.folder / "authlib.jwks.json"
        path.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
        gateway.client("authlib-jwt", "--scope", "orders:read", "--auth-method", "private_key_jwt", "--jwks", str(path))
        from authlib.oauth2.rfc7523 import PrivateKeyJWT

        session = self.session("authlib-jwt", key, token_endpoint_auth_method="private_key_jwt")
        session.register_client_auth_method(
            PrivateKeyJWT(gateway.issuer, claims={"jti": secrets.token_urlsafe(16), "exp": int(time.time()) + 60}, headers={"kid": "one"}, alg="ES256"))
        session.fetch_token(f"{gateway.issuer}/oauth2/token", grant_type="client_credentials", scope="orders:read")
        self.assertEqual(session.get(gateway.api, timeout=20).status_code, 200)

    def test_code_with_pkce_refresh_and_revocation(self):
        made = gateway.client(
            "authlib-web", "--scope", "orders:read", "--scope", "offline_access", "--grant", "authorization_code", "--grant",
            "refresh_token", "--redirect-uri", REDIRECT)
        session = self.session(
            made["client_id"], made["client_secret"], scope="orders:read offline_access", redirect_uri=REDIRECT,
            code_challenge_method="S256")
        verifier = secrets.token_urlsafe(48)
        url, state = session.create_authorization_url(f"{gateway.issuer}/oauth2/authorize", code_verifier=verifier)
        back = person().authorize(url, REDIRECT)
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)
        self.assertEqual(query["iss"], [gateway.issuer])
        self.assertEqual(query["state"], [state])
        token = session.fetch_token(f"{gateway.issuer}/oauth2/token", authorization_response=back, code_verifier=verifier)
        self.assertEqual(api(token["access_token"]).status_code, 200)
        again = session.refresh_token(f"{gateway.issuer}/oauth2/token", refresh_token=token["refresh_token"])
        self.assertEqual(api(again["access_token"]).status_code, 200)
        answer = session.revoke_token(f"{gateway.issuer}/oauth2/revoke", token=again.get("refresh_token", token["refresh_token"]),
                                      token_type_hint="refresh_token")
        self.assertEqual(answer.status_code, 200)
        self.assertTrue(refused_within_a_second(again["access_token"]))


class WithRequestsOAuthlib(unittest.TestCase):
    """requests-oauthlib's OAuth2Session"""

    def test_client_credentials(self):
        from oauthlib.oauth2 import BackendApplicationClient
        from requests_oauthlib import OAuth2Session

        made = gateway.client("oauthlib-cc", "--scope", "orders:read")
        session = OAuth2Session(client=BackendApplicationClient(client_id=made["client_id"], scope=["orders:read"]))
        session.fetch_token(
            f"{gateway.issuer}/oauth2/token", client_id=made["client_id"], client_secret=made["client_secret"],
            verify=gateway.authorities)
        self.assertEqual(session.get(gateway.api, verify=gateway.authorities, timeout=20).status_code, 200)

    def test_code_with_pkce(self):
        from requests_oauthlib import OAuth2Session

        made = gateway.client(
            "oauthlib-web", "--scope", "orders:read", "--grant", "authorization_code", "--redirect-uri", REDIRECT)
        session = OAuth2Session(made["client_id"], redirect_uri=REDIRECT, scope=["orders:read"], pkce="S256")
        url, _ = session.authorization_url(f"{gateway.issuer}/oauth2/authorize")
        # The library refuses an address without TLS, also for this machine.
        back = person().authorize(url, REDIRECT).replace("http://", "https://")
        session.fetch_token(
            f"{gateway.issuer}/oauth2/token", authorization_response=back, client_secret=made["client_secret"],
            verify=gateway.authorities)
        self.assertEqual(session.get(gateway.api, verify=gateway.authorities, timeout=20).status_code, 200)


class WithRequestsOAuth2Client(unittest.TestCase):
    """requests_oauth2client"""

    def client(self, made, **more):
        from requests_oauth2client import OAuth2Client

        session = requests.Session()
        session.verify = gateway.authorities
        auth = more.pop("auth", None) or (made["client_id"], made["client_secret"])
        return OAuth2Client.from_discovery_endpoint(
            issuer=gateway.issuer, auth=auth, session=session, testing=True, redirect_uri=REDIRECT,
            device_authorization_endpoint=f"{gateway.issuer}/oauth2/device_authorization", **more)

    def code(self, client, **more):
        request = client.authorization_request(**more)
        return request, request.validate_callback(person().authorize(request.uri, REDIRECT))

    def test_openid_connect(self):
        made = gateway.client(
            "roc-oidc", "--scope", "openid", "--scope", "orders:read", "--grant", "authorization_code", "--redirect-uri", REDIRECT)
        client = self.client(made, id_token_signed_response_alg="ES256")
        request, response = self.code(client, scope="openid orders:read", max_age=600)
        token = client.authorization_code(response, validate=True)
        self.assertIn("auth_time", token.id_token.claims)
        self.assertEqual(client.userinfo(token)["sub"], token.id_token.claims["sub"])
        self.assertEqual(api(str(token.access_token)).status_code, 200)

    def test_pushed_request(self):
        made = gateway.client("roc-par", "--scope", "orders:read", "--grant", "authorization_code", "--redirect-uri", REDIRECT)
        client = self.client(made)
        request = client.authorization_request(scope="orders:read")
        pushed = client.pushed_authorization_request(request)
        response = request.validate_callback(person().authorize(pushed.uri, REDIRECT))
        token = client.authorization_code(response)
        self.assertEqual(api(str(token.access_token)).status_code, 200)

    def test_dpop(self):
        made = gateway.client("roc-dpop", "--scope", "orders:read", "--dpop")
        client = self.client(made, dpop_bound_access_tokens=True)
        token = client.client_credentials(scope="orders:read")
        self.assertEqual(requests.get(gateway.api, auth=token, verify=gateway.authorities, timeout=20).status_code, 200)
        # Whoever has only the token has nothing.
        self.assertEqual(api(str(token.access_token)).status_code, 401)

    def test_device(self):
        made = gateway.client("roc-device", "--scope", "orders:read", "--grant", "urn:ietf:params:oauth:grant-type:device_code")
        client = self.client(made)
        begun = client.authorize_device(scope="orders:read")
        person().enter_device_code(begun.verification_uri_complete)
        from requests_oauth2client import DeviceAuthorizationPollingJob

        job = DeviceAuthorizationPollingJob(client, begun, interval=1)
        token = None
        for _ in range(20):
            token = job()
            if token:
                break
            time.sleep(1)
        self.assertEqual(api(str(token.access_token)).status_code, 200)

    def test_token_exchange(self):
        subject = gateway.client("roc-front", "--scope", "orders:read", "--scope", "orders:write")
        made = gateway.client(
            "roc-exchange", "--scope", "orders:read", "--resource", "https://api.example.com", "--grant", "urn:ietf:params:oauth:grant-type:token-exchange")
        token = self.client(subject).client_credentials(scope="orders:read orders:write")
        narrowed = self.client(made).token_exchange(
            subject_token=str(token.access_token), subject_token_type="urn:ietf:params:oauth:token-type:access_token",
            scope="orders:read")
        self.assertEqual(api(str(narrowed.access_token)).status_code, 200)
        self.assertEqual(narrowed.scope, "orders:read")

    def test_introspection_and_revocation(self):
        made = gateway.client("roc-revoke", "--scope", "orders:read")
        client = self.client(made)
        token = client.client_credentials(scope="orders:read")
        self.assertTrue(client.introspect_token(token)["active"])
        self.assertEqual(api(str(token.access_token)).status_code, 200)
        self.assertTrue(client.revoke_access_token(token))
        self.assertTrue(refused_within_a_second(str(token.access_token)))
        self.assertFalse(client.introspect_token(token)["active"])


def refused_within_a_second(token):
    end = time.monotonic() + 1
    while time.monotonic() < end:
        if api(token).status_code == 401:
            return True
        time.sleep(0.02)
    return api(token).status_code == 401


def main():
    global gateway
    binary = running.binary()
    with tempfile.TemporaryDirectory(prefix="portcullis-clients-") as folder:
        gateway = Gateway(binary, folder).start()
        try:
            gateway.user("ada", PASSWORD)
            status = running.run_tests(gateway.folder / "gateway.log")
        finally:
            gateway.stop()
    sys.exit(status)


if __name__ == "__main__":
    main()
