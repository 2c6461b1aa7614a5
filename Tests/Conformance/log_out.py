"""OpenID Connect RP-Initiated Logout, and what is there of the other ways to log out."""

import urllib.parse

from keys import Key
from modules import demand, module
from receiver import judge, LogoutReceiver

LOGOUT, BACK_CHANNEL = "OpenID Connect RP-Initiated Logout OP", "OpenID Connect Back-Channel Logout OP"
AFTERWARDS = "http://127.0.0.1:4711/bye"


def logged_in(world):
    """A browser in which somebody has just logged in, the client and its ID token."""
    browser, client = world.browser(), world.client
    return browser, client, client.flow(browser)["id_token"]


def log_out(world, browser, form=None, **parameters):
    address = world.metadata["end_session_endpoint"]
    return browser.open(address, form=parameters) if form else browser.open(address + "?" + urllib.parse.urlencode(parameters))


def demand_logged_out(browser, client, is_out=True):
    visit = client.authorize(browser, prompt="none")
    demand((visit.error == "login_required") == is_out, f"afterwards the browser is logged {'in' if is_out else 'out'}")


def demand_back(visit, **parameters):
    demand(visit.address == AFTERWARDS, f"the browser did not return to the application: {visit.pages}")
    demand({name: value for name, value in visit.back.items() if name in ("state", "foo")} == parameters, "state is another one")


def demand_no_way_back(visit):
    demand(visit.back is None, "the browser was sent to the application")


@module(LOGOUT)
def oidcc_rp_initiated_logout_discovery_endpoint_verification(world):
    demand(world.metadata["end_session_endpoint"].startswith("https://"), "end_session_endpoint is missing")


@module(LOGOUT)
def oidcc_rp_initiated_logout(world):
    browser, client, token = logged_in(world)
    demand_back(log_out(world, browser, id_token_hint=token, post_logout_redirect_uri=AFTERWARDS, state="xyz"), state="xyz")
    demand_logged_out(browser, client)


@module(LOGOUT)
def oidcc_rp_initiated_logout_no_state(world):
    browser, client, token = logged_in(world)
    demand_back(log_out(world, browser, id_token_hint=token, post_logout_redirect_uri=AFTERWARDS))
    demand_logged_out(browser, client)


@module(LOGOUT)
def oidcc_rp_initiated_logout_no_post_logout_redirect_uri(world):
    browser, client, token = logged_in(world)
    demand_no_way_back(log_out(world, browser, id_token_hint=token, state="xyz"))
    demand_logged_out(browser, client)


@module(LOGOUT)
def oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(world):
    browser, _, token = logged_in(world)
    demand_no_way_back(log_out(world, browser, id_token_hint=token, post_logout_redirect_uri=AFTERWARDS + "/elsewhere", state="xyz"))


@module(LOGOUT)
def oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(world):
    browser, _, token = logged_in(world)
    demand_no_way_back(log_out(world, browser, id_token_hint=token, post_logout_redirect_uri=AFTERWARDS + "?foo=bar", state="xyz"))


@module(LOGOUT)
def oidcc_rp_initiated_logout_no_params(world):
    browser, client, _ = logged_in(world)
    demand_no_way_back(log_out(world, browser))
    demand_logged_out(browser, client)


@module(LOGOUT)
def oidcc_rp_initiated_logout_only_state(world):
    browser, client, _ = logged_in(world)
    demand_no_way_back(log_out(world, browser, state="xyz"))
    demand_logged_out(browser, client)


@module(LOGOUT)
def oidcc_rp_initiated_logout_no_id_token_hint(world):
    browser, _, _ = logged_in(world)
    demand_no_way_back(log_out(world, browser, post_logout_redirect_uri=AFTERWARDS, state="xyz"))


@module(LOGOUT)
def oidcc_rp_initiated_logout_bad_id_token_hint(world):
    browser, client, _ = logged_in(world)
    forged = Key().jwt({"iss": world.issuer, "aud": client.id, "sub": "somebody", "exp": 4102444800, "iat": 1})
    demand_no_way_back(log_out(world, browser, id_token_hint=forged, post_logout_redirect_uri=AFTERWARDS, state="xyz"))


@module(LOGOUT)
def oidcc_rp_initiated_logout_modified_id_token_hint(world):
    browser, client, token = logged_in(world)
    header, claims, _ = token.split(".")
    _, _, other = Key().jwt({"a": "b"}).split(".")
    demand_no_way_back(log_out(world, browser, id_token_hint=f"{header}.{claims}.{other}", post_logout_redirect_uri=AFTERWARDS, state="xyz"))


@module(BACK_CHANNEL)
def oidcc_backchannel_logout_discovery_endpoint_verification(world):
    for name in ("backchannel_logout_supported", "backchannel_logout_session_supported"):
        demand(world.metadata.get(name) is True, f"{name} is not true")


def told(world, more=(), statuses=()):
    """A client that is told of log-outs, and where."""
    receiver = LogoutReceiver(world.gateway, statuses)
    return world.new_client(more=("--backchannel-logout-uri", receiver.address, *more)), receiver


@module(BACK_CHANNEL)
def oidcc_backchannel_rp_initiated_logout(world):
    client, receiver = told(world)
    browser = world.browser()
    claims = client.flow(browser)["claims"]
    demand(claims.get("sid"), "the ID token has no sid")
    log_out(world, browser)
    judge(world, client, receiver.token(), claims)
    receiver.demand_silence()
    demand_logged_out(browser, client)
