"""What the specifications demand, and no module of the suite asks for. The names begin with the specification."""

import json
import time

import requests

import fapi
import log_out
import receiver as receiver_module
from browser import PASSWORD
from keys import Key, parts
from modules import demand, module

OPENID, PROFILE = "Beyond the suite: OpenID Connect and OAuth", "Beyond the suite: FAPI 2.0"


def token_of(world, name):
    """A browser of this user, and an ID token about it."""
    browser = world.browser(name)
    return browser, world.client.flow(browser)["id_token"]


@module(OPENID)
def core_3_1_2_1_id_token_hint_of_another_user(world):
    browser, _ = token_of(world, "ada")
    _, other = token_of(world, "bob")
    visit = world.client.authorize(browser, prompt="none", id_token_hint=other)
    demand(visit.error == "login_required", f"the answer was {visit.error or 'a code for the wrong user'}")
    visit = world.client.authorize(browser, id_token_hint=other)
    demand("login" in visit.pages, "nobody was asked to log in as the other user")


@module(OPENID)
def core_3_1_2_1_id_token_hint_by_another_key(world):
    browser, _ = token_of(world, "ada")
    forged = Key().jwt({"iss": world.issuer, "aud": world.client.id, "sub": "somebody", "exp": 4102444800, "iat": 1})
    visit = world.client.authorize(browser, prompt="none", id_token_hint=forged)
    demand("code" not in (visit.back or {}), "a forged hint was passed over")


@module(OPENID, waits=True)
def core_3_1_2_1_max_age_at_the_time_of_the_answer(world):
    browser, client = world.browser(), world.client
    # The log-in was before the request: one in its course may be a minute old.
    browser.open(client.address(client.request()))
    time.sleep(1.1)
    visit = browser.open(client.address(client.request(max_age=20, prompt="consent")), stop_at="consent")
    demand(visit.pages[-1:] == ["consent"], f"there was no consent page: {visit.pages}")
    time.sleep(21)
    form = browser._form(visit.answer)[1]
    answer = browser._send(visit.answer, form, "allow")
    visit = browser.open(answer.url.partition("/oauth2/")[0] + answer.headers["Location"], stop_at="login")
    demand(visit.pages == ["login"], "a log-in that is older than max_age was answered with a code")


def demand_error_at_client(visit, world, *errors):
    demand(visit.back is not None, "the error was shown on a page although redirect_uri is the client's")
    demand(visit.error in errors, f"the error is {visit.error}")
    demand(visit.back.get("state") == world.client.sent["state"] and visit.back.get("iss") == world.issuer, "state or iss is missing")


@module(OPENID)
def core_3_1_2_6_bad_request_object_is_answered_by_redirect(world):
    object = Key().jwt({"iss": world.client.id, "client_id": world.client.id, "aud": world.issuer})
    demand_error_at_client(world.client.authorize(world.user, request=object), world, "invalid_request_object")


@module(OPENID)
def core_3_1_2_6_request_uri_is_refused_by_redirect(world):
    visit = world.client.authorize(world.user, request_uri="https://client.example/request.jwt")
    demand_error_at_client(visit, world, "request_uri_not_supported", "invalid_request_uri")


@module(OPENID)
def core_3_1_2_6_errors_are_answered_by_redirect(world):
    for parameters, error in (
            ({"scope": "openid unknown:scope"}, "invalid_scope"), ({"response_type": "token"}, "unsupported_response_type"),
            ({"prompt": "none login"}, "invalid_request"), ({"max_age": "soon"}, "invalid_request"),
            ({"response_mode": "web_message"}, "invalid_request")):
        demand_error_at_client(world.client.authorize(world.user, **parameters), world, error)


@module(OPENID)
def core_5_5_claims_in_the_id_token(world):
    tokens = world.client.flow(world.user, claims=json.dumps({"id_token": {"name": None, "email": {"essential": True}}}))
    demand(tokens["claims"].get("name") == "Ada Lovelace" and tokens["claims"].get("email") == "ada@example.com",
           "the parameter claims is passed over")


@module(OPENID)
def form_post_response_mode(world):
    demand("form_post" in world.metadata["response_modes_supported"], "form_post is not offered")
    client = world.client
    visit = client.authorize(world.user, response_mode="form_post")
    code = client.good(visit)
    demand(visit.mode == "form_post", "the answer came in the query")
    client.good_tokens(client.redeem(code))
    visit = client.authorize(world.user, response_mode="form_post", scope="openid unknown:scope")
    demand(visit.error == "invalid_scope" and visit.mode == "form_post", "the error came in the query")


@module(OPENID)
def rp_initiated_logout_2_by_post(world):
    browser, client, token = log_out.logged_in(world)
    visit = log_out.log_out(world, browser, form=True, id_token_hint=token, post_logout_redirect_uri=log_out.AFTERWARDS, state="xyz")
    log_out.demand_back(visit, state="xyz")
    log_out.demand_logged_out(browser, client)


