/// Keys that people know from other gateways, and what to do here.
enum KnownHabits {
    private static let hints = [
        // Connections and TLS.
        "trusted_proxies": "no proxy is trusted to say who the client is; the address of the connection counts",
        "insecure_skip_verify":
            "a certificate is always verified; insecure_any_identity gives up the check of the name only",
        "ssl": "it is called tls",
        "ssl_certificate": "certificates are {chain: …, key: …} in tls of a listener",
        "ssl_protocols": "tls has minimum_version: 1.2 or 1.3",
        "cert": "it is called chain",
        "certificate_file": "it is called chain",
        "ca_file": "it is called authorities, or client_authorities of a listener",
        "sni": "it is dns:NAME of identity",
        "server_name": "hosts stand in match of each route",
        "listen": "listeners have an address: 0.0.0.0:8443",
        "port": "it is part of address: 0.0.0.0:8443",
        "bind": "listeners have an address: 0.0.0.0:8443",
        // Services.
        "backend": "it is called upstream",
        "service": "it is called upstream",
        "services": "they are called upstreams",
        "clusters": "they are called upstreams",
        "proxy_pass": "it is called upstream, and names one of upstreams",
        "upstream_url": "a route names one of upstreams; its endpoints are URLs",
        "servers": "they are called endpoints",
        "targets": "they are called endpoints",
        "weight": "endpoints have the same weight; balancing is least_request or round_robin",
        "load_balancer": "it is called balancing, of an upstream",
        "health_check": "endpoints that fail are left out: ejection, of an upstream",
        "healthcheck": "endpoints that fail are left out: ejection, of an upstream",
        "circuit_breaker": "endpoints that fail are left out: ejection, of an upstream",
        "retries": "retry: true is one retry where that is safe, of an upstream",
        // Routes.
        "strip_path": "paths are forwarded as they are",
        "strip_prefix": "paths are forwarded as they are",
        "rewrite": "paths are forwarded as they are",
        "paths": "a route has one path, with {name} and {rest...} for what may vary",
        "prefix": "it is path: /prefix/{rest...}",
        "rule": "a route has match: {hosts: …, methods: …, path: …}",
        "rules": "they are called routes",
        "middlewares": "a route says itself what it requires: require, limits",
        "plugins": "a route says itself what it requires: require, limits",
        "filters": "a route says itself what it requires: require, limits",
        "timeout": "it is called timeouts: {first_byte: …}",
        "cors":
            "services answer CORS requests themselves; the gateway's own endpoints, and its refusals there, speak CORS",
        "allowed_origins": "services answer CORS requests themselves",
        // Tokens.
        "jwks_uri": "it is called jwks: {url: …}, and found by discovery without it",
        "jwks_url": "it is called jwks: {url: …}, and found by discovery without it",
        "jwt_authn": "issuers say whose tokens count, and require of a route which of them",
        "jwt": "issuers say whose tokens count, and require of a route which of them",
        "oauth2": "issuers say whose tokens count, and require of a route which of them",
        "authenticators": "issuers say whose tokens count, and require of a route which of them",
        "authorizers": "require of a route has scopes, any_scope, claims and client_certificate",
        "allowed_algorithms": "it is called algorithms",
        "required_scope": "it is called scopes, of require",
        "scopes_required": "it is called scopes, of require",
        "anonymous": "it is called public: true",
        "skip_auth": "it is called public: true",
        // Limits and the log.
        "rate_limit": "limits of the file have names, and a route names them: limits: [per_client]",
        "rate_limiting": "limits of the file have names, and a route names them: limits: [per_client]",
        "requests_per_second": "it is called rate: 100/s",
        "access_log": "it is called audit",
        "logging": "audit has the records of requests; the log's level is run --log-level",
        "log": "audit has the records of requests; the log's level is run --log-level",
        "metrics": "a listener has serves: [metrics]",
        "admin_api": "it is called admin, of authorization_server",
    ]

    /// What follows `unknown key "…"`; nil: nothing is known of it. `-` counts as `_`, and letters as small ones.
    static func hint(for key: String) -> String? {
        hints[key.lowercased().replacing("-", with: "_")].map { "; \($0)" }
    }
}
