"""Keys, certificates and tokens of one run: made anew each time, never committed."""

import base64
import datetime
import hashlib
import hmac
import ipaddress
import json
import os
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ISSUER = "https://login.partner.example"
AUDIENCE = "https://api.example.com"
SCOPE = "orders:read"
HOST = "localhost"
UPSTREAM_NAME = "orders.internal"
UPSTREAM_SPIFFE = "spiffe://example.org/orders"
GATEWAY_SPIFFE = "spiffe://example.org/gateway"
CLIENTS = 500
TOKEN_LIFETIME_SECONDS = 12 * 3600
# Curve, its name, the hash, octets of a coordinate (RFC 7518 §3.4).
CURVES = {"ES256": (ec.SECP256R1, "P-256", hashes.SHA256, 32), "ES384": (ec.SECP384R1, "P-384", hashes.SHA384, 48),
          "ES512": (ec.SECP521R1, "P-521", hashes.SHA512, 66)}


class Authority:
    """A CA with P-256 keys, its certificate in `path`."""

    def __init__(self, folder, name):
        self.folder, self.path = folder, folder / f"{name}.pem"
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            self._begun(self.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(key_cert_sign=True), critical=True)
            .sign(self.key, hashes.SHA256()))
        self.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _begun(self, subject, public_key):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public_key)
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=14))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False))

    def issue(self, name, names, usage):
        """`name`.pem, `name`.key and both in `name`.both.pem (HAProxy wants it so)."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            self._begun(subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self.key, hashes.SHA256()))
        chain = certificate.public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self.folder / f"{name}.pem").write_bytes(chain)
        _write_secret(self.folder / f"{name}.key", private)
        _write_secret(self.folder / f"{name}.both.pem", chain + private)


def _key_usage(**on):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: on.get(name, False) for name in names})


def _write_secret(path, content):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def whole_number(value, octets=None):
    return base64url(value.to_bytes(octets or (value.bit_length() + 7) // 8, "big"))


def thumbprint(members):
    """RFC 7638 §3.2: the required members of a JWK, in the order of their names."""
    return base64url(hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest())


class TokenKey:
    """A key that signs by one algorithm (RFC 7518, RFC 8037, RFC 9964), and its JWK."""

    def __init__(self, algorithm):
        self.algorithm = algorithm
        if algorithm in ("RS256", "PS256"):
            self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            numbers = self.key.public_key().public_numbers()
            public = {"e": whole_number(numbers.e), "kty": "RSA", "n": whole_number(numbers.n)}
        elif algorithm in CURVES:
            curve, name, _, octets = CURVES[algorithm]
            self.key = ec.generate_private_key(curve())
            numbers = self.key.public_key().public_numbers()
            public = {
                "crv": name, "kty": "EC", "x": whole_number(numbers.x, octets), "y": whole_number(numbers.y, octets)}
        elif algorithm == "EdDSA":
            self.key = ed25519.Ed25519PrivateKey.generate()
            public = {"crv": "Ed25519", "kty": "OKP", "x": base64url(self.key.public_key().public_bytes_raw())}
        elif algorithm == "ML-DSA-65":
            self.key = mldsa.MLDSA65PrivateKey.generate()
            public = {"alg": algorithm, "kty": "AKP", "pub": base64url(self.key.public_key().public_bytes_raw())}
        else:
            raise ValueError(algorithm)
        self.public = public
        self.kid = thumbprint(public)
        self.jwk = public | {"kid": self.kid, "use": "sig", "alg": algorithm}

    def sign(self, octets):
        if self.algorithm == "RS256":
            return self.key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
        if self.algorithm == "PS256":
            return self.key.sign(octets, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        if self.algorithm in CURVES:
            _, _, hash_of, length = CURVES[self.algorithm]
            r, s = decode_dss_signature(self.key.sign(octets, ec.ECDSA(hash_of())))
            return r.to_bytes(length, "big") + s.to_bytes(length, "big")
        return self.key.sign(octets)

    def compact(self, header, claims):
        signed = ".".join(
            base64url(json.dumps(part, separators=(",", ":")).encode()) for part in ({"alg": self.algorithm} | header, claims))
        return f"{signed}.{base64url(self.sign(signed.encode()))}"


class Materials:
    """The files of one run in `folder`, and tokens good and bad."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, mode=0o700)
        front = Authority(self.folder, "front-ca")
        back = Authority(self.folder, "upstream-ca")
        front.issue(
            "gateway", [x509.DNSName(HOST), x509.DNSName("api.example.com"),
                        x509.IPAddress(ipaddress.ip_address("127.0.0.1"))], ExtendedKeyUsageOID.SERVER_AUTH)
        back.issue(
            "orders", [x509.DNSName(UPSTREAM_NAME), x509.UniformResourceIdentifier(UPSTREAM_SPIFFE)],
            ExtendedKeyUsageOID.SERVER_AUTH)
        back.issue(
            "gateway-client", [x509.UniformResourceIdentifier(GATEWAY_SPIFFE)], ExtendedKeyUsageOID.CLIENT_AUTH)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.public_pem = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        (self.folder / "issuer.pem").write_bytes(self.public_pem)
        self.jwks = {"keys": [self._jwk()]}
        self.other_keys = {}
        self.client_key = TokenKey("ES256")
        (self.folder / "issuer.jwks.json").write_text(json.dumps(self.jwks))

    def path(self, name):
        return self.folder / name

    def _jwk(self):
        numbers = self.key.public_key().public_numbers()

        members = {"e": whole_number(numbers.e), "kty": "RSA", "n": whole_number(numbers.n)}
        self.kid = thumbprint(members)
        return members | {"kid": self.kid, "use": "sig", "alg": "RS256"}

    def token(self, number=0, header=None, key=None, **claims):
        """An RS256 access token by RFC 9068 of realistic size, about 900 octets."""
        members = self.claims(number) | claims
        return self._compact({"alg": "RS256", "typ": "at+jwt", "kid": self.kid} | (header or {}), members, key or self.key)

    @staticmethod
    def claims(number=0):
        """What the issuer says of the token with this number."""
        now = int(time.time())
        client = f"client-{number % CLIENTS:05d}.apps.example.org"
        return {
            "iss": ISSUER, "sub": client, "aud": AUDIENCE, "exp": now + TOKEN_LIFETIME_SECONDS, "iat": now, "nbf": now,
            "jti": base64url(hashlib.sha256(f"{number}".encode()).digest()[:16]), "client_id": client,
            "scope": f"openid profile {SCOPE} orders:write", "tenant": "example-corporation",
        }

    def jwks_file(self, algorithm):
        """Key set of an issuer that signs by this algorithm."""
        if algorithm == "RS256":
            return self.path("issuer.jwks.json")
        path = self.path(f"issuer-{algorithm}.jwks.json")
        if algorithm not in self.other_keys:
            key = self.other_keys[algorithm] = TokenKey(algorithm)
            path.write_text(json.dumps({"keys": [key.jwk]}))
        return path

    def jwks_of(self, algorithms):
        """Key set of an issuer that signs by each of these algorithms."""
        path = self.path("issuer-" + "-".join(algorithms) + ".jwks.json")
        sets = [json.loads(self.jwks_file(algorithm).read_text()) for algorithm in algorithms]
        path.write_text(json.dumps({"keys": [key for one in sets for key in one["keys"]]}))
        return path

    def token_by(self, algorithm, number=0):
        """The same token, signed by another algorithm."""
        if algorithm == "RS256":
            return self.token(number)
        self.jwks_file(algorithm)
        key = self.other_keys[algorithm]
        return key.compact({"typ": "at+jwt", "kid": key.kid}, self.claims(number))

    def bound_token(self):
        """An RS256 token that is bound to the client's key (RFC 9449 §6.1)."""
        return self.token(cnf={"jkt": self.client_key.kid})

    def proof(self, token, number):
        """A DPoP proof for GET of the page that is measured (RFC 9449 §4.2), good for one request of the next minute."""
        return self.client_key.compact(
            {"typ": "dpop+jwt", "jwk": self.client_key.public},
            {"jti": f"{number}-{os.urandom(8).hex()}", "htm": "GET", "htu": f"https://{HOST}/orders/1k", "iat": int(time.time()),
             "ath": base64url(hashlib.sha256(token.encode()).digest())})

    def _compact(self, header, claims, key):
        signed = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
        if header["alg"] == "RS256":
            signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        elif header["alg"] == "HS256":
            signature = hmac.digest(self.public_pem, signed.encode(), "sha256")
        else:
            signature = b""
        return f"{signed}.{base64url(signature)}"

    def bad_tokens(self):
        """What every authenticating proxy must refuse: (what is wrong with it, the token or None)."""
        good = self.token()
        head, payload, signature = good.split(".")
        changed = base64url(base64.urlsafe_b64decode(payload + "==").replace(b"client-00000", b"client-00001"))
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        past = int(time.time()) - 3600
        return [
            ("no token", None),
            ("not a token", "abc.def.ghi"),
            ("expired an hour ago", self.token(exp=past, iat=past - 60, nbf=past - 60)),
            ("scope missing", self.token(scope="openid profile orders:write")),
            ("scope only as part of another", self.token(scope="openid orders:readers my.orders:read")),
            ("foreign issuer", self.token(iss="https://evil.example")),
            ("foreign audience", self.token(aud="https://other.example.com")),
            ("claims changed after signing", f"{head}.{changed}.{signature}"),
            ("signed by a stranger's key", self.token(key=stranger)),
            ("alg none, no signature", self.token(header={"alg": "none"})),
            ("alg HS256 with the public key as secret", self.token(header={"alg": "HS256"})),
        ]
