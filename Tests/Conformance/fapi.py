"""FAPI 2.0 Security Profile (Final) and Message Signing: the modules for clients with private_key_jwt and DPoP, and with certificates."""

import hashlib
import secrets
import time
import urllib.parse

import requests

from clients import REDIRECT
from keys import Key, base64url, is_signed, parts
from modules import demand, module, needs, recommend

KEYS = "FAPI 2.0 Security Profile, private_key_jwt and DPoP with nonces"
CERTIFICATES = "FAPI 2.0 Security Profile, mTLS"
SIGNING = "FAPI 2.0 Message Signing"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Party:
    """A client of the profile. With `certificate`, it shows that and binds its tokens to it; without, both by keys."""

    def __init__(self, world, id, certificate=None):
        self.world, self.id, self.certificate = world, id, certificate
        self.key, self.proof_key = Key(), Key()
        self.nonces = {}
        document = world.metadata
        self.endpoints = document | document["mtls_endpoint_aliases"] if certificate else document
        self.api = (world.gateway.mtls_url if certificate else world.gateway.url) + "/bound/1"
        self.verifier = secrets.token_urlsafe(48)

    def challenge(self):
        return base64url(hashlib.sha256(self.verifier.encode()).digest())

    # MARK: Credentials

    def assertion(self, alg=None, without=(), **claims):
        now = int(time.time())
        claims = {"iss": self.id, "sub": self.id, "aud": self.world.issuer, "jti": secrets.token_urlsafe(16),
                  "iat": now, "exp": now + 60} | claims
        key = self.key if alg in (None, "ES256") else self.rsa
        return key.jwt({name: value for name, value in claims.items() if name not in without}, alg=alg, kid=key.thumbprint)

    def credentials(self, assertion=None):
        if self.certificate:
            return {"client_id": self.id}
        return {"client_id": self.id, "client_assertion_type": ASSERTION, "client_assertion": assertion or self.assertion()}

    def proof(self, method, address, token=None, key=None, header=None, without=(), alg=None, **claims):
        key = key or self.proof_key
        claims = {"htm": method, "htu": address.partition("?")[0], "iat": int(time.time()), "jti": secrets.token_urlsafe(16)} | claims
        if token:
            claims.setdefault("ath", base64url(hashlib.sha256(token.encode()).digest()))
        origin = urllib.parse.urlsplit(address).netloc + (" api" if "/bound/" in address else "")
        if origin in self.nonces:
            claims.setdefault("nonce", self.nonces[origin])
        claims = {name: value for name, value in claims.items() if value is not None and name not in without}
        return key.jwt(claims, alg=alg, **({"typ": "dpop+jwt", "jwk": key.jwk} | (header or {})))

    # MARK: Requests

    def send(self, method, address, proof=None, form=None, fields=None):
        """- proof: makes the proof, which is made anew with the nonce if the server wants one."""
        for _ in range(2):
            headers = dict(fields or {})
            made = proof() if proof else None
            if made:
                headers["DPoP"] = made
            answer = requests.request(
                method, address, data=form() if callable(form) else form, headers=headers, verify=self.world.authorities,
                cert=self.certificate and self.certificate.files, timeout=60, allow_redirects=False)
            nonce = answer.headers.get("DPoP-Nonce")
            if nonce:
                self.nonces[urllib.parse.urlsplit(address).netloc + (" api" if "/bound/" in address else "")] = nonce
            wanted = "use_dpop_nonce" in answer.headers.get("WWW-Authenticate", "") or (
                answer.status_code == 400 and "use_dpop_nonce" in answer.text)
            if not (nonce and wanted):
                break
        return answer

    def request(self, **parameters):
        request = {
            "response_type": "code", "redirect_uri": REDIRECT, "scope": "openid orders:read", "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8), "code_challenge": self.challenge(), "code_challenge_method": "S256"} | parameters
        return {name: value for name, value in request.items() if value is not None}

    def push(self, assertion=None, proof=None, **parameters):
        self.sent = self.request(**parameters)
        return self.send(
            "POST", self.endpoints["pushed_authorization_request_endpoint"], proof, lambda: self.credentials(assertion) | self.sent)

    def browse(self, reference, browser=None, decision="allow", stop_at=None, **more):
        query = urllib.parse.urlencode({"client_id": self.id, "request_uri": reference} | more)
        return (browser or self.world.user).open(
            f"{self.world.metadata['authorization_endpoint']}?{query}", decision=decision, stop_at=stop_at)

    def authorize(self, browser=None, decision="allow", **parameters):
        pushed = self.push(**parameters)
        demand(pushed.status_code == 201, f"the pushed request was answered {pushed.status_code}: {pushed.text}")
        demand("no-store" in pushed.headers.get("Cache-Control", ""), "the answer to a pushed request may be cached")
        demand(0 < pushed.json()["expires_in"] < 600, "request_uri lives for ten minutes or more (FAPI 2.0 §5.3.2.2)")
        self.reference = pushed.json()["request_uri"]
        return self.browse(self.reference, browser, decision)

    def code(self, **parameters):
        visit = self.authorize(**parameters)
        demand(visit.back is not None, f"the browser was not sent back: {visit.pages}")
        demand("error" not in visit.back, f"the authorization endpoint answered {visit.error}")
        demand(visit.back.get("iss") == self.world.issuer, "iss is missing or another's")
        demand(visit.back.get("state") == self.sent.get("state"), "state did not come back as it was sent")
        return visit.back["code"]

    def token(self, assertion=None, proof=True, without=(), **form):
        """- proof: True makes a right one; False sends none; or what makes one."""
        address = self.endpoints["token_endpoint"]
        if proof is True:
            proof = None if self.certificate else lambda: self.proof("POST", address)
        body = lambda: {name: value for name, value in (self.credentials(assertion) | form).items() if name not in without}  # noqa: E731
        return self.send("POST", address, proof or None, body)

    def redeem(self, code, **more):
        return self.token(**({"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": self.verifier} | more))

    def tokens(self, code, **more):
        answer = self.redeem(code, **more)
        demand(answer.status_code == 200, f"the token endpoint answered {answer.status_code}: {answer.text}")
        tokens = answer.json()
        demand(tokens["token_type"] == ("Bearer" if self.certificate else "DPoP"), f"token_type is {tokens['token_type']}")
        confirmation = parts(tokens["access_token"])[1].get("cnf", {})
        bound = {"x5t#S256": self.certificate.thumbprint} if self.certificate else {"jkt": self.proof_key.thumbprint}
        demand(confirmation == bound, "the access token is not bound to the client's key or certificate")
        if "id_token" in tokens:
            keys = self.world.fetch(self.world.metadata["jwks_uri"]).json()
            header, claims = parts(tokens["id_token"])
            demand(header["alg"] in ("PS256", "ES256", "EdDSA") and is_signed(tokens["id_token"], keys), "the ID token's signature is wrong")
            demand(claims["aud"] == self.id and claims.get("nonce") == self.sent.get("nonce"), "aud or nonce of the ID token is wrong")
        return tokens

    def call(self, tokens, scheme=None, proof=True):
        token = tokens["access_token"]
        if proof is True:
            proof = None if self.certificate else lambda: self.proof("GET", self.api, token)
        return self.send("GET", self.api, proof or None, fields={"Authorization": f"{scheme or tokens['token_type']} {token}"})

    def flow(self, **parameters):
        tokens = self.tokens(self.code(**parameters))
        demand(self.call(tokens).status_code == 200, "the resource does not take the access token")
        return tokens


def demand_error(answer, *errors):
    demand(400 <= answer.status_code < 500, f"it was answered {answer.status_code}")
    error = answer.json().get("error")
    demand(error in errors, f"the error is {error}, not {' or '.join(errors)}")


def demand_refused(party, *errors, **parameters):
    """At the endpoint for pushed requests or, if not there, at the authorization endpoint."""
    pushed = party.push(**parameters)
    if pushed.status_code != 201:
        demand_error(pushed, *errors)
        return
    visit = party.browse(pushed.json()["request_uri"])
    demand(visit.error in errors or visit.pages == ["error"], f"it was accepted: {visit.back or visit.pages}")


# MARK: The flow


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_discovery_end_point_verification(party):
    document = party.world.metadata
    demand(document["issuer"] == party.world.issuer, "issuer is another one")
    demand(document["require_pushed_authorization_requests"] is True, "pushed requests are not required")
    demand(document["authorization_response_iss_parameter_supported"] is True, "iss is not promised")
    demand(document["code_challenge_methods_supported"] == ["S256"], "there are other challenges than S256")
    demand(set(document["token_endpoint_auth_methods_supported"]) <= {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"},
           "there are other ways for clients to authenticate than the profile's")
    for name in ("token_endpoint_auth_signing_alg_values_supported", "dpop_signing_alg_values_supported"):
        demand(set(document[name]) <= {"PS256", "ES256", "EdDSA", "Ed25519"}, f"{name} has more than the profile's algorithms")
    demand("authorization_code" in document["grant_types_supported"], "there is no authorization_code")
    if party.certificate:
        demand(document["tls_client_certificate_bound_access_tokens"] is True, "tokens are not bound to certificates")
        for name in ("token_endpoint", "pushed_authorization_request_endpoint"):
            demand(document["mtls_endpoint_aliases"][name].startswith("https://"), f"{name} has no alias")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_happy_flow(party):
    party.flow()


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_user_rejects_authentication(party):
    visit = party.authorize(decision="deny", prompt="consent")
    demand(visit.error == "access_denied", f"the error is {visit.error}")
    demand(visit.back.get("iss") == party.world.issuer and visit.back.get("state") == party.sent["state"], "iss or state is missing")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_other_scope_order_succeeds(party):
    party.flow(scope="orders:read openid")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_access_token_type_header_case_sensitivity(party):
    tokens = party.tokens(party.code())
    for scheme in (tokens["token_type"].lower(), tokens["token_type"].upper()):
        demand(party.call(tokens, scheme).status_code == 200, f"the scheme {scheme} is not taken")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_authorization_request_without_state_success(party):
    party.flow(state=None)


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_authorization_request_without_nonce_success(party):
    party.flow(nonce=None)


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_authorization_request_with_64_char_nonce_success(party):
    party.flow(nonce="n" * 64)


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_authorization_request_with_long_nonce(party):
    party.flow(nonce="n" * 384)


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_authorization_request_with_long_state(party):
    party.flow(state="s" * 384)


def outside(party, name):
    """A parameter beside `request_uri`, which must not count (RFC 9126 §4)."""
    pushed = party.push()
    demand(pushed.status_code == 201, f"the pushed request was answered {pushed.status_code}")
    visit = party.browse(pushed.json()["request_uri"], **{name: "from-outside"})
    demand(visit.back is not None, f"the browser was not sent back: {visit.pages}")
    return visit


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_different_nonce_inside_and_outside_request_object(party):
    visit = outside(party, "nonce")
    party.tokens(visit.back["code"])


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_different_state_inside_and_outside_request_object(party):
    demand(outside(party, "state").back["state"] == party.sent["state"], "state beside request_uri counted")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_state_only_outside_request_object_not_used(party):
    pushed = party.push(state=None)
    visit = party.browse(pushed.json()["request_uri"], state="from-outside")
    demand("state" not in visit.back, "state beside request_uri counted")


# MARK: Requests that are refused


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_registered_redirect_uri(party):
    demand_refused(party, "invalid_request", "invalid_redirect_uri", redirect_uri=REDIRECT + "/elsewhere")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_redirect_uri_in_authorization_request(party):
    pushed = party.push(redirect_uri=None)
    demand(pushed.status_code != 201, "a pushed request without redirect_uri is taken (FAPI 2.0 §5.3.2.2)")
    demand_error(pushed, "invalid_request", "invalid_redirect_uri")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_unsigned_authorization_request_without_using_par_fails(party):
    query = urllib.parse.urlencode(party.request() | {"client_id": party.id})
    visit = party.world.user.open(f"{party.world.metadata['authorization_endpoint']}?{query}")
    demand(visit.error == "invalid_request" or visit.pages == ["error"], f"it was accepted: {visit.back or visit.pages}")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_response_type_code_idtoken_fails(party):
    demand_refused(party, "unsupported_response_type", "invalid_request", "unauthorized_client", response_type="code id_token")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_response_type_token_fails(party):
    demand_refused(party, "unsupported_response_type", "invalid_request", "unauthorized_client", response_type="token")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_client_id_in_token_endpoint(party):
    """RFC 8705 §2: with a certificate the request names the client; an assertion says it by itself."""
    code = party.code()
    answer = party.redeem(code, without=("client_id",))
    if party.certificate:
        demand_error(answer, "invalid_client", "invalid_request")
    else:
        demand(answer.status_code == 200, f"it was answered {answer.status_code}: {answer.text}")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_holder_of_key_required(party):
    code = party.code()
    if party.certificate:
        answer = requests.post(
            party.endpoints["token_endpoint"], verify=party.world.authorities, timeout=60,
            data=party.credentials() | {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": party.verifier})
        demand_error(answer, "invalid_client", "invalid_request")
        tokens = party.tokens(code)
        stolen = requests.get(
            party.api, headers={"Authorization": f"Bearer {tokens['access_token']}"}, verify=party.world.authorities, timeout=60)
        demand(stolen.status_code == 401, "the resource takes the token without the certificate")
    else:
        demand_error(party.redeem(code, proof=False), "invalid_dpop_proof", "invalid_request")
        tokens = party.tokens(code)
        demand(party.call(tokens, scheme="Bearer", proof=False).status_code == 401, "the resource takes the token as a bearer token")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_authorization_code_is_bound_to_client(party):
    code = party.code()
    thief = party.world.second(party)
    thief.verifier, thief.sent = party.verifier, party.sent
    demand_error(thief.redeem(code), "invalid_grant")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_attempt_reuse_authorization_code_after_one_second(party):
    code = party.code()
    tokens = party.tokens(code)
    time.sleep(1.1)
    demand_error(party.redeem(code), "invalid_grant")
    end = time.monotonic() + 2
    while party.call(tokens).status_code == 200:
        recommend(time.monotonic() < end, "the access token of the first use still counts (RFC 6749 §4.1.2)")
        time.sleep(0.1)


@module(KEYS, CERTIFICATES, waits=True)
def fapi2_security_profile_final_ensure_token_endpoint_fails_with_expired_auth_code(party):
    # Others go on with this one meanwhile.
    party = party.world.second(party)
    code = party.code(browser=party.world.browser())
    time.sleep(62)
    demand_error(party.redeem(code), "invalid_grant")


# MARK: Client assertions


@module(KEYS)
def fapi2_security_profile_final_ensure_signed_client_assertion_with_RS256_fails(party):
    party.world.with_rsa(party)
    demand_error(party.push(assertion=party.assertion(alg="RS256")), "invalid_client")
    demand(party.push(assertion=party.assertion(alg="PS256")).status_code == 201, "the same key with PS256 is not taken")


@module(KEYS)
def fapi2_security_profile_final_ensure_client_assertion_in_token_endpoint(party):
    demand_error(party.redeem(party.code(), without=("client_assertion", "client_assertion_type")), "invalid_client", "invalid_request")


@module(KEYS)
def fapi2_security_profile_final_ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(party):
    now = int(time.time())
    demand_error(party.redeem(party.code(), assertion=party.assertion(exp=now - 300, iat=now - 360)), "invalid_client")


@module(KEYS)
def fapi2_security_profile_final_ensure_client_assertion_with_wrong_aud_fails(party):
    demand_error(party.redeem(party.code(), assertion=party.assertion(aud="https://other.example")), "invalid_client")


@module(KEYS)
def fapi2_security_profile_final_ensure_client_assertion_with_no_sub_fails(party):
    demand_error(party.redeem(party.code(), assertion=party.assertion(without=("sub",))), "invalid_client", "invalid_request")


@module(KEYS)
def fapi2_security_profile_final_ensure_invalid_client_assertions_fail(party):
    for what, assertion in (
            ("iss of another", party.assertion(iss="another")), ("sub of another", party.assertion(sub="another")),
            ("no exp", party.assertion(without=("exp",))), ("no aud", party.assertion(without=("aud",))),
            ("no iss", party.assertion(without=("iss",))), ("no jti", party.assertion(without=("jti",))),
            ("another's key", Key().jwt(parts(party.assertion())[1], kid=party.key.thumbprint)),
            ("no signature", Key().jwt(parts(party.assertion())[1], alg="none"))):
        answer = party.push(assertion=assertion)
        demand(answer.status_code in (400, 401) and answer.json()["error"] in ("invalid_client", "invalid_request"),
               f"{what}: answered {answer.status_code}")
    once = party.assertion()
    demand(party.push(assertion=once).status_code == 201, "a right assertion is not taken")
    demand_error(party.push(assertion=once), "invalid_client")


def pushed_with(party, **claims):
    return party.push(assertion=party.assertion(**claims))


@module(KEYS)
def fapi2_security_profile_final_par_test_array_as_audience_fails(party):
    demand_error(pushed_with(party, aud=[party.world.issuer, party.endpoints["token_endpoint"]]), "invalid_client")


@module(KEYS)
def fapi2_security_profile_final_par_test_par_endpoint_url_as_audience_fails(party):
    demand_error(pushed_with(party, aud=party.endpoints["pushed_authorization_request_endpoint"]), "invalid_client")


@module(KEYS)
def fapi2_security_profile_final_par_test_token_endpoint_url_as_audience_fails(party):
    demand_error(pushed_with(party, aud=party.endpoints["token_endpoint"]), "invalid_client")


@module(KEYS)
def fapi2_security_profile_final_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(party):
    demand(pushed_with(party, nbf=int(time.time()) + 8).status_code == 201, "it is not taken (FAPI 2.0 §5.3.2.1-13)")


@module(KEYS)
def fapi2_security_profile_final_par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(party):
    demand_error(pushed_with(party, nbf=int(time.time()) + 65), "invalid_client")


@module(KEYS)
def fapi2_security_profile_final_par_ensure_jwt_client_assertions_iat_8_seconds_in_the_future_is_accepted(party):
    demand(pushed_with(party, iat=int(time.time()) + 8).status_code == 201, "it is not taken (FAPI 2.0 §5.3.2.1-13)")


@module(KEYS)
def fapi2_security_profile_final_par_ensure_jwt_client_assertions_iat_over_60_seconds_in_the_future_fails(party):
    demand_error(pushed_with(party, iat=int(time.time()) + 65), "invalid_client")


# MARK: Proofs of possession


def token_with(party, **proof):
    """A token request with such a proof."""
    return party.token(
        proof=lambda: party.proof("POST", party.endpoints["token_endpoint"], **proof), grant_type="client_credentials", scope="orders:read")


@module(KEYS)
def fapi2_security_profile_final_check_dpop_proof_nbf_exp(party):
    now = int(time.time())
    demand(token_with(party, nbf=now - 5, exp=now + 60).status_code == 200, "a proof with nbf and exp is not taken")


@module(KEYS)
def fapi2_security_profile_final_ensure_dpopproof_with_iat_10seconds_before_succeeds(party):
    demand(token_with(party, iat=int(time.time()) - 10).status_code == 200, "it is not taken")


@module(KEYS)
def fapi2_security_profile_final_ensure_dpopproof_with_iat_10seconds_after_succeeds(party):
    demand(token_with(party, iat=int(time.time()) + 10).status_code == 200, "it is not taken")


@module(KEYS)
def fapi2_security_profile_final_dpop_negative_tests(party):
    tokens = party.tokens(party.code())
    token, other, now = tokens["access_token"], Key(), int(time.time())
    party.call(tokens)
    private = party.proof_key.jwk | {"d": "AAAA"}
    for what, proof in (
            ("typ is another", {"header": {"typ": "jwt"}}), ("there is no typ", {"header": {"typ": None}}),
            ("there is no jwk", {"header": {"jwk": None}}), ("jwk is private", {"header": {"jwk": private}}),
            ("jwk is another's", {"header": {"jwk": other.jwk}}), ("the key is another's", {"key": other}),
            ("there is no signature", {"alg": "none"}), ("there is no jti", {"without": ("jti",)}),
            ("there is no htm", {"without": ("htm",)}), ("htm is another", {"htm": "POST"}),
            ("there is no htu", {"without": ("htu",)}), ("htu is another", {"htu": party.api + "/other"}),
            ("there is no iat", {"without": ("iat",)}), ("iat is an hour ago", {"iat": now - 3600}),
            ("iat is in an hour", {"iat": now + 3600}), ("there is no ath", {"without": ("ath",)}),
            ("ath is another's", {"ath": base64url(hashlib.sha256(b"another").digest())})):
        answer = party.call(tokens, proof=lambda proof=proof: party.proof("GET", party.api, token, **proof))
        demand(answer.status_code == 401, f"{what}: answered {answer.status_code}")
        demand("DPoP" in answer.headers["WWW-Authenticate"], f"{what}: there is no DPoP challenge")
    first = party.proof("GET", party.api, token)
    demand(party.call(tokens, proof=lambda: first).status_code == 200, "a right proof is not taken")
    recommend(party.call(tokens, proof=lambda: first).status_code == 401, "the same proof counts twice")
    two = requests.get(party.api, headers={"Authorization": f"DPoP {token}", "DPoP": f"{party.proof('GET', party.api, token)}, {party.proof('GET', party.api, token)}"},
                       verify=party.world.authorities, timeout=60)
    demand(two.status_code in (400, 401), f"two proofs: answered {two.status_code}")


@module(KEYS)
def fapi2_security_profile_final_ensure_dpop_auth_code_binding_success(party):
    party.flow(dpop_jkt=party.proof_key.thumbprint)


@module(KEYS)
def fapi2_security_profile_final_ensure_dpopproof_at_par_endpoint_binding_success(party):
    address = party.endpoints["pushed_authorization_request_endpoint"]
    code = party.code(proof=lambda: party.proof("POST", address))
    party.tokens(code)


@module(KEYS)
def fapi2_security_profile_final_ensure_mismatched_dpop_jkt_fails(party):
    address = party.endpoints["pushed_authorization_request_endpoint"]
    pushed = party.push(proof=lambda: party.proof("POST", address), dpop_jkt=Key().thumbprint)
    demand_error(pushed, "invalid_request", "invalid_dpop_proof")


@module(KEYS)
def fapi2_security_profile_final_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(party):
    demand_error(party.redeem(party.code(dpop_jkt=Key().thumbprint)), "invalid_grant", "invalid_dpop_proof")


@module(KEYS)
def fapi2_security_profile_final_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(party):
    address, other = party.endpoints["pushed_authorization_request_endpoint"], Key()
    code = party.code(proof=lambda: party.proof("POST", address, key=other))
    demand_error(party.redeem(code), "invalid_grant", "invalid_dpop_proof")


# MARK: Refresh tokens and client credentials


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_refresh_token(party):
    tokens = party.flow()
    demand("refresh_token" in tokens, "there is no refresh token")
    answer = party.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    demand(answer.status_code == 200, f"the token endpoint answered {answer.status_code}: {answer.text}")
    again = answer.json()
    demand(party.call(again).status_code == 200, "the resource does not take the new access token")
    demand(again.get("refresh_token") in (None, tokens["refresh_token"]), "the refresh token was rotated (FAPI 2.0 §5.3.2.1)")
    thief = party.world.second(party)
    demand_error(thief.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]), "invalid_grant")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_client_credentials_grant_happy_flow(party):
    answer = party.token(grant_type="client_credentials", scope="orders:read")
    demand(answer.status_code == 200, f"the token endpoint answered {answer.status_code}: {answer.text}")
    demand(party.call(answer.json()).status_code == 200, "the resource does not take the access token")


# MARK: Pushed requests


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(party):
    """Pages may be loaded twice: a request_uri is used when the request is answered (FAPI 2.0 §5.3.2.2, note 3)."""
    reference, browser = party.push().json()["request_uri"], party.world.browser()
    demand(party.browse(reference, browser, stop_at="login").pages == ["login"], "there was no log-in page")
    visit = party.browse(reference, browser)
    demand(visit.back and "code" in visit.back, f"the second visit came to nothing: {visit.back or visit.pages}")
    party.tokens(visit.back["code"])


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_par_attempt_reuse_request__uri(party):
    party.code()
    visit = party.browse(party.reference)
    demand("code" not in (visit.back or {}), "the second use gave a code")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_par_attempt_to_use_expired_request__uri(party):
    needs(party.push().json()["expires_in"] < 100, "the module waits for five minutes; the tests of RFC 9126 give the time instead")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_par_attempt_to_use_request__uri_for_different_client(party):
    reference = party.push().json()["request_uri"]
    visit = party.world.second(party).browse(reference)
    demand("code" not in (visit.back or {}) and visit.pages == ["error"], f"another client could use it: {visit.back or visit.pages}")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_par_authorization_request_containing_request__uri_form_param(party):
    demand_error(party.push(request_uri="urn:ietf:params:oauth:request_uri:abc"), "invalid_request")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_par_authorization_request_containing_request__uri(party):
    """Inside a signed request (RFC 9101 §4)."""
    object = party.signed(request_uri="urn:ietf:params:oauth:request_uri:abc")
    answer = party.send("POST", party.endpoints["pushed_authorization_request_endpoint"], None, party.credentials() | {"request": object})
    demand_error(answer, "invalid_request", "invalid_request_object")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_par_attempt_invalid_http_method(party):
    answer = party.send("PUT", party.endpoints["pushed_authorization_request_endpoint"], None, party.credentials() | party.request())
    demand(400 <= answer.status_code < 500, f"PUT was answered {answer.status_code}")
    recommend(answer.status_code == 405, f"PUT was answered {answer.status_code}, not 405 (RFC 9126 §2.3)")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_par_ensure_pkce_required(party):
    demand_refused(party, "invalid_request", code_challenge=None, code_challenge_method=None)


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_par_plain_pkce_rejected(party):
    demand_refused(party, "invalid_request", code_challenge=party.verifier, code_challenge_method="plain")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_ensure_pkce_code_verifier_required(party):
    demand_error(party.redeem(party.code(), without=("code_verifier",)), "invalid_grant", "invalid_request")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_incorrect_pkce_code_verifier_rejected(party):
    demand_error(party.redeem(party.code(), code_verifier="w" * 60), "invalid_grant")


@module(KEYS, CERTIFICATES)
def fapi2_security_profile_final_par_without_duplicate_parameters(party):
    """What was pushed is not sent again beside request_uri."""
    party.flow()
    form = list((party.credentials() | party.request()).items()) + [("state", "again")]
    answer = requests.post(
        party.endpoints["pushed_authorization_request_endpoint"], data=form, verify=party.world.authorities,
        cert=party.certificate and party.certificate.files, timeout=60)
    demand_error(answer, "invalid_request")


# MARK: Message signing


def signed_request(party, object, **more):
    return party.send(
        "POST", party.endpoints["pushed_authorization_request_endpoint"], None, lambda: party.credentials() | {"request": object} | more)


def demand_bad_object(party, object):
    demand_error(signed_request(party, object), "invalid_request_object", "invalid_request")


@module(SIGNING)
def fapi2_security_profile_final_signed_request_happy_flow(party):
    pushed = signed_request(party, party.signed())
    demand(pushed.status_code == 201, f"the pushed request was answered {pushed.status_code}: {pushed.text}")
    party.sent = party.object
    visit = party.browse(pushed.json()["request_uri"])
    demand(visit.back["state"] == party.object["state"], "state is another one")
    party.tokens(visit.back["code"])


@module(SIGNING)
def fapi2_security_profile_final_ensure_server_accepts_request_object_with_multiple_aud(party):
    object = party.signed(aud=[party.world.issuer, "https://other.example"])
    demand(signed_request(party, object).status_code == 201, "it is not taken")


@module(SIGNING)
def fapi2_security_profile_final_ensure_request_object_without_exp_fails(party):
    demand_bad_object(party, party.signed(exp=None))


@module(SIGNING)
def fapi2_security_profile_final_ensure_request_object_without_nbf_fails(party):
    demand_bad_object(party, party.signed(nbf=None))


@module(SIGNING)
def fapi2_security_profile_final_ensure_expired_request_object_fails(party):
    now = int(time.time())
    demand_bad_object(party, party.signed(nbf=now - 600, exp=now - 300))


@module(SIGNING)
def fapi2_security_profile_final_ensure_request_object_with_exp_over_60_fails(party):
    now = int(time.time())
    demand_bad_object(party, party.signed(nbf=now, exp=now + 70 * 60))


@module(SIGNING)
def fapi2_security_profile_final_ensure_request_object_with_nbf_over_60_fails(party):
    now = int(time.time())
    demand_bad_object(party, party.signed(nbf=now - 70 * 60, exp=now + 60))


@module(SIGNING)
def fapi2_security_profile_final_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(party):
    demand(signed_request(party, party.signed(nbf=int(time.time()) + 8)).status_code == 201, "it is not taken")


@module(SIGNING)
def fapi2_security_profile_final_ensure_request_object_with_bad_aud_fails(party):
    demand_bad_object(party, party.signed(aud="https://other.example"))


@module(SIGNING)
def fapi2_security_profile_final_ensure_request_object_without_redirect_uri_fails(party):
    pushed = signed_request(party, party.signed(redirect_uri=None))
    demand(pushed.status_code != 201, "a signed request without redirect_uri is taken (FAPI 2.0 §5.3.2.2)")
    demand_error(pushed, "invalid_request", "invalid_request_object")


@module(SIGNING)
def fapi2_security_profile_final_ensure_signed_request_object_with_RS256_fails(party):
    party.world.with_rsa(party)
    demand_bad_object(party, party.signed(alg="RS256"))


@module(SIGNING)
def fapi2_security_profile_final_ensure_request_object_signature_algorithm_is_not_none(party):
    demand_bad_object(party, party.signed(alg="none"))


@module(SIGNING)
def fapi2_security_profile_final_ensure_matching_key_in_authorization_request(party):
    demand_bad_object(party, party.signed(key=Key()))


@module(SIGNING)
def fapi2_message_signing_final_jarm_happy_flow(party):
    modes = party.world.metadata.get("response_modes_supported", [])
    needs("jwt" in modes, "signed authorization responses (JARM) are not offered; iss says who answers (RFC 9207)")


@module(SIGNING)
def rfc9701_signed_introspection_response(party):
    """No module of the suite: FAPI 2.0 Message Signing §5.5."""
    token = party.flow()["access_token"]
    answer = party.send(
        "POST", party.endpoints["introspection_endpoint"], None, lambda: party.credentials() | {"token": token},
        fields={"Accept": "application/token-introspection+jwt"})
    demand(answer.status_code == 200, f"it was answered {answer.status_code}")
    demand(answer.headers["Content-Type"].startswith("application/token-introspection+jwt"), "it is not signed")
    header, claims = parts(answer.text)
    demand(header["typ"] == "token-introspection+jwt", "typ is another one")
    demand(is_signed(answer.text, party.world.fetch(party.world.metadata["jwks_uri"]).json()), "the signature is wrong")
    demand(claims["iss"] == party.world.issuer and claims["aud"] == party.id, "iss or aud is wrong")
    demand(claims["token_introspection"]["active"] is True, "the token is not active")


def signed(party, alg=None, key=None, **parameters):
    """A signed request (RFC 9101); `object` of the party is what it says."""
    now = int(time.time())
    claims = party.request() | {"client_id": party.id, "iss": party.id, "aud": party.world.issuer, "nbf": now, "exp": now + 300} | parameters
    party.object = {name: value for name, value in claims.items() if value is not None}
    key = key or (party.key if alg in (None, "ES256", "none") else party.rsa)
    return key.jwt(party.object, alg=alg, typ="oauth-authz-req+jwt", kid=key.thumbprint)


Party.signed = signed

