"""OpenID Connect Core, Discovery and Dynamic Client Registration."""

import json
import time

import requests

from clients import ClientWithPKCE, REDIRECT
from keys import Key, parts
from modules import demand, module, needs, recommend

BASIC, CONFIG, DYNAMIC = "OpenID Connect Basic OP (code)", "OpenID Connect Config OP", "OpenID Connect Dynamic OP"


# MARK: Basic OP


@module(BASIC, DYNAMIC)
def oidcc_server(world):
    tokens = world.client.flow(world.user)
    demand(world.client.userinfo(tokens)["sub"] == tokens["claims"]["sub"], "userinfo is about another sub")


@module(BASIC, DYNAMIC)
def oidcc_response_type_missing(world):
    visit = world.client.authorize(world.user, response_type=None)
    demand(visit.error in ("invalid_request", "unsupported_response_type") or visit.pages[-1:] == ["error"], "no error")


@module(BASIC)
def oidcc_idtoken_signature(world):
    header, _ = parts(world.client.flow(world.user)["id_token"])
    demand(header.get("kid"), "kid is missing although jwks_uri may have several keys")


@module(BASIC)
def oidcc_userinfo_get(world):
    tokens = world.client.flow(world.user)
    demand(world.client.userinfo(tokens)["sub"] == tokens["claims"]["sub"], "userinfo is about another sub")


@module(BASIC)
def oidcc_userinfo_post_header(world):
    tokens = world.client.flow(world.user)
    answer = world.client.session.post(
        world.metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=60)
    demand(answer.status_code == 200 and answer.json()["sub"] == tokens["claims"]["sub"], f"userinfo answered {answer.status_code} to POST")


@module(BASIC)
def oidcc_userinfo_post_body(world):
    tokens = world.client.flow(world.user)
    answer = world.client.session.post(world.metadata["userinfo_endpoint"], data={"access_token": tokens["access_token"]}, timeout=60)
    recommend(answer.status_code == 200, "tokens in the body are not taken: RFC 6750 §2.2 leaves it open, RFC 9700 §4.3.2 advises against tokens elsewhere than in the header")


@module(BASIC)
def oidcc_ensure_request_without_nonce_succeeds_for_code_flow(world):
    world.with_pkce.flow(world.user, nonce=None)
    recommend("error" not in (world.client.authorize(world.user, nonce=None).back or {"error": "page"}),
              "a request with neither PKCE nor nonce is refused, as nothing would keep injected codes out (RFC 9700 §2.1.1); with PKCE, nonce may be absent")


@module(BASIC)
def oidcc_scope_profile(world):
    claims = world.client.userinfo(world.client.flow(world.user, scope="openid profile"))
    demand(claims.get("name") == "Ada Lovelace" and claims.get("preferred_username") == "ada", "name or preferred_username is missing")


@module(BASIC)
def oidcc_scope_email(world):
    claims = world.client.userinfo(world.client.flow(world.user, scope="openid email"))
    demand(claims.get("email") == "ada@example.com", "email is missing")
    recommend(isinstance(claims.get("email_verified"), bool), "email_verified is missing")


def scope(world, *names):
    for name in names:
        needs(name in world.metadata["scopes_supported"], f"the scope {name} is not offered: accounts have no such claims")
    world.client.flow(world.user, scope=" ".join(("openid", *names)))


@module(BASIC)
def oidcc_scope_address(world):
    scope(world, "address")


@module(BASIC)
def oidcc_scope_phone(world):
    scope(world, "phone")


@module(BASIC)
def oidcc_scope_all(world):
    scope(world, "profile", "email", "address", "phone")


@module(BASIC)
def oidcc_alternate_happy_flow(world):
    world.client.flow(world.user, scope="email openid", state="a" * 128, nonce="n" * 64)


@module(BASIC)
def oidcc_display_page(world):
    world.client.flow(world.user, display="page")


@module(BASIC)
def oidcc_display_popup(world):
    world.client.flow(world.user, display="popup")


@module(BASIC)
def oidcc_prompt_login(world):
    first = world.client.flow(world.user, max_age=10000)
    time.sleep(1.1)
    second = world.client.flow(world.user, prompt="login", max_age=10000)
    demand("login" in world.client.visit.pages, "the user was not asked to log in")
    demand(second["claims"]["auth_time"] > first["claims"]["auth_time"], "auth_time is still that of the first log-in")
    demand(second["claims"]["sub"] == first["claims"]["sub"], "sub has changed")


