"""Portcullis with everything on."""

from . import introspection, materials
from .proxies import LIMIT_NEVER_REACHED, Proxy


class Portcullis(Proxy):
    name = "portcullis"
    does = ("RS256 access token (RFC 9068: typ, issuer, audience, exp, nbf, iat), scope, rate limit by client_id, identity "
            "headers for the upstream, audit record to a file")
    authenticates = True
    log = "audit.jsonl"
    token_cache = True
    algorithm = "RS256"
    requirement = ""
    bounds = []
    connections = 1024
    more_routes = ""

    def __init__(self, binary):
        self.binary = binary

    def command(self, site, folder, port, limit=LIMIT_NEVER_REACHED):
        (folder / "routes.yaml").write_text(self._routes(site, folder, port, limit))
        return [self.binary, "run", folder / "routes.yaml"]

    def issuer(self, site, folder):
        return f"""  partner:
    issuer: {materials.ISSUER}
    jwks: {{file: {site.materials.jwks_file(self.algorithm)}}}
    audience: {materials.AUDIENCE}
    algorithms: [{self.algorithm}]"""

    def _routes(self, site, folder, port, limit):
        files = site.materials
        bounds = "".join(f"  {line}\n" for line in self.bounds + ([] if self.token_cache else ["token_cache_entries_max: 0"]))
        bounds = bounds and "bounds:\n" + bounds
        return f"""version: 1
workers: 1
listeners:
  - address: 127.0.0.1:{port}
    connections_max: 8000
    connections_per_address_max: 8000
    tls:
      certificates: [{{chain: {files.path('gateway.pem')}, key: {files.path('gateway.key')}}}]
issuers:
{self.issuer(site, folder)}
upstreams:
  orders:
    endpoints: ["https://127.0.0.1:{site.upstream_port}"]
    connections_per_worker_max: {self.connections}
    tls:
      authorities: {files.path('upstream-ca.pem')}
      certificate: {{chain: {files.path('gateway-client.pem')}, key: {files.path('gateway-client.key')}}}
      identity: {materials.UPSTREAM_SPIFFE}
limits:
  per_client: {{by: client_id, rate: {limit}/s, burst: {limit}}}
routes:
  - id: orders.read
    match: {{hosts: [{materials.HOST}], methods: [GET, HEAD], path: "/orders/{{rest...}}"}}
    require: {{issuers: [partner], scopes: ["{materials.SCOPE}"]{self.requirement}}}
    limits: [per_client]
    upstream: orders
{self.more_routes}audit:
  file: {{path: {folder / self.log}, keep: 2}}
timeouts:
  keep_alive_idle: 1h
  upstream_idle: 1h
{bounds}"""


class Attacked(Portcullis):
    """As many connections to the service as by default, what attackers without a token may ask for, and an issuer that signs by
    costly algorithms, too."""

    connections = 256
    more_routes = f"""  - id: upload
    match: {{hosts: [{materials.HOST}], methods: [POST], path: /orders/upload}}
    public: true
    upstream: orders
  - id: large
    match: {{hosts: [{materials.HOST}], methods: [GET], path: /orders/large}}
    public: true
    upstream: orders
"""


    ALGORITHMS = ["RS256", "ES384", "ES512"]

    def issuer(self, site, folder):
        return f"""  partner:
    issuer: {materials.ISSUER}
    jwks: {{file: {site.materials.jwks_of(self.ALGORITHMS)}}}
    audience: {materials.AUDIENCE}
    algorithms: [{", ".join(self.ALGORITHMS)}]"""


class PortcullisWithoutCache(Portcullis):
    name = "portcullis-nocache"
    does = "as Portcullis, but every signature verified"
    token_cache = False


BEFORE = "-before"


def before(kind, binary):
    """The same, by another binary, under a name of its own."""
    proxy = kind(binary)
    proxy.name = kind.name + BEFORE
    proxy.does = f"as {kind.name}, by the binary named with --beside"
    return proxy


class Tokens(Portcullis):
    """A way of judging tokens, measured beside the plain JWT case: `kinds` makes one of each."""

    def lines(self, site, most):
        """Lines for load.lua, one for each request; used again from the beginning when there are fewer."""
        return [site.materials.token()]

    def good(self, site):
        """Fields of a request that is served, and of one that must not be."""
        token = site.materials.token_by(self.algorithm)
        return {"Authorization": f"Bearer {token}"}, {"Authorization": f"Bearer {spoiled(token)}"}


class CachedToken(Tokens):
    name = "cached"
    does = "plain JWT: RS256, known from the token cache"


class ColdToken(Tokens):
    token_cache = False
    TOKENS = 500

    def __init__(self, binary, algorithm):
        super().__init__(binary)
        self.algorithm = algorithm
        self.name = f"cold-{algorithm}"
        self.does = f"another {algorithm} token on every request, token cache off: parsed and verified each time"
        self.made = None

    def lines(self, site, most):
        self.made = self.made or [site.materials.token_by(self.algorithm, number) for number in range(self.TOKENS)]
        return self.made


class ProvedToken(Tokens):
    name = "dpop"
    does = "RS256 token bound to a key, known from the token cache, and on every request another DPoP proof (ES256), verified"
    requirement = ", proof: dpop"
    bounds = ["dpop_proofs_max: 2000000"]

    def lines(self, site, most):
        token = site.materials.bound_token()
        return [f"{token} {site.materials.proof(token, number)}" for number in range(most)]

    def good(self, site):
        token = site.materials.bound_token()
        proof = site.materials.proof(token, 0)
        return ({"Authorization": f"DPoP {token}", "DPoP": proof},
                {"Authorization": f"DPoP {token}", "DPoP": spoiled(site.materials.proof(token, 1))})


class IntrospectedToken(Tokens):
    name = "introspected"
    does = "opaque token that its issuer was asked about (RFC 7662), the answer known: asked anew every 30 s"
    TOKEN = "opaque-" + "k7Qx2mV9" * 5

    def issuer(self, site, folder):
        secret = folder / "introspection.secret"
        secret.write_text(introspection.SECRET)
        secret.chmod(0o600)
        asked = introspection.Issuer(site, self.TOKEN, site.materials.claims())
        return f"""  partner:
    issuer: {materials.ISSUER}
    tokens: introspection
    audience: {materials.AUDIENCE}
    introspection:
      url: https://{materials.HOST}:{asked.port}/introspect
      client_id: {introspection.CLIENT_ID}
      client_secret: {{file: {secret}}}
    authorities: {site.materials.path("front-ca.pem")}"""

    def lines(self, site, most):
        return [self.TOKEN]

    def good(self, site):
        return {"Authorization": f"Bearer {self.TOKEN}"}, {"Authorization": f"Bearer {self.TOKEN}-unknown"}


def spoiled(token):
    """With another octet in the middle of its signature."""
    place = token.rindex(".") + 20
    return token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1:]


def kinds(binary):
    return [CachedToken(binary), *(ColdToken(binary, name) for name in ("RS256", "PS256", "ES256", "EdDSA", "ML-DSA-65")),
            IntrospectedToken(binary), ProvedToken(binary)]
