"""Clients that show a certificate, and tokens that are bound to it, over real connections. Usage: certificates.py BINARY"""

import json
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import requests
from cryptography.x509.oid import NameOID

import running
from authority import Authority, dns, email, ip, uri
from server import Gateway

gateway, authority = None, None


class GatewayWithCertificates(Gateway):
    """Asks for certificates of the test's authority, and takes the self-signed ones that stand beside it in the file."""

    def policy(self):
        return super().policy(client_authorities="clients.pem", routes="""\
  - id: bound
    match: {methods: [GET], path: "/bound/{rest...}"}
    require: {issuers: [local], scopes: ["orders:read"], proof: mtls}
    upstream: orders
""")

    def trust(self, *certificates):
        (self.folder / "clients.pem").write_bytes(b"".join(certificate.pem for certificate in certificates))


def name(text):
    """A subject that only the common name says."""
    return [(NameOID.COMMON_NAME, text)]


def authlib(id, certificate):
    """Authlib's session of a client that shows nothing but its connection's certificate."""
    from authlib.integrations.requests_client import OAuth2Session

    session = OAuth2Session(id, token_endpoint_auth_method="none", scope="orders:read")
    session.verify, session.cert = gateway.authorities, certificate and certificate.files
    return session


def requests_oauth2client(id, certificate):
    from requests_oauth2client import OAuth2Client, PublicApp

    session = requests.Session()
    session.verify, session.cert = gateway.authorities, certificate and certificate.files
    # It sends its id and nothing else: the certificate does the rest.
    return OAuth2Client.from_discovery_endpoint(issuer=gateway.issuer, auth=PublicApp(id), session=session, testing=True)


def token(id, certificate):
    return authlib(id, certificate).fetch_token(f"{gateway.issuer}/oauth2/token", grant_type="client_credentials")


def refusal(id, certificate):
    """Status and error of the token endpoint, as it says them."""
    answer = requests.post(
        f"{gateway.url}/oauth2/token", data={"grant_type": "client_credentials", "client_id": id}, verify=gateway.authorities,
        cert=certificate and certificate.files, timeout=20)
    return answer.status_code, answer.json().get("error")


def call(access_token, certificate, path="/orders/1", scheme="Bearer", **fields):
    """A call of the API, on a connection of its own."""
    return requests.get(
        gateway.url + path, headers={"Authorization": f"{scheme} {access_token}"} | fields, verify=gateway.authorities,
        cert=certificate and certificate.files, timeout=20)


def claims(access_token):
    from joserfc import jws

    return json.loads(jws.extract_compact(access_token.encode()).payload)


