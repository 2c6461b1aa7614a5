#!/usr/bin/env python3
"""Drives the pages for people in headless Chromium: an authorization code flow with PKCE, by keyboard alone, without JavaScript.

Usage: pages.py BASE CLIENT_ID USER PASSWORD [--screenshots FOLDER]
BASE is the issuer, https://localhost:PORT; its certificate is not checked here, other tests do that. The client is public and may
come back to http://127.0.0.1/back on any port. Exits with 0 when all was as it should be; else it says what was not.
"""
import base64
import hashlib
import http.server
import json
import os
import secrets
import shutil
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


def check(is_so, what):
    if not is_so:
        raise SystemExit("not so: " + what)
    print("ok: " + what)


class Back(http.server.BaseHTTPRequestHandler):
    """Where the client is answered."""

    queries = []

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/back":
            Back.queries.append(urllib.parse.parse_qs(query, strict_parsing=True))
        self.send_response(200 if path == "/back" else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>back</title>back")

    def log_message(self, *_):
        pass


def chromium():
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in (
        "--headless=new", "--no-sandbox", "--ignore-certificate-errors", "--disable-gpu", "--disable-dev-shm-usage",
        "--hide-scrollbars", "--no-first-run", "--window-size=640,760", "--lang=en",
    ):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
    driver.set_page_load_timeout(30)
    return driver


class Visit:
    def __init__(self, driver, base, folder):
        self.driver, self.base, self.folder = driver, base, folder

    def keys(self, *keys):
        """Typed at whatever has the focus."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def submit(self, key=Keys.ENTER):
        """Presses a key that leads to another page, and waits for it."""
        before = self.driver.find_element(By.TAG_NAME, "html")
        self.driver.switch_to.active_element.send_keys(key)
        until = time.monotonic() + 15
        while time.monotonic() < until:
            try:
                before.is_enabled()
            except StaleElementReferenceException:
                return
            except Exception:  # the page is just going
                return
            time.sleep(0.05)
        raise SystemExit("nothing happened after the key, at " + self.driver.current_url + "\n" + self.text)

    def focus(self):
        element = self.driver.switch_to.active_element
        return element.get_attribute("name"), element.get_attribute("value")

    def tab_until(self, name, value=None):
        """Only the Tab key: what cannot be reached with it, cannot be reached."""
        for _ in range(12):
            found = self.focus()
            if found[0] == name and (value is None or found[1] == value):
                return
            self.keys(Keys.TAB)
        raise SystemExit(f"the Tab key never comes to {name} {value or ''}")

    @property
    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    @property
    def heading(self):
        return self.driver.find_element(By.TAG_NAME, "h1").text

    def picture(self, name):
        if not self.folder:
            return
        for scheme in ("light", "dark"):
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
            path = os.path.join(self.folder, f"{name}-{scheme}.png")
            self.driver.save_screenshot(path)
            if shutil.which("pngquant"):
                subprocess.run(["pngquant", "--force", "--ext", ".png", "32", path], check=False)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def accessible(self, what):
        """What the browser makes of the page for assistive technology: every field and button has a name."""
        tree = self.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        roles = [(n.get("role", {}).get("value"), n.get("name", {}).get("value", "")) for n in tree if not n.get("ignored")]
        check(any(role == "main" for role, _ in roles), f"{what} has a main landmark")
        check(sum(role == "heading" for role, _ in roles) >= 1, f"{what} has a heading")
        nameless = [role for role, name in roles if role in ("textbox", "button", "list", "link") and not name and role != "list"]
        check(not nameless, f"every control of {what} has a name")
        return roles


def post(url, form):
    context = ssl._create_unverified_context()
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode())
    with urllib.request.urlopen(request, context=context, timeout=15) as answer:
        return json.load(answer)


def main():
    base, client, user, password = sys.argv[1:5]
    folder = sys.argv[sys.argv.index("--screenshots") + 1] if "--screenshots" in sys.argv else None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Back)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    redirect = f"http://127.0.0.1:{server.server_address[1]}/back"

    def begin(**more):
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        state = secrets.token_urlsafe(16) + " <\"&'>"
        query = {
            "response_type": "code", "client_id": client, "redirect_uri": redirect, "scope": "orders:read", "state": state,
            "code_challenge": challenge, "code_challenge_method": "S256", **more,
        }
        return base + "/oauth2/authorize?" + urllib.parse.urlencode(query), verifier, state

    driver = chromium()
    try:
        visit = Visit(driver, base, folder)
        driver.get("data:text/html,<title>off</title><script>document.title='on'</script>")
        check(driver.title == "off", "JavaScript is off")

        url, verifier, state = begin()
        driver.get(url)
        check(visit.heading == "Log in", "somebody who is not logged in is asked to")
        visit.accessible("the log-in page")
        check(visit.focus()[0] == "username", "the first field has the focus")
        visit.picture("login")
        visit.keys(user)
        visit.tab_until("password")
        visit.keys("not the password")
        visit.submit()
        check("is not right" in visit.text and driver.title.startswith("Problem:"), "a wrong password is said in the page and its title")
        field = driver.find_element(By.ID, "password")
        check(field.get_attribute("aria-describedby") == "problem" and field.get_attribute("aria-invalid") == "true", "and beside the field")
        visit.picture("login-problem")
        visit.tab_until("password")
        visit.keys(password)
        visit.submit()
        check(visit.heading == "Allow access?", "then the person is asked whether the client may")
        check(not Back.queries, "nothing went to the client yet")
        visit.accessible("the consent page")
        visit.picture("consent")
        visit.tab_until("decision", "deny")
        visit.submit()
        check(len(Back.queries) == 1 and Back.queries[0].get("error") == ["access_denied"], "Deny leads back with access_denied")
        check(Back.queries[0].get("state") == [state] and Back.queries[0].get("iss") == [base], "with the state, octet by octet, and iss")

        url, verifier, state = begin()
        driver.get(url)
        check(visit.heading == "Allow access?", "the session counts: no second log-in")
        visit.tab_until("decision", "allow")
        visit.submit(Keys.SPACE)
        check(driver.current_url.startswith(redirect), "the redirect behind the form is let through by the page's own policy")
        answer = Back.queries[-1]
        check(answer.get("state") == [state] and answer.get("iss") == [base], "Allow leads back with state and iss")
        tokens = post(base + "/oauth2/token", {
            "grant_type": "authorization_code", "code": answer["code"][0], "client_id": client, "redirect_uri": redirect,
            "code_verifier": verifier,
        })
        check(tokens["access_token"].count(".") == 2, "and the code is worth a token")

        driver.get(base + "/oauth2/device")
        if "Code" in visit.text:
            visit.accessible("the device page")
            visit.picture("device")
            visit.keys("BCDF-GHJK")
            visit.submit()
            check("no such code" in visit.text, "a code that there is not is said so")

        cookies = {cookie["name"]: cookie for cookie in driver.get_cookies()}
        check(
            all(c["secure"] and c["httpOnly"] and c["sameSite"] == "Lax" and c["path"] == "/" for n, c in cookies.items() if n.startswith("__Host-"))
            and "__Host-portcullis_session" in cookies, "cookies are __Host-, Secure, HttpOnly and Lax")

        def session():
            return (driver.get_cookie("__Host-portcullis_session") or {}).get("value")

        before = session()
        driver.get(base + "/service")
        driver.get(base + "/service")
        check("hello" in visit.text, "a service on the issuer's host is visited")
        check(session() == before and driver.get_cookie("theirs"), "it sets a cookie of its own, and none of the server's")
        driver.get(begin()[0])
        check(visit.heading == "Allow access?", "and the session goes on")

        driver.get("data:text/html," + urllib.parse.quote(f"<iframe src='{base}/oauth2/logout' title=frame></iframe>"))
        frame = driver.find_element(By.TAG_NAME, "iframe")
        driver.switch_to.frame(frame)
        check("Log out" not in visit.text, "no page is shown in a frame")
        driver.switch_to.default_content()

        driver.get(base + "/oauth2/logout")
        check("Log out?" == visit.heading, "log-out asks first")
        visit.picture("logout")
        visit.keys(Keys.TAB)
        visit.submit()
        check("Logged out" == visit.heading, "log-out")
        driver.get(begin()[0])
        check(visit.heading == "Log in", "after log-out the next request asks to log in")

        driver.get(base + "/oauth2/login?interaction=nonsense")
        visit.picture("error")
        check("expired" in visit.heading, "what is not under way is told in words")
        violations = [entry["message"] for entry in driver.get_log("browser") if "Content Security Policy" in entry["message"] and "iframe" not in entry["message"] and "frame-ancestors" not in entry["message"]]
        check(not violations, "no page breaks its own content security policy " + " ".join(violations))
    finally:
        driver.quit()
        server.shutdown()
    print("all well")


if __name__ == "__main__":
    main()
