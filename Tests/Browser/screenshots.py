#!/usr/bin/env python3
"""Takes pictures of the pages for users, for people to look at: nothing is compared.

Usage: screenshots.py BINARY FOLDER [PAGE…]

Starts a gateway of its own with users, clients and a brand. Each function that is marked with @page leaves the browser on one
page; a picture of it is taken in each language, light and dark, on a desk and on a phone, as FOLDER/PAGE-de-dark-phone.png.
"""
import base64
import hashlib
import hmac
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import zlib
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True
from palette import small

PASSWORD = "correct horse battery staple"
LANGUAGES = ["en", "de"]
SIZES = {"desk": (900, 760), "phone": (375, 720)}
PAGES = {}


def page(function):
    PAGES[function.__name__.replace("_", "-")] = function
    return function


class World:
    """The gateway, and a browser in one language."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base = f"https://localhost:{self.port}"
        self.driver = None

    def command(self, *words, given=""):
        return subprocess.run([self.binary, *words], cwd=self.folder, input=given, text=True, check=True, capture_output=True).stdout

    def start(self):
        self.command("certs", "init")
        with open(os.path.join(self.folder, "logo.png"), "wb") as image:
            image.write(logo())
        with open(os.path.join(self.folder, "routes.yaml"), "w", encoding="utf-8") as policy:
            policy.write(f"""
version: 1
listeners:
  - address: 127.0.0.1:{self.port}
    tls: {{certificates: [{{chain: certs/gateway.pem, key: certs/gateway.key}}]}}
authorization_server:
  issuer: {self.base}
  database: login.sqlite
  audience: https://orders.example.com
  registration: {{open: {{}}, scopes: ["orders:read"]}}
  scope_descriptions:
    orders:read: {{en: See your orders, de: Ihre Bestellungen sehen}}
    orders:write: {{en: Change your orders, de: Ihre Bestellungen ändern}}
  login:
    brand:
      name: Example Shop
      logo: logo.png
      light: {{accent: "#7a1f3d", background: "#f6f1f3"}}
      dark: {{accent: "#f0a8c0", background: "#181214"}}
      links: {{privacy: "https://example.com/privacy", terms: "https://example.com/terms", help: "https://example.com/help"}}
issuers:
  local: {{embedded: true}}
routes:
  - id: orders
    match: {{path: /orders, hosts: [api.localhost]}}
    require: {{issuers: [local], scopes: ["orders:read", "orders:write"]}}
    local: health
audit:
  file: {{path: audit.jsonl}}