def refused_as(code):
    """The record of a refusal is written a moment after its answer."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        lines = (gateway.folder / "var/audit.jsonl").read_text().splitlines()
        if any(json.loads(line).get("code") == code for line in lines):
            return True
        time.sleep(0.05)
    return False


class ByName(unittest.TestCase):
    """tls_client_auth (RFC 8705 §2.1): the authority vouches for a name, and the name was registered"""

    def check(self, kind, registered, certificate, *others):
        id = f"by-{kind}"
        gateway.client(id, "--scope", "orders:read", f"--certificate-{kind}", registered)
        granted = token(id, certificate)
        self.assertEqual(call(granted["access_token"], certificate).json()["client"], id)
        self.assertEqual(granted["token_type"], "Bearer")
        from authlib.integrations.base_client import OAuthError

        for other in (None, *others):
            with self.assertRaises(OAuthError) as refused:
                token(id, other)
            self.assertEqual(refused.exception.error, "invalid_client")
            self.assertEqual(refusal(id, other), (401, "invalid_client"))

    def test_a_distinguished_name_as_openssl_prints_it(self):
        subject = [(NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Brücke, Söhne & Co."), (NameOID.ORGANIZATIONAL_UNIT_NAME, "Ledger"),
                   (NameOID.COMMON_NAME, "ledger")]
        certificate = authority.issue("by-subject", subject)
        printed = subprocess.run(
            ["openssl", "x509", "-in", certificate.files[0], "-noout", "-subject", "-nameopt", "RFC2253,-esc_msb,utf8"], check=True,
            capture_output=True, text=True).stdout.strip().removeprefix("subject=")
        self.assertIn("Brücke\\, Söhne", printed)
        self.check("subject", printed, certificate, authority.issue("by-subject-less", subject[1:]), authority.issue("by-subject-cn", name("ledger")),
                   authority.issue("by-subject-turned", subject[::-1]))

    def test_a_dns_name(self):
        certificate = authority.issue("by-dns", alternatives=[dns("other.example"), dns("mailer.example")])
        self.check("dns", "mailer.example", certificate, authority.issue("by-dns-wild", alternatives=[dns("*.example")]),
                   authority.issue("by-dns-cn", name("mailer.example")), authority.issue("by-dns-below", alternatives=[dns("a.mailer.example")]))

    def test_a_uri(self):
        certificate = authority.issue("by-uri", alternatives=[uri("spiffe://example.org/mailer")])
        self.check("uri", "spiffe://example.org/mailer", certificate, authority.issue("by-uri-more", alternatives=[uri("spiffe://example.org/mailer/2")]),
                   authority.issue("by-uri-dns", alternatives=[dns("spiffe")]))

    def test_an_address(self):
        certificate = authority.issue("by-ip", alternatives=[ip("2001:db8::25")])
        self.check("ip", "2001:db8::25", certificate, authority.issue("by-ip-other", alternatives=[ip("2001:db8::26")]),
                   authority.issue("by-ip-text", alternatives=[dns("2001:db8::25")]))

    def test_a_mail_address(self):
        certificate = authority.issue("by-email", alternatives=[email("mailer@example.org")])
        self.check("email", "mailer@example.org", certificate, authority.issue("by-email-other", alternatives=[email("mailer@example.com")]))


class BySelfSigned(unittest.TestCase):
    """self_signed_tls_client_auth (RFC 8705 §2.2): the key was registered, nobody vouches for the name"""

    def test_the_key_counts_that_was_registered(self):
        keys = SELF_SIGNED[0].jwks(gateway.folder / "self-signed.json")
        gateway.client("self-signed", "--scope", "orders:read", "--auth-method", "self_signed_tls_client_auth", "--jwks", keys, "--bind-certificate")
        access = token("self-signed", SELF_SIGNED[0])["access_token"]
        self.assertEqual(claims(access)["cnf"], {"x5t#S256": SELF_SIGNED[0].thumbprint})
        self.assertEqual(call(access, SELF_SIGNED[0]).status_code, 200)
        # The listener knows the other one, too; and the authority's word says nothing of the key.
        for other in (SELF_SIGNED[1], authority.issue("self-signed", name("self-signed")), None):
            self.assertEqual(refusal("self-signed", other), (401, "invalid_client"))
            self.assertEqual(call(access, other).status_code, 401)

    def test_whoever_the_listener_does_not_know_does_not_come_in(self):
        stranger = Authority(gateway.folder / "strangers", "stranger")
        gateway.client("shut-out", "--scope", "orders:read", "--certificate-dns", "shut-out.example")
        alternatives = [dns("shut-out.example")]
        self.assertEqual(refusal("shut-out", authority.issue("let-in", alternatives=alternatives)), (200, None))
        for certificate in (stranger.issue("shut-out", alternatives=alternatives), authority.issue("expired", alternatives=alternatives, expired=True),
                            authority.self_signed("unlisted")):
            # TLS 1.3 tells a client only after it has sent its request: an alert, or a connection that is over.
            with self.assertRaises(requests.exceptions.ConnectionError):
                refusal("shut-out", certificate)


class BoundTokens(unittest.TestCase):
    """RFC 8705 §3: a token is of no use without the certificate that it was issued to"""

    @classmethod
    def setUpClass(cls):
        cls.own = authority.issue("bound", alternatives=[dns("bound.example")])
        cls.other = authority.issue("bystander", alternatives=[dns("bystander.example")])
        gateway.client("bound", "--scope", "orders:read", "--certificate-dns", "bound.example", "--bind-certificate")
        gateway.client("bystander", "--scope", "orders:read", "--certificate-dns", "bystander.example", "--bind-certificate")
        cls.client = requests_oauth2client("bound", cls.own)
        cls.access = str(cls.client.client_credentials(scope="orders:read").access_token)

    def test_it_says_so(self):
        confirmation = {"x5t#S256": self.own.thumbprint}
        self.assertEqual(claims(self.access)["cnf"], confirmation)
        told = self.client.introspect_token(self.access)
        self.assertTrue(told["active"])
        self.assertEqual(told["cnf"], confirmation)
        # Whose it is not learns nothing.
        self.assertEqual(requests_oauth2client("bystander", self.other).introspect_token(self.access), {"active": False})

    def test_the_api_takes_it_from_that_certificate_only(self):
        for path in ("/orders/1", "/bound/1"):
            self.assertEqual(call(self.access, self.own, path).json()["client"], "bound")
            for certificate in (None, self.other):
                answer = call(self.access, certificate, path)
                self.assertEqual(answer.status_code, 401)
                challenge = answer.headers["WWW-Authenticate"]
                self.assertTrue(challenge.startswith("Bearer "), challenge)
                self.assertIn('error="invalid_token"', challenge)
        self.assertTrue(refused_as("wrong_certificate"))

    def test_what_a_field_says_of_certificates_does_not_count(self):
        one_line = self.own.pem.decode().replace("\n", "%0A")
        for field in ("X-Forwarded-Client-Cert", "X-SSL-Client-Cert", "Client-Cert", "X-Client-Cert"):
            self.assertEqual(call(self.access, None, **{field: one_line}).status_code, 401, field)

    def test_a_route_that_demands_it_refuses_bearer_tokens(self):
        secret = gateway.client("bearer", "--scope", "orders:read")["client_secret"]
        plain = requests.post(
            f"{gateway.url}/oauth2/token", data={"grant_type": "client_credentials"}, auth=("bearer", secret), cert=self.own.files,
            verify=gateway.authorities, timeout=20).json()["access_token"]
        self.assertNotIn("cnf", claims(plain))
        self.assertEqual(call(plain, self.own).status_code, 200)
        answer = call(plain, self.own, "/bound/1")
        self.assertEqual(answer.status_code, 401)
        self.assertIn('error="invalid_token"', answer.headers["WWW-Authenticate"])
        self.assertTrue(refused_as("unbound_token"))

    def test_no_certificate_no_token(self):
        """A client by secret whose tokens are bound to whatever certificate it comes with."""
        secret = gateway.client("secret-and-bound", "--scope", "orders:read", "--bind-certificate")["client_secret"]

        def ask(certificate):
            return requests.post(
                f"{gateway.url}/oauth2/token", data={"grant_type": "client_credentials"}, auth=("secret-and-bound", secret),
                verify=gateway.authorities, cert=certificate and certificate.files, timeout=20)

        refused = ask(None)
        self.assertEqual((refused.status_code, refused.json()["error"]), (400, "invalid_request"))
        self.assertEqual(claims(ask(self.other).json()["access_token"])["cnf"], {"x5t#S256": self.other.thumbprint})

    def test_a_certificate_that_was_renewed_has_tokens_of_its_own(self):
        renewed = authority.issue("bound-renewed", alternatives=[dns("bound.example")])
        access = token("bound", renewed)["access_token"]
        self.assertEqual(claims(access)["cnf"], {"x5t#S256": renewed.thumbprint})
        self.assertEqual(call(access, renewed).status_code, 200)
        self.assertEqual(call(access, self.own).status_code, 401)
        self.assertEqual(call(self.access, renewed).status_code, 401)

    def test_a_resumed_connection_is_still_of_that_certificate(self):
        context = ssl.create_default_context(cafile=gateway.authorities)
        context.load_cert_chain(*self.own.files)
        request = f"GET /bound/1 HTTP/1.1\r\nHost: localhost:{gateway.port}\r\nAuthorization: Bearer {self.access}\r\nConnection: close\r\n\r\n"

        def ask(session):
            with socket.create_connection(("127.0.0.1", gateway.port), 20) as plain:
                with context.wrap_socket(plain, server_hostname="localhost", session=session) as tls:
                    tls.sendall(request.encode())
                    status = tls.recv(65536).split(b"\r\n")[0]
                    return status, tls.session, tls.session_reused

        first, session, _ = ask(None)
        second, _, resumed = ask(session)
        self.assertEqual((first, second), (b"HTTP/1.1 200 OK",) * 2)
        self.assertTrue(resumed)


def main():
    global gateway, authority, SELF_SIGNED
    binary = running.binary()
    with tempfile.TemporaryDirectory(prefix="portcullis-certificates-") as folder:
        gateway, authority = GatewayWithCertificates(binary, folder), Authority(Path(folder) / "clients")
        SELF_SIGNED = [authority.self_signed(f"self-signed-{number}") for number in (1, 2)]
        gateway.trust(authority.own, *SELF_SIGNED)
        gateway.start()
        try:
            status = running.run_tests(gateway.folder / "gateway.log")
        finally:
            gateway.stop()
    sys.exit(status)


if __name__ == "__main__":
    main()
