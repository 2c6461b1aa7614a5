"""A token endpoint on Authlib (PyPI), for bench/tokens: client_credentials, RFC 9068 access tokens signed with ES256,
clients in SQLite, secrets hashed with SHA-256. Run by gunicorn: `gunicorn harness.authlib_server:application`.

Its files are named by the environment: TOKENS_DATABASE, TOKENS_KEY (JWK), TOKENS_ISSUER.
"""

import hashlib
import hmac
import json
import os
import sqlite3
import threading

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask

KEY = json.load(open(os.environ["TOKENS_KEY"], encoding="utf-8"))
ISSUER = os.environ["TOKENS_ISSUER"]
local = threading.local()


def database():
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect(os.environ["TOKENS_DATABASE"])
    return local.connection


class Client(ClientMixin):
    def __init__(self, id, digest, scope):
        self.id, self.digest, self.scope = id, digest, scope

    def get_client_id(self):
        return self.id

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        allowed = set(self.scope.split())
        return " ".join(word for word in (scope or self.scope).split() if word in allowed)

    def check_redirect_uri(self, redirect_uri):
        return False

    def check_client_secret(self, client_secret):
        return hmac.compare_digest(hashlib.sha256(client_secret.encode()).hexdigest(), self.digest)

    def check_endpoint_auth_method(self, method, endpoint):
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type):
        return False

    def check_grant_type(self, grant_type):
        return grant_type == "client_credentials"


class Generator(JWTBearerTokenGenerator):
    def get_jwks(self):
        return {"keys": [KEY]}

    def get_audiences(self, client, user, scope):
        return "https://api.example.com"


class Grant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]


def query_client(client_id):
    row = database().execute("SELECT id, digest, scope FROM client WHERE id = ?", (client_id,)).fetchone()
    return Client(*row) if row else None


application = Flask(__name__)
server = AuthorizationServer(application, query_client=query_client, save_token=lambda token, request: None)
server.register_grant(Grant)
server.register_token_generator("client_credentials", Generator(issuer=ISSUER, alg="ES256"))


@application.post("/oauth2/token")
def token():
    return server.create_token_response()
