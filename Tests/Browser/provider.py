#!/usr/bin/env python3
"""Logs in at an OpenID provider in headless Chromium, without JavaScript: no page's own policy stands in the way of the next.

Usage: provider.py BASE PROVIDER CLIENT_ID USER PASSWORD
BASE and PROVIDER are issuers, both Portcullis; the client is public and may come back to http://127.0.0.1/back on any port.
"""
import base64
import hashlib
import http.server
import secrets
import sys
import threading
import time
import urllib.parse

from pages import Back, Visit, check, chromium


def until(is_so, what):
    """Pages go on by themselves: waits for where they come to."""
    end = time.monotonic() + 15
    while time.monotonic() < end:
        try:
            if is_so():
                return check(True, what)
        except Exception:  # the page is just going
            pass
        time.sleep(0.05)
    check(False, what)


def main():
    base, provider, client, user, password = sys.argv[1:6]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Back)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    redirect = f"http://127.0.0.1:{server.server_address[1]}/back"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(secrets.token_urlsafe(48).encode()).digest()).rstrip(b"=").decode()

    def url(**more):
        return base + "/oauth2/authorize?" + urllib.parse.urlencode({
            "response_type": "code", "client_id": client, "redirect_uri": redirect, "scope": "orders:read", "state": "xyz",
            "code_challenge": challenge, "code_challenge_method": "S256", **more})

    driver = chromium()
    try:
        visit = Visit(driver, base, None)
        driver.get(url())
        until(lambda: driver.current_url.startswith(provider) and visit.heading == "Log in", "the browser is sent on to the provider")
        visit.keys(user)
        visit.tab_until("password")
        visit.keys(password)
        visit.submit()
        until(lambda: driver.current_url.startswith(base) and visit.heading == "Allow access?", "and back behind the provider's form")
        visit.tab_until("decision", "allow")
        visit.submit()
        until(lambda: Back.queries and "code" in Back.queries[-1], "the client gets its code")

        driver.get(url(prompt="login"))
        until(lambda: driver.current_url.startswith(provider) and visit.heading == "Log in", "prompt=login asks again, there")
        visit.keys(user)
        visit.tab_until("password")
        visit.keys(password)
        visit.submit()
        until(lambda: driver.current_url.startswith(base) and visit.heading == "Allow access?", "and back again")
        violations = [entry["message"] for entry in driver.get_log("browser") if "Content Security Policy" in entry["message"]]
        check(not violations, "no page breaks its own content security policy " + " ".join(violations))
    finally:
        driver.quit()
        server.shutdown()
    print("all well")


if __name__ == "__main__":
    main()
