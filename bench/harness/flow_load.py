"""The authorization code flow with PKCE, of a user who is logged in, and refreshing, over connections of their own. What the load
itself costs is not the server's; it saturates before the server does."""

import base64
import hashlib
import http.client
import json
import re
import threading
import time
import urllib.parse

VERIFIER = "bench-verifier-0123456789-0123456789-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Connection:
    """One keep-alive connection to one server."""

    def __init__(self, server, context):
        self.server = server
        self.http = http.client.HTTPSConnection(server.host, server.port, context=context, timeout=20)

    def send(self, method, path, body=None, fields=None):
        self.http.request(method, path, body, fields or {})
        answer = self.http.getresponse()
        return answer, answer.read()

    def code(self):
        """What the browser of the logged-in user is sent back with."""
        query = urllib.parse.urlencode({
            "response_type": "code", "client_id": "web", "redirect_uri": self.server.redirect_uri, "scope": self.server.user_scope,
            "state": "state-0123456789", "nonce": "nonce-0123456789", "code_challenge": CHALLENGE, "code_challenge_method": "S256"})
        answer, _ = self.send("GET", f"{self.server.authorize_path}?{query}{self.server.authorize_more}", None,
                              {"Cookie": self.server.cookie})
        location = answer.headers.get("Location") or ""
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query).get("code")
        if not code:
            raise OSError(f"no code: {answer.status} {location[:300]}")
        return code[0]

    def tokens(self, fields):
        answer, body = self.send("POST", self.server.path, urllib.parse.urlencode(fields),
                                 FORM | {"Authorization": self.server.web_authorization})
        if answer.status != 200:
            raise OSError(f"no tokens: {answer.status} {body[:300]}")
        return json.loads(body)

    def flow(self):
        return self.tokens({"grant_type": "authorization_code", "code": self.code(), "redirect_uri": self.server.redirect_uri,
                            "code_verifier": VERIFIER})


def load(server, method, context, connections, seconds):
    """A report as tokens.lua makes it."""
    end, results, lock, problems = time.monotonic() + seconds, [], threading.Lock(), []

    def run():
        micros = []
        connection = Connection(server, context)
        try:
            refresh = connection.flow()["refresh_token"] if method == "refresh_token" else None
            while (began := time.monotonic()) < end:
                if refresh is None:
                    connection.flow()
                else:
                    refresh = connection.tokens({"grant_type": "refresh_token", "refresh_token": refresh}).get("refresh_token", refresh)
                micros.append((time.monotonic() - began) * 1e6)
        except (OSError, http.client.HTTPException, KeyError) as error:
            problems.append(repr(error))
        finally:
            connection.http.close()
        with lock:
            results.extend(micros)

    began = time.monotonic()
    threads = [threading.Thread(target=run) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 60)
    if problems:
        print(f"{server.name}, {method}: {problems[0]}")
    micros = sorted(results)
    return {"requests": len(micros), "seconds": time.monotonic() - began, "errors": len(problems),
            "p50_us": micros[len(micros) // 2] if micros else 0, "p99_us": micros[len(micros) * 99 // 100] if micros else 0}


def log_in(server, context, name, password):
    """Through Portcullis's pages, as a browser without scripts; the cookies that it has then."""
    connection, cookies = Connection(server, context), {}

    def send(method, path, body=None):
        answer, content = connection.send(
            method, path, body, (FORM if body else {}) | {
                "Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items()),
                "Origin": f"https://{server.host}:{server.port}", "Sec-Fetch-Site": "same-origin"})
        for field in answer.headers.get_all("Set-Cookie") or []:
            key, _, value = field.split(";")[0].partition("=")
            cookies[key] = value
        return answer, content.decode()

    query = urllib.parse.urlencode({
        "response_type": "code", "client_id": "web", "redirect_uri": server.redirect_uri, "scope": server.user_scope,
        "code_challenge": CHALLENGE, "code_challenge_method": "S256"})
    path = f"{server.authorize_path}?{query}"
    for _ in range(8):
        answer, page = send("GET", path)
        location = answer.headers.get("Location")
        if location and location.startswith(server.redirect_uri):
            server.cookie = "; ".join(f"{key}={value}" for key, value in cookies.items())
            return
        if location:
            path = location
            continue
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
        action = re.search(r'<form[^>]* action="([^"]+)"', page)
        if not action:
            break
        answer, page = send("POST", action[1], urllib.parse.urlencode(hidden | {"username": name, "password": password}))
        path = answer.headers.get("Location") or ""
        if path.startswith(server.redirect_uri):
            server.cookie = "; ".join(f"{key}={value}" for key, value in cookies.items())
            return
    raise OSError(f"nobody was logged in: {answer.status} {page[:300]}")

