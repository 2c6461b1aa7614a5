"""Debian's Apache with mod_auth_openidc, as a web site in front of which people log in at the gateway. Usage: apache.py BINARY"""

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

import requests

import running
from person import Forms, Person
from server import Gateway, free_port

PASSWORD = "correct horse battery staple"
NAME = "Ada Lovelace, Gräfin"
MODULES = Path("/usr/lib/apache2/modules")
gateway, apache = None, None


class Site:
    """One virtual host: a client of the gateway's. Its pages below /app/ are for whoever has logged in."""

    def __init__(self, id, *directives):
        self.id, self.port, self.directives = id, free_port(), "\n  ".join(directives)
        self.url = f"https://localhost:{self.port}"
        self.callback = f"{self.url}/app/callback"

    def configuration(self, folder):
        return f"""
Listen 127.0.0.1:{self.port}
<VirtualHost 127.0.0.1:{self.port}>
  ServerName localhost:{self.port}
  DocumentRoot {folder}/site
  SSLEngine on
  SSLCertificateFile {folder}/site.pem
  SSLCertificateKeyFile {folder}/site.key
  OIDCProviderMetadataURL {gateway.issuer}/.well-known/openid-configuration
  OIDCSSLValidateServer On
  OIDCCABundlePath {folder}/ca.pem
  OIDCClientID {self.id}
  OIDCRedirectURI {self.callback}
  OIDCCryptoPassphrase {os.urandom(16).hex()}
  OIDCScope "openid profile orders:read"
  OIDCPKCEMethod S256
  OIDCPassClaimsAs environment
  {self.directives}
  <Location /app/>
    AuthType openid-connect
    Require valid-user
  </Location>
  <Location /app/fresh/>
    # Tokens of the gateway last ten minutes: here each is renewed before it is used.
    OIDCRefreshAccessTokenBeforeExpiry 3600
  </Location>
</VirtualHost>
"""


class Apache:
    """With a configuration of its own: what Debian's packages configure is not read."""

    def __init__(self, folder, *sites):
        self.folder, self.sites, self.process = Path(folder), sites, None

    def start(self):
        # Its workers are somebody else, if root starts it.
        os.chmod(self.folder, 0o755)
        for path in ("site/app/fresh", "run"):
            (self.folder / path).mkdir(parents=True)
        for page in ("site/app/index.shtml", "site/app/fresh/index.shtml"):
            (self.folder / page).write_text("<pre>\n<!--#printenv -->\n</pre>\n")
        (self.folder / "site/bye.html").write_text("Good bye.\n")
        shutil.copy(gateway.folder / "certs/ca.pem", self.folder / "ca.pem")
        for name, here in (("gateway.pem", "site.pem"), ("gateway.key", "site.key"), ("client.pem", "client.pem"), ("client.key", "client.key")):
            shutil.copy(gateway.folder / "certs" / name, self.folder / here)
        user = "User www-data\nGroup www-data" if os.getuid() == 0 else ""
        if user:
            # mod_auth_openidc reads it when it is used, as the worker that it runs in.
            shutil.chown(self.folder / "client.key", "www-data")
        names = ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc", "dir", "mime", "include", "ssl")
        modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in names)
        (self.folder / "apache.conf").write_text(f"""\
ServerRoot {self.folder}
DefaultRuntimeDir {self.folder}/run
PidFile {self.folder}/run/apache.pid
ErrorLog {self.folder}/error.log
LogLevel warn
ServerName localhost
{modules}
{user}
StartServers 1
ServerLimit 1
MaxRequestWorkers 25
MinSpareThreads 5
TypesConfig /dev/null
AddDefaultCharset utf-8
AddType text/html .shtml .html
AddOutputFilter INCLUDES .shtml
DirectoryIndex index.shtml
<Directory {self.folder}/site>
  Options +Includes
  Require all granted
</Directory>
""" + "".join(site.configuration(self.folder) for site in self.sites))
        os.chmod(self.folder / "apache.conf", 0o600)
        self.output = open(self.folder / "output.log", "wb")
        self.process = subprocess.Popen(
            ["/usr/sbin/apache2", "-f", str(self.folder / "apache.conf"), "-D", "FOREGROUND"], stdout=self.output, stderr=self.output)
        for _ in range(200):
            if self.process.poll() is not None:
                raise SystemExit(self.logs())
            try:
                for site in self.sites:
                    requests.get(f"{site.url}/bye.html", verify=gateway.authorities, timeout=5).raise_for_status()
                return self
            except requests.exceptions.ConnectionError:
                time.sleep(0.05)
        raise SystemExit("Apache does not listen\n" + self.logs())

    def log_files(self):
        return [path for path in (self.folder / "output.log", self.folder / "error.log") if path.exists()]

    def logs(self):
        return "".join(path.read_text() for path in self.log_files())

    def stop(self):
        if self.process:
            running.stop(self.process)


