"""Envoy with jwt_authn, RBAC on the scope, a local rate limit and an access log."""

import json

from . import materials, processes
from .proxies import LIMIT_NEVER_REACHED, Proxy

_TYPES = "type.googleapis.com/envoy.extensions"


def _filter(name, type_name, **settings):
    return {"name": f"envoy.filters.http.{name}", "typed_config": {"@type": f"{_TYPES}.filters.http.{type_name}"} | settings}


class EnvoyJWT(Proxy):
    name = "envoy-jwt"
    does = ("jwt_authn RS256 (issuer, audience, exp, nbf) with its token cache; RBAC on the scope; local rate limit; "
            "access log to a file")
    authenticates = True
    log = "access.log"
    token_cache = True

    def command(self, site, folder, port, limit=LIMIT_NEVER_REACHED):
        (folder / "envoy.json").write_text(json.dumps(self._bootstrap(site, folder, port, limit), indent=1))
        return [processes.envoy(), "-c", folder / "envoy.json", "--concurrency", "1", "--disable-hot-restart",
                "--log-level", "warning"]

    def _bootstrap(self, site, folder, port, limit):
        files = site.materials
        connection_manager = {
            "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "gateway",
            "codec_type": "HTTP1",
            "use_remote_address": True,
            "common_http_protocol_options": {"idle_timeout": "3600s"},
            "access_log": [{"name": "envoy.access_loggers.file", "typed_config": {
                "@type": f"{_TYPES}.access_loggers.file.v3.FileAccessLog", "path": str(folder / self.log)}}],
            "http_filters": self._filters(limit, files) + [
                _filter("router", "router.v3.Router")],
            "route_config": {"virtual_hosts": [{
                "name": "api", "domains": ["*"],
                "routes": [{"match": {"prefix": "/orders/"}, "route": {"cluster": "orders"}}]}]},
        }
        return {
            "node": {"id": "bench", "cluster": "bench"},
            "static_resources": {
                "listeners": [{
                    "name": "gateway",
                    "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
                    "filter_chains": [{
                        "filters": [{"name": "http", "typed_config": connection_manager}],
                        "transport_socket": {"name": "tls", "typed_config": {
                            "@type": f"{_TYPES}.transport_sockets.tls.v3.DownstreamTlsContext",
                            "common_tls_context": self._tls(files, "gateway")}}}]}],
                "clusters": [{
                    "name": "orders", "type": "STATIC", "connect_timeout": "2s",
                    "load_assignment": {"cluster_name": "orders", "endpoints": [{"lb_endpoints": [{"endpoint": {
                        "address": {"socket_address": {"address": "127.0.0.1", "port_value": site.upstream_port}}}}]}]},
                    "transport_socket": {"name": "tls", "typed_config": {
                        "@type": f"{_TYPES}.transport_sockets.tls.v3.UpstreamTlsContext",
                        "common_tls_context": self._tls(files, "gateway-client") | {"validation_context": {
                            "trusted_ca": {"filename": str(files.path("upstream-ca.pem"))},
                            "match_typed_subject_alt_names": [{
                                "san_type": "URI", "matcher": {"exact": materials.UPSTREAM_SPIFFE}}]}}}}}],
            },
        }

    def _filters(self, limit, files):
        provider = {
            "issuer": materials.ISSUER, "audiences": [materials.AUDIENCE], "payload_in_metadata": "claims",
            "local_jwks": {"filename": str(files.path("issuer.jwks.json"))},
        }
        if self.token_cache:
            provider["jwt_cache_config"] = {"jwt_cache_size": 1000}
        scope = {"metadata": {
            "filter": "envoy.filters.http.jwt_authn", "path": [{"key": "claims"}, {"key": "scope"}],
            "value": {"string_match": {"safe_regex": {"regex": f"(.* )?{materials.SCOPE}( .*)?"}}}}}
        always = {"default_value": {"numerator": 100}}
        return [
            _filter("jwt_authn", "jwt_authn.v3.JwtAuthentication", providers={"partner": provider},
                    rules=[{"match": {"prefix": "/"}, "requires": {"provider_name": "partner"}}]),
            _filter("rbac", "rbac.v3.RBAC", rules={"action": "ALLOW", "policies": {"orders.read": {
                "permissions": [{"any": True}], "principals": [scope]}}}),
            _filter("local_ratelimit", "local_ratelimit.v3.LocalRateLimit", stat_prefix="limit",
                    token_bucket={"max_tokens": limit, "tokens_per_fill": limit, "fill_interval": "1s"},
                    filter_enabled=always, filter_enforced=always),
        ]

    @staticmethod
    def _tls(files, name):
        return {
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
            "tls_certificates": [{
                "certificate_chain": {"filename": str(files.path(f"{name}.pem"))},
                "private_key": {"filename": str(files.path(f"{name}.key"))}}]}


class EnvoyJWTWithoutCache(EnvoyJWT):
    name = "envoy-jwt-nocache"
    does = "as Envoy, JWT, but every signature verified"
    token_cache = False