@module(OPENID)
def rp_initiated_logout_2_when_nobody_is_logged_in(world):
    _, _, token = log_out.logged_in(world)
    visit = log_out.log_out(
        world, world.browser(), id_token_hint=token, post_logout_redirect_uri=log_out.AFTERWARDS, state="xyz")
    log_out.demand_back(visit, state="xyz")


@module(OPENID)
def backchannel_logout_2_4_signed_as_the_clients_id_tokens(world):
    client, receiver = log_out.told(world, more=("--id-token-alg", "RS256"))
    browser = world.browser()
    claims = client.flow(browser)["claims"]
    log_out.log_out(world, browser)
    receiver_module.judge(world, client, receiver.token(), claims, alg="RS256")


@module(OPENID)
def backchannel_logout_2_5_several_applications_and_one_session(world):
    """Those of the session that ends, and not those of another browser."""
    (one, at_one), (two, at_two) = log_out.told(world), log_out.told(world)
    browser, other = world.browser(), world.browser()
    claims = {client: client.flow(browser)["claims"] for client in (one, two)}
    kept = one.flow(other)["claims"]
    log_out.log_out(world, browser)
    receiver_module.judge(world, one, at_one.token(), claims[one])
    receiver_module.judge(world, two, at_two.token(), claims[two])
    at_one.demand_silence()
    log_out.log_out(world, other)
    receiver_module.judge(world, one, at_one.token(), kept)


@module(OPENID)
def backchannel_logout_after_a_second_log_in(world):
    """The user goes on in that browser: nobody is told before the end, and then everybody."""
    (one, at_one), (two, at_two) = log_out.told(world), log_out.told(world)
    browser = world.browser()
    first = one.flow(browser)["claims"]
    second = two.flow(browser, prompt="login")["claims"]
    at_one.demand_silence()
    log_out.log_out(world, browser)
    receiver_module.judge(world, one, at_one.token(), first)
    receiver_module.judge(world, two, at_two.token(), second)


@module(OPENID)
def backchannel_logout_2_5_tried_again(world):
    client, receiver = log_out.told(world, statuses=[503])
    browser = world.browser()
    claims = client.flow(browser)["claims"]
    log_out.log_out(world, browser)
    first = receiver.token()
    second = receiver.token(seconds=20)
    receiver_module.judge(world, client, second, claims)
    demand(parts(first)[1]["jti"] != parts(second)[1]["jti"], "the second token has the jti of the first")
    receiver.demand_silence()


@module(OPENID)
def backchannel_logout_2_8_refused(world):
    client, receiver = log_out.told(world, statuses=[400])
    browser = world.browser()
    client.flow(browser)
    log_out.log_out(world, browser)
    receiver.token()
    receiver.demand_silence(seconds=8)


@module(OPENID)
def backchannel_logout_when_a_user_is_disabled(world):
    client, receiver = log_out.told(world)
    world.gateway.user("carol", PASSWORD)
    claims = client.flow(world.browser("carol"))["claims"]
    world.gateway._portcullis("user", "disable", "carol")
    receiver_module.judge(world, client, receiver.token(), claims)


@module(OPENID)
def rfc9449_7_1_challenge_of_userinfo(world):
    """Without anything, with a bound token as a bearer token, with a proof that lacks the nonce."""
    address = world.metadata["userinfo_endpoint"]
    answer = world.fetch(address)
    demand(answer.status_code == 401 and "DPoP" in answer.headers["WWW-Authenticate"] and "algs=" in answer.headers["WWW-Authenticate"],
           "without a token there is no DPoP challenge with algs")
    demand("Bearer" in answer.headers["WWW-Authenticate"] and "error" not in answer.headers["WWW-Authenticate"], "there is an error code")
    party = fapi.Party(world, world.client.id)
    form = {"grant_type": "authorization_code", "redirect_uri": world.client.redirect_uri}
    form["code"] = world.client.good(world.client.authorize(world.user))
    if world.client.pkce:
        form["code_verifier"] = world.client.verifier
    auth = requests.auth.HTTPBasicAuth(world.client.id, world.client.secret)
    token = None
    for _ in range(2):
        proof = party.proof("POST", world.metadata["token_endpoint"])
        answer = requests.post(world.metadata["token_endpoint"], data=form, auth=auth, headers={"DPoP": proof}, verify=world.authorities, timeout=60)
        if answer.status_code == 200:
            token = answer.json()["access_token"]
            break
        party.nonces[world.gateway.url.removeprefix("https://")] = answer.headers["DPoP-Nonce"]
    demand(token, f"there is no bound token: {answer.text}")
    answer = world.fetch(address, headers={"Authorization": f"Bearer {token}"})
    demand(answer.status_code == 401 and "DPoP" in answer.headers["WWW-Authenticate"], "a bound token as a bearer token: no DPoP challenge")
    party.nonces.clear()
    answer = world.fetch(address, headers={"Authorization": f"DPoP {token}", "DPoP": party.proof("GET", address, token)})
    demand(answer.status_code == 401, f"a proof without the nonce was answered {answer.status_code}")
    demand('error="use_dpop_nonce"' in answer.headers["WWW-Authenticate"] and "DPoP-Nonce" in answer.headers, "the answer gives no nonce")
    party.nonces[world.gateway.url.removeprefix("https://")] = answer.headers["DPoP-Nonce"]
    answer = world.fetch(address, headers={"Authorization": f"DPoP {token}", "DPoP": party.proof("GET", address, token)})
    demand(answer.status_code == 200, f"with the nonce it was answered {answer.status_code}")


