"""Keys of clients, and JWTs by them: also such as no library would make."""

import base64
import hashlib
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(value, length=None):
    return base64url(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


class Key:
    """Of P-256, or of RSA with 2048 bits."""

    def __init__(self, kind="EC"):
        self.private = ec.generate_private_key(ec.SECP256R1()) if kind == "EC" else rsa.generate_private_key(65537, 2048)
        public = self.private.public_key().public_numbers()
        if kind == "EC":
            self.jwk = {"crv": "P-256", "kty": "EC", "x": number(public.x, 32), "y": number(public.y, 32)}
        else:
            self.jwk = {"e": number(public.e), "kty": "RSA", "n": number(public.n)}
        self.thumbprint = base64url(hashlib.sha256(json.dumps(self.jwk, sort_keys=True, separators=(",", ":")).encode()).digest())
        self.alg = "ES256" if kind == "EC" else "PS256"

    def public_set(self):
        return {"keys": [self.jwk | {"kid": self.thumbprint, "use": "sig"}]}

    def jwt(self, claims, alg=None, **header):
        """A JWT; members of the header that are None are left out."""
        alg = alg or self.alg
        header = {name: value for name, value in ({"alg": alg} | header).items() if value is not None}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims)).encode()
        return signed.decode() + "." + base64url(self._signature(signed, alg))

    def _signature(self, signed, alg):
        if alg == "none":
            return b""
        if alg == "ES256":
            r, s = decode_dss_signature(self.private.sign(signed, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        scheme = padding.PKCS1v15() if alg == "RS256" else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return self.private.sign(signed, scheme, hashes.SHA256())


def parts(token):
    """Header and claims of a JWT, unverified."""
    header, claims, _ = token.split(".")
    return json.loads(decoded(header)), json.loads(decoded(claims))


def is_signed(token, key_set):
    """Whether the key of the set that the JWT names has signed it."""
    header, _ = parts(token)
    signed, _, signature = token.rpartition(".")
    signature = decoded(signature)
    found = [key for key in key_set["keys"] if key.get("kid") == header.get("kid")]
    if len(found) != 1 or found[0].get("alg", header["alg"]) != header["alg"]:
        return False
    key = {name: int.from_bytes(decoded(found[0][name]), "big") for name in ("x", "y", "n", "e") if name in found[0]}
    try:
        if header["alg"] == "ES256":
            halves = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
            ec.EllipticCurvePublicNumbers(key["x"], key["y"], ec.SECP256R1()).public_key().verify(
                encode_dss_signature(*halves), signed.encode(), ec.ECDSA(hashes.SHA256()))
        elif header["alg"] in ("RS256", "PS256"):
            scheme = padding.PKCS1v15() if header["alg"] == "RS256" else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            rsa.RSAPublicNumbers(key["e"], key["n"]).public_key().verify(signature, signed.encode(), scheme, hashes.SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True
