"""A user at a browser without scripts, who does what pages ask, and notes which there were."""

import html
import re
import sys
import urllib.parse
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Clients"))

from person import Forms  # noqa: E402

PASSWORD = "correct horse battery staple"


class Visit:
    """What came of opening an address."""

    def __init__(self):
        # What was seen: login, consent, logout, error, message.
        self.pages = []
        # Parameters with which the browser was sent back to the client, and how; None: it was not.
        self.back, self.mode, self.address = None, None, None
        # The last answer of the server.
        self.answer = None

    @property
    def error(self):
        return (self.back or {}).get("error")


class Browser:
    def __init__(self, authorities, origin, name="ada"):
        self.session = requests.Session()
        self.session.verify = authorities
        self.origin, self.name = origin, name

    def open(self, address, form=None, decision="allow", stop_at=None):
        """- decision: what the user answers when asked; stop_at: a kind of page at which the visit ends."""
        visit = Visit()
        answer = self.session.post(address, data=form, allow_redirects=False, timeout=60) if form is not None else self._get(address)
        for _ in range(20):
            visit.answer = answer
            target = answer.headers.get("Location")
            refresh = re.search(r'http-equiv="refresh" content="0; url=([^"]*)"', answer.text)
            if target or refresh:
                target = urllib.parse.urljoin(answer.url, target or html.unescape(refresh[1]))
                if not target.startswith(self.origin + "/"):
                    return self._back(visit, target.partition("?")[0], urllib.parse.urlsplit(target).query, "query")
                answer = self._get(target)
                continue
            if answer.status_code >= 400:
                visit.pages.append("error")
                return visit
            kind, form = self._form(answer)
            if kind == "form_post":
                return self._back(visit, form["action"], urllib.parse.urlencode(form["fields"]), "form_post")
            visit.pages.append(kind)
            if kind == "message" or kind == stop_at:
                return visit
            answer = self._send(answer, form, decision)
        raise AssertionError(f"the pages lead nowhere: {visit.pages}")

    def _back(self, visit, address, query, mode):
        visit.back, visit.address, visit.mode = dict(urllib.parse.parse_qsl(query, keep_blank_values=True)), address, mode
        return visit

    def _get(self, address):
        return self.session.get(address, allow_redirects=False, timeout=60)

    def _form(self, answer):
        for form in Forms(answer.text).forms:
            action = urllib.parse.urljoin(answer.url, form["action"])
            if not action.startswith(self.origin + "/"):
                return "form_post", form | {"action": action}
            if "password" in form["fields"]:
                return "login", form
            if any(name == "decision" for name, _ in form["buttons"]):
                return "consent", form
            if action.partition("?")[0].endswith("/logout"):
                return "logout", form
        return "message", None

    def _send(self, answer, form, decision):
        fields = dict(form["fields"])
        if "password" in fields:
            fields |= {"username": self.name, "password": PASSWORD}
        for name, value in form["buttons"]:
            if value == decision or name not in fields:
                fields[name] = decision if name == "decision" else value
        return self.session.post(
            urllib.parse.urljoin(answer.url, form["action"]), data=fields, allow_redirects=False, timeout=60,
            headers={"Origin": self.origin, "Sec-Fetch-Site": "same-origin"})