def preflight(address, method, headers):
    return requests.options(address, verify=preflight.authorities, timeout=60, headers={
        "Origin": "https://app.example", "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers})


@module(OPENID)
def cors_of_the_endpoints_that_scripts_use(world):
    preflight.authorities = world.authorities
    for name, method in (
            ("token_endpoint", "POST"), ("userinfo_endpoint", "GET"), ("userinfo_endpoint", "POST"), ("revocation_endpoint", "POST"),
            ("pushed_authorization_request_endpoint", "POST"), ("jwks_uri", "GET"), ("registration_endpoint", "POST"),
            ("device_authorization_endpoint", "POST")):
        answer = preflight(world.metadata[name], method, "authorization, content-type, dpop")
        fields = answer.headers
        demand(answer.status_code in (200, 204), f"{name}: the preflight was answered {answer.status_code}")
        demand(fields.get("Access-Control-Allow-Origin") == "*", f"{name}: there is no Access-Control-Allow-Origin")
        demand(method in fields.get("Access-Control-Allow-Methods", ""), f"{name}: {method} is not allowed")
        allowed = fields.get("Access-Control-Allow-Headers", "").lower()
        demand("authorization" in allowed and "dpop" in allowed, f"{name}: Authorization or DPoP is not allowed")
        demand("Access-Control-Allow-Credentials" not in fields, f"{name}: cookies are allowed")
        actual = requests.request(method, world.metadata[name], headers={"Origin": "https://app.example"}, verify=world.authorities, timeout=60)
        exposed = actual.headers.get("Access-Control-Expose-Headers", "").lower()
        demand(actual.headers.get("Access-Control-Allow-Origin") == "*", f"{name}: the answer has no Access-Control-Allow-Origin")
        if name not in ("jwks_uri",):
            demand("dpop-nonce" in exposed and "www-authenticate" in exposed, f"{name}: DPoP-Nonce or WWW-Authenticate is not exposed")


@module(OPENID)
def cors_of_the_authorization_endpoint(world):
    """OAuth 2.1 draft §3.1: never."""
    preflight.authorities = world.authorities
    for name in ("authorization_endpoint", "end_session_endpoint"):
        answer = preflight(world.metadata[name], "GET", "content-type")
        demand(not any(field.lower().startswith("access-control") for field in answer.headers), f"{name}: there are fields of CORS")
        answer = world.fetch(world.metadata[name], headers={"Origin": "https://app.example"}, allow_redirects=False)
        demand(not any(field.lower().startswith("access-control") for field in answer.headers), f"{name}: there are fields of CORS")


@module(OPENID)
def rfc9470_5_acr_values_that_have_to_be_met(world):
    """Per client: others get what is next best (OpenID Connect Core §3.1.2.1)."""
    visit = world.new_client(more=("--require-acr",)).authorize(world.user, acr_values="gold")
    demand(visit.error == "unmet_authentication_requirements", f"the answer was {visit.error or visit.back}")


@module(OPENID)
def rfc7523_3_assertion_for_the_token_endpoint(world):
    """Per client: others have to name the issuer."""
    for words, status in (((), 401), (("--token-endpoint-audience",), 200)):
        id, key = f"signing-{status}", Key()
        path = world.gateway.folder / f"{id}.json"
        path.write_text(json.dumps(key.public_set()))
        world.gateway.client(id, "--auth-method", "private_key_jwt", "--jwks", str(path), "--scope", "orders:read", *words)
        now = int(time.time())
        assertion = key.jwt({"iss": id, "sub": id, "aud": world.metadata["token_endpoint"], "exp": now + 60, "jti": id}, kid=key.thumbprint)
        answer = world.plain_post({"grant_type": "client_credentials", "client_assertion_type": fapi.ASSERTION, "client_assertion": assertion})
        demand(answer.status_code == status, f"{'with' if words else 'without'} the setting it was answered {answer.status_code}")


@module(PROFILE)
def fapi_2_5_3_2_1_no_basic_challenge(party):
    """Clients cannot authenticate by secrets, so none is asked for."""
    answer = party.push(assertion=party.assertion(aud="https://other.example"))
    demand(answer.status_code in (400, 401), f"it was answered {answer.status_code}")
    demand("Basic" not in answer.headers.get("WWW-Authenticate", ""), "the challenge asks for a secret (Basic)")


@module(PROFILE)
def rfc9068_access_token(party):
    header, claims = parts(party.flow()["access_token"])
    demand(header["typ"] == "at+jwt", "typ is another one")
    demand({"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= set(claims), "a claim is missing")