class Visitor(Person):
    """A person who opens pages of the site."""

    def __init__(self):
        super().__init__(gateway.authorities, "ada", PASSWORD)

    def log_in(self, site, path="/app/"):
        """Opens a page, is sent to the gateway and back, and sees the page; its variables."""
        back = self.authorize(site.url + path, site.callback)
        answer = self.session.get(back, timeout=20)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}\n{apache.logs()}"
        assert answer.url == site.url + path, answer.url
        return variables(answer)

    def log_out(self, url):
        """Says yes on the gateway's page; where that leads."""
        answer = self._get(url)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        form = Forms(answer.text).forms[0]
        posted = self.session.post(
            urllib.parse.urljoin(answer.url, form["action"]), data=form["fields"], allow_redirects=False, timeout=20,
            headers={"Origin": gateway.url, "Sec-Fetch-Site": "same-origin"})
        return posted.headers.get("Location")

    def open(self, url):
        return self.session.get(url, timeout=20, allow_redirects=False)


def variables(answer):
    """What the page says: the environment that the module has made for it."""
    page = html.unescape(answer.text)
    return dict(re.findall(r"^(\w+)=(.*)$", page, re.MULTILINE))


class WithModAuthOpenIDC(unittest.TestCase):
    def check(self, site, page):
        self.assertEqual(page["OIDC_CLAIM_iss"], gateway.issuer)
        self.assertEqual(page["OIDC_CLAIM_aud"], site.id)
        self.assertEqual(page["OIDC_CLAIM_acr"], "pwd")
        # These two are from userinfo.
        self.assertEqual(page["OIDC_CLAIM_name"], NAME)
        self.assertEqual(page["OIDC_CLAIM_preferred_username"], "ada")
        self.assertEqual(page["REMOTE_USER"], f"{page['OIDC_CLAIM_sub']}@{gateway.issuer.removeprefix('https://')}")

    def api(self, token):
        return requests.get(gateway.api, headers={"Authorization": f"Bearer {token}"}, verify=gateway.authorities, timeout=20)

    def test_a_person_logs_in_and_the_page_knows_who_it_is(self):
        site, visitor = apache.sites[0], Visitor()
        page = visitor.log_in(site)
        self.check(site, page)
        told = self.api(page["OIDC_access_token"])
        self.assertEqual(told.json(), {"subject": page["OIDC_CLAIM_sub"], "client": site.id, "scope": "openid profile orders:read"})
        # The site has a session of its own now: nobody is asked again.
        self.assertEqual(variables(visitor.open(f"{site.url}/app/"))["OIDC_CLAIM_sub"], page["OIDC_CLAIM_sub"])

    def test_who_is_logged_in_at_the_gateway_is_not_asked_again(self):
        visitor = Visitor()
        first = visitor.log_in(apache.sites[0])
        pages = len(visitor.pages)
        # Another site has the same person.
        second = visitor.log_in(apache.sites[1])
        self.check(apache.sites[1], second)
        self.assertEqual(second["OIDC_CLAIM_sub"], first["OIDC_CLAIM_sub"])
        self.assertNotIn("login", " ".join(visitor.pages[pages:]))

    def test_a_site_that_shows_a_certificate(self):
        """tls_client_auth, by the module's OIDCClientTokenEndpointCert"""
        site = apache.sites[1]
        self.check(site, Visitor().log_in(site))

    def test_the_access_token_is_renewed_by_its_refresh_token(self):
        site, visitor = apache.sites[0], Visitor()
        tokens = [visitor.log_in(site)["OIDC_access_token"]]
        for _ in range(2):
            answer = visitor.open(f"{site.url}/app/fresh/")
            self.assertEqual(answer.status_code, 200, apache.logs())
            tokens.append(variables(answer)["OIDC_access_token"])
        self.assertEqual(len(set(tokens)), 3)
        self.assertEqual([self.api(token).status_code for token in tokens], [200] * 3)

    def test_logging_out_ends_both_sessions(self):
        site, visitor = apache.sites[0], Visitor()
        visitor.log_in(site)
        bye = f"{site.url}/bye.html"
        answer = visitor.open(f"{site.callback}?logout={urllib.parse.quote(bye, safe='')}")
        # By way of the gateway, whose page asks.
        self.assertTrue(answer.headers["Location"].startswith(f"{gateway.url}/oauth2/logout?"), answer.headers["Location"])
        self.assertEqual(visitor.log_out(answer.headers["Location"]), bye)
        for url in (f"{site.url}/app/", f"{apache.sites[1].url}/app/"):
            self.assertTrue(visitor.open(url).headers["Location"].startswith(f"{gateway.url}/oauth2/authorize?"))
        pages = len(visitor.pages)
        visitor.log_in(site)
        self.assertIn("POST /oauth2/login", " ".join(visitor.pages[pages:]))

    def test_a_stranger_sees_nothing(self):
        site = apache.sites[0]
        stranger = requests.Session()
        stranger.verify = gateway.authorities
        answer = stranger.get(f"{site.url}/app/", allow_redirects=False, timeout=20)
        self.assertEqual(answer.status_code, 302)
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)
        self.assertEqual((query["code_challenge_method"], query["response_type"], query["client_id"]), (["S256"], ["code"], [site.id]))
        # A code of nobody's, for the browser that has asked.
        answer = stranger.get(f"{site.callback}?code=nonsense&state={query['state'][0]}&iss={urllib.parse.quote(gateway.issuer)}", timeout=20)
        self.assertNotIn("OIDC_CLAIM", answer.text)
        self.assertEqual(stranger.get(f"{site.url}/app/", allow_redirects=False, timeout=20).status_code, 302)