@module(BASIC)
def oidcc_prompt_none_not_logged_in(world):
    visit = world.client.authorize(world.browser(), prompt="none")
    demand(visit.error in ("login_required", "interaction_required") and not visit.pages, f"{visit.error}, {visit.pages}")


@module(BASIC)
def oidcc_prompt_none_logged_in(world):
    first = world.client.flow(world.user)
    second = world.client.flow(world.user, prompt="none")
    demand(not world.client.visit.pages, "a page was shown")
    for name in ("sub", "auth_time"):
        demand(first["claims"].get(name) == second["claims"].get(name), f"{name} has changed")


@module(BASIC)
def oidcc_max_age_1(world):
    first = world.client.flow(world.user)
    time.sleep(2.1)
    second = world.client.flow(world.user, max_age=1)
    demand("login" in world.client.visit.pages, "the user was not asked to log in again")
    demand(second["claims"]["auth_time"] > first["claims"]["auth_time"], "auth_time is still that of the first log-in")


@module(BASIC)
def oidcc_max_age_10000(world):
    first = world.client.flow(world.user, max_age=10000)
    second = world.client.flow(world.user, max_age=10000)
    demand("login" not in world.client.visit.pages, "the user was asked to log in again")
    demand(second["claims"]["auth_time"] == first["claims"]["auth_time"], "auth_time has changed")


@module(BASIC)
def oidcc_ensure_request_with_unknown_parameter_succeeds(world):
    world.client.flow(world.user, extra="foobar")


@module(BASIC)
def oidcc_id_token_hint(world):
    first = world.client.flow(world.user)
    second = world.client.flow(world.user, prompt="none", id_token_hint=first["id_token"])
    demand(second["claims"]["sub"] == first["claims"]["sub"], "sub has changed")


@module(BASIC)
def oidcc_login_hint(world):
    world.client.flow(world.user, login_hint="ada@example.com")


@module(BASIC)
def oidcc_ui_locales(world):
    world.client.flow(world.user, ui_locales="se")


@module(BASIC)
def oidcc_claims_locales(world):
    world.client.flow(world.user, claims_locales="se")


@module(BASIC)
def oidcc_ensure_request_with_acr_values_succeeds(world):
    values = world.metadata.get("acr_values_supported", ["1", "2"])
    claims = world.client.flow(world.user, acr_values=" ".join(values))["claims"]
    recommend(claims.get("acr") in values, "acr is none of those that were asked for")


@module(BASIC)
def oidcc_codereuse(world):
    world.client.flow(world.user)
    answer = world.client.redeem(world.client.code)
    demand(answer.status_code == 400 and answer.json()["error"] == "invalid_grant", f"the second use was answered {answer.status_code}")


