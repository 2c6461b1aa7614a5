"""A person at a browser without JavaScript: fills in forms, follows redirects, keeps cookies."""

import html.parser
import urllib.parse

import requests


class Forms(html.parser.HTMLParser):
    """The forms of a page: action, and fields with the values that they have."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append({"action": attributes.get("action", ""), "fields": {}, "buttons": []})
        elif self.forms and tag == "input" and attributes.get("name"):
            if attributes.get("type") != "submit":
                self.forms[-1]["fields"][attributes["name"]] = attributes.get("value", "")
        elif self.forms and tag == "button" and attributes.get("name"):
            self.forms[-1]["buttons"].append((attributes["name"], attributes.get("value", "")))


class Person:
    def __init__(self, authorities, name, password):
        self.session = requests.Session()
        self.session.verify = authorities
        self.name, self.password = name, password
        self.pages = []

    def authorize(self, url, redirect_uri):
        """Opens the authorization URL, logs in and agrees; the URL with which the client is called back."""
        answer = self._get(url)
        for _ in range(12):
            location = answer.headers.get("Location")
            if location:
                target = urllib.parse.urljoin(answer.url, location)
                if target.startswith(redirect_uri):
                    return target
                answer = self._get(target)
                continue
            answer = self._fill_in(answer)
        raise AssertionError(f"no way back to the client; pages seen: {self.pages}")

    def enter_device_code(self, verification_uri_complete):
        answer = self._get(verification_uri_complete)
        for _ in range(12):
            location = answer.headers.get("Location")
            if location:
                answer = self._get(urllib.parse.urljoin(answer.url, location))
                continue
            if not Forms(answer.text).forms:
                return answer
            answer = self._fill_in(answer)
            if answer.status_code == 200 and not Forms(answer.text).forms:
                return answer
        raise AssertionError(f"the device page leads nowhere; pages seen: {self.pages}")

    def _get(self, url):
        answer = self.session.get(url, allow_redirects=False, timeout=20)
        self.pages.append(f"GET {urllib.parse.urlsplit(url).path} {answer.status_code}")
        return answer

    def _fill_in(self, answer):
        forms = [form for form in Forms(answer.text).forms if "logout" not in form["action"]]
        assert answer.status_code == 200 and forms, f"{answer.status_code} {answer.url}: {answer.text[:600]}"
        form = forms[0]
        fields = dict(form["fields"])
        for name in fields:
            if name in ("username", "name", "user"):
                fields[name] = self.name
            elif name == "password":
                fields[name] = self.password
        if form["buttons"]:
            # The first button agrees.
            name, value = form["buttons"][0]
            fields[name] = value
        target = urllib.parse.urljoin(answer.url, form["action"] or answer.url)
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(answer.url))
        posted = self.session.post(
            target, data=fields, allow_redirects=False, timeout=20, headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"})
        self.pages.append(f"POST {urllib.parse.urlsplit(target).path} {posted.status_code}")
        return posted