def main():
    global gateway, apache
    binary = running.binary()
    with tempfile.TemporaryDirectory(prefix="portcullis-oidc-") as folder, tempfile.TemporaryDirectory(prefix="portcullis-apache-") as site:
        gateway = Gateway(binary, folder).start()
        try:
            gateway.user("ada", PASSWORD, "--display-name", NAME)
            by_secret = Site("shop", "Include secret.conf")
            by_certificate = Site(
                "shop-by-certificate", "OIDCProviderTokenEndpointAuth none", f"OIDCClientTokenEndpointCert {site}/client.pem",
                f"OIDCClientTokenEndpointKey {site}/client.key")
            web = ("--scope", "openid", "--scope", "profile", "--scope", "orders:read", "--grant", "authorization_code", "--grant", "refresh_token")
            made = gateway.client(by_secret.id, *web, "--redirect-uri", by_secret.callback, "--post-logout-redirect-uri", f"{by_secret.url}/bye.html")
            (Path(site) / "secret.conf").write_text(f"OIDCClientSecret {made['client_secret']}\n")
            gateway.client(by_certificate.id, *web, "--redirect-uri", by_certificate.callback, "--certificate-uri", "spiffe://example.org/client")
            apache = Apache(site, by_secret, by_certificate)
            try:
                apache.start()
                status = running.run_tests(*apache.log_files(), gateway.folder / "gateway.log")
            finally:
                apache.stop()
        finally:
            gateway.stop()
    sys.exit(status)


if __name__ == "__main__":
    main()