@module(BASIC, waits=True)
def oidcc_codereuse_30seconds(world):
    client, user = world.new_client(), world.browser()
    tokens = client.flow(user)
    time.sleep(30)
    answer = client.redeem(client.code)
    demand(answer.status_code == 400 and answer.json()["error"] == "invalid_grant", f"the second use was answered {answer.status_code}")
    answer = world.fetch(world.metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {tokens['access_token']}"})
    recommend(answer.status_code == 401, "the access token of the first use still counts")


@module(BASIC)
def oidcc_ensure_registered_redirect_uri(world):
    visit = world.client.authorize(world.user, redirect_uri=REDIRECT + "/other")
    demand(visit.back is None and visit.pages == ["error"], "there was no error page")


@module(BASIC)
def oidcc_ensure_post_request_succeeds(world):
    world.client.sent = world.client.request()
    visit = world.user.open(world.metadata["authorization_endpoint"], form=world.client.sent)
    world.client.good_tokens(world.client.redeem(world.client.good(visit)))


@module(BASIC)
def oidcc_server_client_secret_post(world):
    world.new_client(method="client_secret_post").flow(world.user)


def refused_request_object(world, name, value, *errors):
    visit = world.client.authorize(world.user, **{name: value})
    demand("code" not in (visit.back or {}), f"{name} was passed over")
    demand(visit.error in errors or visit.pages[-1:] == ["error"], f"{name} was not refused")


@module(BASIC, DYNAMIC)
def oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(world):
    object = Key().jwt({"iss": world.client.id, "aud": world.issuer, **world.client.request()}, alg="none")
    refused_request_object(world, "request", object, "request_not_supported", "invalid_request_object")
    needs("none" in world.metadata["request_object_signing_alg_values_supported"], "requests have to be signed; one that is not is refused")


@module(BASIC, DYNAMIC)
def oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(world):
    refused_request_object(world, "request_uri", "https://client.example/request.jwt", "request_uri_not_supported", "invalid_request_uri")
    needs(world.metadata["request_uri_parameter_supported"], "the server fetches no requests from elsewhere; a request_uri that was not pushed is refused")


@module(BASIC)
def oidcc_claims_essential(world):
    claims = world.client.userinfo(world.client.flow(world.user, claims=json.dumps({"userinfo": {"name": {"essential": True}}})))
    recommend(claims.get("name") == "Ada Lovelace", "the parameter claims is not taken")


@module(BASIC)
def oidcc_ensure_request_object_with_redirect_uri(world):
    needs("none" in world.metadata["request_object_signing_alg_values_supported"], "the module sends a request object without a signature")


@module(BASIC)
def oidcc_refresh_token(world):
    client = world.new_client()
    tokens = client.flow(world.user, scope="openid offline_access", prompt="consent")
    demand("refresh_token" in tokens, "there is no refresh token")
    answer = client.post("token_endpoint", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    demand(answer.status_code == 200, f"the token endpoint answered {answer.status_code}")
    again = answer.json()
    demand(again["access_token"] != tokens["access_token"], "the access token is the same")
    if "id_token" in again:
        _, claims = parts(again["id_token"])
        for name in ("iss", "sub", "aud", "auth_time"):
            demand(claims.get(name) == tokens["claims"].get(name), f"{name} of the new ID token is another one")
    other = world.new_client().post("token_endpoint", grant_type="refresh_token", refresh_token=again.get("refresh_token", tokens["refresh_token"]))
    demand(other.status_code == 400 and other.json()["error"] == "invalid_grant", "another client could use the refresh token")


@module(BASIC)
def oidcc_ensure_request_with_valid_pkce_succeeds(world):
    world.with_pkce.flow(world.user)


# MARK: Config OP


@module(CONFIG, DYNAMIC)
def oidcc_discovery_endpoint_verification(world):
    answer = world.fetch(f"{world.issuer}/.well-known/openid-configuration")
    demand(answer.headers["Content-Type"] == "application/json", "it is not application/json")
    document = answer.json()
    demand(document["issuer"] == world.issuer, "issuer is another one")
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "registration_endpoint"):
        demand(document[name].startswith("https://"), f"{name} is not https")
    demand("code" in document["response_types_supported"], "code is no response type")
    demand(document["subject_types_supported"] == ["public"], "subject_types_supported is wrong")
    demand("openid" in document["scopes_supported"], "openid is no scope")
    demand({"sub", "iss"} <= set(document["claims_supported"]), "claims_supported is wrong")
    keys = world.fetch(document["jwks_uri"]).json()["keys"]
    demand(len({key["kid"] for key in keys}) == len(keys), "a kid is there twice")
    demand(not any(set(key) & {"d", "p", "q", "k"} for key in keys), "a private key is published")
    demand("RS256" in document["id_token_signing_alg_values_supported"],
           "RS256 is not among id_token_signing_alg_values_supported (OpenID Connect Discovery §3)")


# MARK: Dynamic OP


def registered(world, **metadata):
    """A client that has registered itself; `flow` and the others work with it as the suite's does."""
    answer = register(world, **metadata)
    demand(answer.status_code == 201, f"registration was answered {answer.status_code}: {answer.text}")
    body = answer.json()
    client = ClientWithPKCE(world, body["client_id"], body.get("client_secret"), body["redirect_uris"][0])
    client.registration = body
    return client


def register(world, **metadata):
    return requests.post(
        world.metadata["registration_endpoint"], json={"redirect_uris": [REDIRECT], "scope": "openid profile"} | metadata,
        headers={"Authorization": f"Bearer {world.registration_token}"}, verify=world.authorities, timeout=60)


@module(DYNAMIC)
def oidcc_idtoken_rs256(world):
    client = registered(world, id_token_signed_response_alg="RS256")
    demand(client.registration.get("id_token_signed_response_alg") == "RS256", "id_token_signed_response_alg is passed over")
    code = client.good(client.authorize(world.user))
    client.good_tokens(client.redeem(code), alg="RS256")


@module(DYNAMIC)
def oidcc_idtoken_unsigned(world):
    answer = register(world, id_token_signed_response_alg="none")
    demand(answer.status_code == 400 or answer.json().get("id_token_signed_response_alg") != "none", "none was registered")
    needs("none" in world.metadata["id_token_signing_alg_values_supported"], "ID tokens are always signed")


@module(DYNAMIC)
def oidcc_userinfo_rs256(world):
    needs(world.metadata.get("userinfo_signing_alg_values_supported"), "userinfo answers are JSON over TLS, not signed")


@module(DYNAMIC)
def oidcc_redirect_uri_query_OK(world):
    client = registered(world, redirect_uris=[REDIRECT + "?foo=bar"])
    visit = client.authorize(world.user)
    client.good(visit)
    demand(visit.back.get("foo") == "bar", "the query of redirect_uri was lost")


@module(DYNAMIC)
def oidcc_redirect_uri_query_mismatch(world):
    client = registered(world, redirect_uris=[REDIRECT + "?foo=bar"])
    visit = client.authorize(world.user, redirect_uri=REDIRECT + "?bar=foo")
    demand(visit.back is None and visit.pages == ["error"], "there was no error page")


@module(DYNAMIC)
def oidcc_redirect_uri_query_added(world):
    client = registered(world)
    visit = client.authorize(world.user, redirect_uri=REDIRECT + "?foo=bar")
    demand(visit.back is None and visit.pages == ["error"], "there was no error page")


@module(DYNAMIC)
def oidcc_redirect_uri_regfrag(world):
    answer = register(world, redirect_uris=[REDIRECT + "#foo"])
    demand(answer.status_code == 400 and answer.json()["error"] in ("invalid_redirect_uri", "invalid_client_metadata"), "it was registered")


def shown(world, name):
    client = registered(world, **{name: "https://client.example/it"})
    demand(client.registration.get(name) == "https://client.example/it", f"{name} was not registered")
    client.flow(world.user)


@module(DYNAMIC)
def oidcc_registration_logo_uri(world):
    shown(world, "logo_uri")


@module(DYNAMIC)
def oidcc_registration_policy_uri(world):
    shown(world, "policy_uri")


@module(DYNAMIC)
def oidcc_registration_tos_uri(world):
    shown(world, "tos_uri")


def by_address(world):
    return registered(
        world, jwks_uri=world.keys.address, token_endpoint_auth_method="private_key_jwt", grant_types=["authorization_code", "refresh_token"])


def assertion(world, client, key):
    now = int(time.time())
    return {
        "client_id": client.id, "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": key.jwt({"iss": client.id, "sub": client.id, "aud": world.issuer, "exp": now + 60, "jti": f"{now}-{time.monotonic_ns()}"},
                                    kid=key.thumbprint)}


@module(DYNAMIC)
def oidcc_registration_jwks_uri(world):
    client = by_address(world)
    code = client.good(client.authorize(world.user))
    tokens = world.plain_post(redemption(client, code) | assertion(world, client, world.keys.key))
    demand(tokens.status_code == 200, f"the token endpoint answered {tokens.status_code}: {tokens.text}")


def redemption(client, code):
    return {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri, "code_verifier": client.verifier}


@module(DYNAMIC)
def oidcc_refresh_token_rp_key_rotation(world):
    client = by_address(world)
    code = client.good(client.authorize(world.user))
    tokens = world.plain_post(redemption(client, code) | assertion(world, client, world.keys.key))
    demand(tokens.status_code == 200, f"the token endpoint answered {tokens.status_code}: {tokens.text}")
    world.keys.rotate()
    again = world.plain_post(
        {"grant_type": "refresh_token", "refresh_token": tokens.json()["refresh_token"]} | assertion(world, client, world.keys.key))
    demand(again.status_code == 200, f"the new key was answered {again.status_code}: {again.text}")


@module(DYNAMIC)
def oidcc_registration_sector_uri(world):
    needs("pairwise" in world.metadata["subject_types_supported"], "sub is the same for all clients (public)")


@module(DYNAMIC)
def oidcc_registration_sector_bad(world):
    needs("pairwise" in world.metadata["subject_types_supported"], "sub is the same for all clients (public)")


@module(DYNAMIC)
def oidcc_request_uri_signed_rs256(world):
    needs(world.metadata["request_uri_parameter_supported"], "the server fetches no requests from elsewhere; a request_uri that was not pushed is refused")


@module(DYNAMIC)
def oidcc_server_rotate_keys(world):
    before = world.client.flow(world.user)
    known = {key["kid"] for key in world.fetch(world.metadata["jwks_uri"]).json()["keys"]}
    world.gateway._portcullis("keys", "rotate", "--now")
    end = time.monotonic() + 10
    while parts(world.client.flow(world.user)["id_token"])[0]["kid"] in known:
        demand(time.monotonic() < end, "nothing is signed with the new key")
        time.sleep(0.2)
    demand(world.client.userinfo(before)["sub"], "what the old key has signed counts no longer")
