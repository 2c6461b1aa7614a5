"""Portcullis with everything on."""

from . import materials
from .proxies import LIMIT_NEVER_REACHED, Proxy


class Portcullis(Proxy):
    name = "portcullis"
    does = ("RS256 access token (RFC 9068: typ, issuer, audience, exp, nbf, iat), scope, rate limit by client_id, identity "
            "headers for the upstream, audit record to a file")
    authenticates = True
    log = "audit.jsonl"
    token_cache = True

    def __init__(self, binary):
        self.binary = binary

    def command(self, site, folder, port, limit=LIMIT_NEVER_REACHED):
        (folder / "routes.yaml").write_text(self._routes(site, folder, port, limit))
        return [self.binary, "run", folder / "routes.yaml"]

    def _routes(self, site, folder, port, limit):
        files = site.materials
        bounds = "" if self.token_cache else "bounds:\n  token_cache_entries_max: 0\n"
        return f"""version: 1
workers: 1
listeners:
  - address: 127.0.0.1:{port}
    connections_max: 8000
    connections_per_address_max: 8000
    tls:
      certificates: [{{chain: {files.path('gateway.pem')}, key: {files.path('gateway.key')}}}]
issuers:
  partner:
    issuer: {materials.ISSUER}
    jwks: {{file: {files.path('issuer.jwks.json')}}}
    audience: {materials.AUDIENCE}
    algorithms: [RS256]
upstreams:
  orders:
    endpoints: ["https://127.0.0.1:{site.upstream_port}"]
    connections_per_worker_max: 1024
    tls:
      authorities: {files.path('upstream-ca.pem')}
      certificate: {{chain: {files.path('gateway-client.pem')}, key: {files.path('gateway-client.key')}}}
      identity: {materials.UPSTREAM_SPIFFE}
limits:
  per_client: {{by: client_id, rate: {limit}/s, burst: {limit}}}
routes:
  - id: orders.read
    match: {{hosts: [{materials.HOST}], methods: [GET, HEAD], path: "/orders/{{rest...}}"}}
    require: {{issuers: [partner], scopes: ["{materials.SCOPE}"]}}
    limits: [per_client]
    upstream: orders
audit:
  file: {{path: {folder / self.log}, keep: 2}}
timeouts:
  keep_alive_idle: 1h
  upstream_idle: 1h
{bounds}"""


class PortcullisWithoutCache(Portcullis):
    name = "portcullis-nocache"
    does = "as Portcullis, but every signature verified"
    token_cache = False