""")
        for name, display in (("alice", "Alice Archer"), ("fay-en", "Fay Fletcher"), ("fay-de", "Fay Fletcher")):
            self.command("user", "add", name, "--display-name", display, given=PASSWORD + "\n")
        for client in ("shop", "tv"):
            grant = "authorization_code" if client == "shop" else "urn:ietf:params:oauth:grant-type:device_code"
            redirect = ["--redirect-uri", "http://127.0.0.1/back"] if client == "shop" else []
            self.command(
                "client", "add", client, "--name", "Example Orders" if client == "shop" else "Example TV", "--public", "--grant", grant, *redirect,
                *[word for scope in ("openid", "profile", "orders:read", "orders:write", "offline_access") for word in ("--unlisted-scope", scope)])
        self.log = open(os.path.join(self.folder, "log"), "w")
        self.process = subprocess.Popen([self.binary, "run", "routes.yaml"], cwd=self.folder, stdout=self.log, stderr=self.log)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the gateway does not start:\n" + open(os.path.join(self.folder, "log")).read())

    def browse(self, language):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in (
            "--headless=new", "--no-sandbox", "--ignore-certificate-errors", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--no-first-run", f"--accept-lang={language}", f"--lang={language}",
        ):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"intl.accept_languages": language})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.driver.set_page_load_timeout(30)
        self.language, self.secret = language, None
        self.driver.add_virtual_authenticator(VirtualAuthenticatorOptions(
            protocol=VirtualAuthenticatorOptions.Protocol.CTAP2, transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
            has_resident_key=True, has_user_verification=True, is_user_verified=True))

    # What pages are made of.

    def get(self, path):
        self.driver.get(self.base + path)

    def authorize(self, client="shop", **more):
        query = {
            "response_type": "code", "client_id": client, "redirect_uri": "http://127.0.0.1:9/back", "state": "s",
            "scope": "openid profile orders:read orders:write offline_access", "code_challenge_method": "S256",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", **more,
        }
        self.get("/oauth2/authorize?" + urllib.parse.urlencode(query))

    def fill(self, **values):
        for name, value in values.items():
            field = self.driver.find_element(By.NAME, name)
            field.clear()
            field.send_keys(value)

    def press(self, value=None):
        selector = f"button[value='{value}']" if value else "button"
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def log_in(self, password=PASSWORD, user="alice"):
        self.fill(username=user, password=password)
        self.press()

    def wait(self, condition):
        for _ in range(400):
            try:
                if condition():
                    return
            except Exception:
                pass
            time.sleep(0.1)
        raise SystemExit("nothing happened at " + self.driver.current_url)

    def code(self):
        """RFC 6238."""
        key = base64.b32decode(self.secret + "=" * (-len(self.secret) % 8))
        mac = hmac.new(key, struct.pack(">Q", int(time.time() // 30)), hashlib.sha1).digest()
        offset = mac[-1] & 15
        return f"{(struct.unpack('>I', mac[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"

    def log_out(self):
        self.driver.get(self.base + "/oauth2/jwks")
        self.driver.delete_all_cookies()

    def post(self, path, form, headers={}):
        context = ssl._create_unverified_context()
        data = form if isinstance(form, bytes) else urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(urllib.request.Request(self.base + path, data, headers), context=context, timeout=15) as answer:
            return json.load(answer)

    def picture(self, folder, name, language):
        for size, (width, height) in SIZES.items():
            self.driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"})
            for scheme in ("light", "dark"):
                self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
                image = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})["data"]
                with open(os.path.join(folder, f"{name}-{language}-{scheme}-{size}.png"), "wb") as file:
                    file.write(small(base64.b64decode(image)))
            wide = self.driver.execute_script("return document.documentElement.scrollWidth")
            if wide > width:
                print(f"{name}-{language}-{size}: is {wide} px wide, and the screen {width}")


def logo():
    """A PNG of a ring, made here."""
    side = 96
    rows = b""
    for y in range(side):
        rows += b"\0"
        for x in range(side):
            distance = ((x - side / 2) ** 2 + (y - side / 2) ** 2) ** 0.5
            rows += bytes([200, 70, 110, 255 if 26 < distance < 44 else 0])
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


@page
def login(world):
    world.authorize()


@page
def login_problem(world):
    world.authorize()
    world.log_in("not the password")


@page
def consent(world):
    world.authorize()
    world.log_in()


@page
def consent_unknown(world):
    client = world.post(
        "/oauth2/register", json.dumps({
            "client_name": "Your Bank", "redirect_uris": ["http://127.0.0.1/back"], "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code"],
        }).encode(), {"Content-Type": "application/json"})
    world.authorize(client["client_id"], scope="orders:read")
    world.log_in()


@page
def device(world):
    world.get("/oauth2/device")


@page
def device_confirmation(world):
    codes = world.post("/oauth2/device_authorization", {"client_id": "tv", "scope": "orders:read"})
    world.get("/oauth2/device")
    world.fill(user_code=codes["user_code"])
    world.press()
    world.log_in()


@page
def second_factor_app(world):
    world.get("/oauth2/account/factors")
    world.log_in(user="fay-" + world.language)
    world.get("/oauth2/account/factors?set_up=totp")


@page
def recovery_codes(world):
    second_factor_app(world)
    world.secret = world.driver.find_element(By.NAME, "secret").get_attribute("value")
    world.fill(code=world.code())
    world.press("add_app")


@page
def second_factor(world):
    world.authorize()
    world.log_in(user="fay-" + world.language)


@page
def second_factors(world):
    driver = world.driver
    world.get("/oauth2/account/factors")
    world.log_in(user="fay-" + world.language)
    # A code counts once.
    used = world.code()
    world.wait(lambda: world.code() != used)
    world.fill(code=world.code())
    driver.find_element(By.ID, "code").submit()
    world.wait(lambda: driver.find_element(By.ID, "label"))
    world.fill(label="Laptop")
    driver.find_element(By.CSS_SELECTOR, "form[data-passkey=create] button").click()
    world.wait(lambda: len(driver.find_elements(By.CSS_SELECTOR, ".rows > li")) == 2)


@page
def passkey(world):
    world.authorize()
    world.log_in(user="fay-" + world.language)


@page
def account(world):
    world.authorize()
    world.log_in()
    if world.driver.find_elements(By.CSS_SELECTOR, "button[value=allow]"):
        world.press("allow")
    world.get("/oauth2/account")


@page
def account_password(world):
    world.get("/oauth2/account/password")
    world.log_in()


@page
def account_link(world):
    made = world.command("user", "invite", "nils-" + world.language, "--display-name", "Nils Nilsson")
    world.driver.get(next(word for word in made.split() if word.startswith("https://")))


@page
def logout(world):
    consent(world)
    world.get("/oauth2/logout")


@page
def error(world):
    world.get("/oauth2/login?interaction=nonsense")


@page
def bad_request(world):
    world.get("/oauth2/authorize?client_id=nobody")


def main():
    binary, folder = sys.argv[1:3]
    wanted = sys.argv[3:] or list(PAGES)
    with tempfile.TemporaryDirectory() as scratch:
        world = World(binary, scratch)
        world.start()
        try:
            for language in LANGUAGES:
                world.browse(language)
                try:
                    for name in wanted:
                        world.log_out()
                        PAGES[name](world)
                        world.picture(folder, name, language)
                finally:
                    world.driver.quit()
        finally:
            world.process.terminate()
            world.process.wait(15)


if __name__ == "__main__":
    main()
