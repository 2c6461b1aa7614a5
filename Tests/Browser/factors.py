#!/usr/bin/env python3
"""Second factors in headless Chromium with its virtual authenticator: an authenticator app, recovery codes, a passkey after the
password and alone, and a step-up to a route that demands more than a password.

Usage: factors.py BASE CLIENT_ID USER PASSWORD [INVITATION] [--screenshots FOLDER]
As for pages.py, but scripts are on. The service at BASE/payments demands acr mfa or phr.
"""
import base64
import hashlib
import hmac
import http.server
import json
import os
import secrets
import shutil
import ssl
import struct
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True
import pages
from pages import Back, Visit, check


def chromium():
    options = pages.webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in (
        "--headless=new", "--no-sandbox", "--ignore-certificate-errors", "--disable-gpu", "--disable-dev-shm-usage",
        "--hide-scrollbars", "--no-first-run", "--window-size=640,900", "--lang=en",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = pages.webdriver.Chrome(service=pages.Service(shutil.which("chromedriver")), options=options)
    driver.set_page_load_timeout(30)
    return driver


def code(secret, when=None):
    """RFC 6238, by somebody else than the server."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int((when or time.time()) // 30)), hashlib.sha1).digest()
    offset = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def main():
    base, client, user, password = sys.argv[1:5]
    folder = sys.argv[sys.argv.index("--screenshots") + 1] if "--screenshots" in sys.argv else None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Back)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    redirect = f"http://127.0.0.1:{server.server_address[1]}/back"
    driver = chromium()

    def begin(**more):
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code", "client_id": client, "redirect_uri": redirect, "scope": "openid orders:read",
            "code_challenge": challenge, "code_challenge_method": "S256", **more,
        }
        driver.get(base + "/oauth2/authorize?" + urllib.parse.urlencode(query))
        return verifier

    def tokens(verifier):
        return pages.post(base + "/oauth2/token", {
            "grant_type": "authorization_code", "code": Back.queries[-1]["code"][0], "client_id": client,
            "redirect_uri": redirect, "code_verifier": verifier,
        })

    def payments(token):
        request = urllib.request.Request(base + "/payments", headers={"Authorization": "Bearer " + token})
        try:
            with urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=15) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("WWW-Authenticate", "")

    def until(condition, what):
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except Exception:
                pass
            time.sleep(0.05)
        raise SystemExit("not so: " + what + "\n" + driver.current_url + "\n" + visit.text)

    def press(selector):
        before = driver.find_element(By.TAG_NAME, "html")
        driver.find_element(By.CSS_SELECTOR, selector).click()

        def gone():
            try:
                before.is_enabled()
            except Exception:
                return True
        until(gone, "nothing happened after " + selector)

    def type_in(name, text):
        driver.find_element(By.ID, name).send_keys(text)

    def log_in():
        type_in("username", user)
        type_in("password", password)
        press("form:not([data-passkey]) button")

    def allow():
        if visit.heading == "Allow access?":
            press("button[value=allow]")
        until(lambda: driver.current_url.startswith(redirect), "back at the client")

    try:
        visit = Visit(driver, base, folder)
        options = VirtualAuthenticatorOptions(
            protocol=VirtualAuthenticatorOptions.Protocol.CTAP2, transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
            has_resident_key=True, has_user_verification=True, is_user_verified=True)
        driver.add_virtual_authenticator(options)

        first = begin()
        check(visit.heading == "Log in", "somebody who is not logged in is asked to")
        check(driver.find_element(By.CSS_SELECTOR, "form[data-passkey] button").is_displayed(), "and offered a passkey")
        visit.accessible("the log-in page with a passkey")
        visit.picture("login-passkey")
        log_in()
        allow()
        check(claims(tokens(first)["id_token"])["acr"] == "pwd", "a password alone is acr pwd")

        driver.get(base + "/oauth2/account/factors")
        check(visit.heading == "Ways to log in", "a log-in of a moment ago is enough for the page about factors")
        visit.accessible("the page about factors")
        visit.picture("factors-none")
        driver.find_element(By.LINK_TEXT, "Set up an app").click()
        visit.accessible("the page for an app")
        visit.picture("factor-app")
        secret = driver.find_element(By.NAME, "secret").get_attribute("value")
        type_in("code", "000000")
        press("button[value=add_app]")
        check("not right" in visit.text, "a wrong code is said in the page")
        check(driver.find_element(By.NAME, "secret").get_attribute("value") == secret, "which has the same key")
        type_in("code", code(secret))
        press("button[value=add_app]")
        check(visit.heading == "Your recovery codes", "a right one switches it on, with recovery codes")
        visit.picture("recovery-codes")
        recovery = [element.text for element in driver.find_elements(By.CSS_SELECTOR, ".codes code")]
        check(len(recovery) == 10, "of which there are ten")
        driver.find_element(By.LINK_TEXT, "Continue").click()
        check("10 codes are left" in visit.text, "the page about factors says how many are left")

        type_in("label", "My laptop")
        press("form[data-passkey=create] button")
        until(lambda: "My laptop" in visit.text, "the passkey is listed")
        check("Authenticator app" in visit.text, "beside the app")
        visit.accessible("the page about factors, with two")
        visit.picture("factors")
        driver.find_element(By.ID, "label").send_keys("Again")
        driver.find_element(By.CSS_SELECTOR, "form[data-passkey=create] button").click()
        until(lambda: "already" in driver.find_element(By.CSS_SELECTOR, "form[data-passkey=create] [role=alert]").text,
              "the same authenticator twice is said")
        print("ok: the same authenticator is not taken twice")

        driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        verifier = begin()
        press("form[data-passkey=get] button")
        allow()
        identity = claims(tokens(verifier)["id_token"])
        check(identity["acr"] == "phr" and identity["amr"] == ["pop", "user", "mfa"], "a passkey alone is acr phr")

        driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        verifier = begin()
        log_in()
        check(visit.heading == "One more step", "after the password something else is asked for")
        check(not driver.get_cookie("__Host-portcullis_session"), "and nobody is logged in yet")
        visit.accessible("the page for the second factor")
        visit.picture("factor")
        driver.find_element(By.TAG_NAME, "summary").click()
        visit.picture("factor-recovery")
        type_in("recovery", recovery[0])
        press("details button")
        allow()
        low = tokens(verifier)
        identity = claims(low["id_token"])
        check(identity["acr"] == "mfa" and identity["amr"] == ["pwd", "otp", "mfa"], "a recovery code is acr mfa")

        status, challenge = payments(low["access_token"])
        check(status == 401 and 'acr_values="phr"' in challenge, "a route that demands phr says so")
        verifier = begin(acr_values="phr")
        check(visit.heading == "One more step", "the step-up asks for the second factor and not for the password")
        press("form[data-passkey=get] button")
        allow()
        high = tokens(verifier)
        check(claims(high["access_token"])["acr"] == "phr", "the next token has acr phr")
        check(payments(high["access_token"])[0] == 200, "and the route lets it through")

        invitation = next((word for word in sys.argv[5:] if word.startswith("https://")), None)
        if invitation:
            driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
            driver.get(invitation)
            check(driver.find_element(By.CSS_SELECTOR, "form[data-passkey=create] button").is_displayed(), "an invitation offers a passkey, too")
            visit.accessible("the page of an invitation, with a passkey")
            visit.picture("account-link-passkey")
            press("form[data-passkey=create] button")
            check(visit.heading == "The passkey is set up", "the passkey takes the place of a password")
            driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
            driver.get(base + "/oauth2/account")
            # The authenticator has two by now and offers the newest: that of the invitation.
            press("form[data-passkey=get] button")
            check("nora" in visit.text, "and logs in alone")
            driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
            begin()
            log_in()

        driver.set_window_size(360, 780)
        driver.get(base + "/oauth2/account/factors")
        if visit.heading == "Ways to log in":
            visit.picture("factors-phone")
            wide = driver.execute_script("return document.documentElement.scrollWidth > document.documentElement.clientWidth")
            check(not wide, "nothing is wider than a telephone")
            rows = len(driver.find_elements(By.CSS_SELECTOR, ".rows > li"))
            press(".rows button")
            check(len(driver.find_elements(By.CSS_SELECTOR, ".rows > li")) == rows - 1, "a factor is removed")
        violations = [entry["message"] for entry in driver.get_log("browser") if "Content Security Policy" in entry["message"]]
        check(not violations, "no page breaks its own content security policy " + " ".join(violations))
    finally:
        driver.quit()
        server.shutdown()
    print("all well")


if __name__ == "__main__":
    main()
