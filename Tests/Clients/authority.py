"""A certificate authority of the test's own, and what it issues: PEM files in a folder."""

import base64
import datetime
import hashlib
import ipaddress
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc.jwk import ECKey


class Certificate:
    """A certificate with its key. `files` is what `requests` takes as `cert`."""

    def __init__(self, folder, name, certificate, key):
        self.certificate, self.key = certificate, key
        self.pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.files = (str(folder / f"{name}.pem"), str(folder / f"{name}.key"))
        (folder / f"{name}.pem").write_bytes(self.pem)
        (folder / f"{name}.key").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))

    @property
    def thumbprint(self):
        """`x5t#S256` (RFC 8705 §3.1)."""
        digest = hashlib.sha256(self.certificate.public_bytes(serialization.Encoding.DER)).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def jwks(self, path):
        """Writes its public key as a JWK Set."""
        public = self.key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        path.write_text(json.dumps({"keys": [ECKey.import_key(public).as_dict(private=False)]}))
        return str(path)


class Authority:
    def __init__(self, folder, name="authority"):
        folder.mkdir(exist_ok=True)
        self.folder, self.name = folder, name
        self.own = self._make(name, [(NameOID.COMMON_NAME, f"The {name}")], [], issuer=None, is_authority=True)

    def issue(self, name, subject=None, alternatives=(), expired=False):
        """A client's certificate. `subject`: pairs of OID and text; `alternatives`: names as below."""
        return self._make(name, subject or [(NameOID.COMMON_NAME, name)], alternatives, issuer=self.own, expired=expired)

    def self_signed(self, name):
        return self._make(name, [(NameOID.COMMON_NAME, name)], [], issuer=None)

    def _make(self, name, subject, alternatives, issuer, is_authority=False, expired=False):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in subject])
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=-1 if expired else 100)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(end - datetime.timedelta(days=101)).not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True))
        if not is_authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        signed = builder.sign(issuer.key if issuer else key, hashes.SHA256())
        return Certificate(self.folder, name, signed, key)


def dns(text):
    return x509.DNSName(text)


def uri(text):
    return x509.UniformResourceIdentifier(text)


def ip(text):
    return x509.IPAddress(ipaddress.ip_address(text))


def email(text):
    return x509.RFC822Name(text)
