"""HAProxy, without and with JWT."""

from . import materials, processes
from .proxies import LIMIT_NEVER_REACHED, Proxy


class HAProxy(Proxy):
    name = "haproxy"
    does = "no authentication, no limit; httplog to a file"
    log = "output.log"

    def rules(self, site, limit):
        return ""

    def command(self, site, folder, port, limit=LIMIT_NEVER_REACHED):
        files = site.materials
        (folder / "haproxy.cfg").write_text(f"""global
    nbthread 1
    maxconn 8000
    log stdout format raw local0
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode http
    log global
    option httplog
    option forwardfor
    http-reuse always
    timeout connect 2s
    timeout client 1h
    timeout server 15s
    timeout http-keep-alive 1h
    timeout http-request 10s
frontend gateway
    bind 127.0.0.1:{port} ssl crt {files.path('gateway.both.pem')}
    http-request set-header X-Forwarded-Proto https
{self.rules(site, limit)}
    use_backend orders if {{ path_beg /orders/ }}
backend orders
    server orders 127.0.0.1:{site.upstream_port} ssl verify required ca-file {files.path('upstream-ca.pem')} crt {files.path('gateway-client.both.pem')} verifyhost {materials.UPSTREAM_NAME} pool-purge-delay 1h
""")
        return [processes.tool("haproxy"), "-db", "-f", folder / "haproxy.cfg"]


class HAProxyJWT(HAProxy):
    name = "haproxy-jwt"
    does = "JWT RS256 with algorithm, issuer, audience, exp, nbf and scope checked; stick table by client_id; httplog to a file"
    authenticates = True

    def rules(self, site, limit):
        # The order and the spelling of HAProxy's own documentation for JWT; the scope compared as a whole word.
        return f"""
    stick-table type string len 64 size 100k expire 60s store http_req_rate(1s)
    http-request deny deny_status 401 unless {{ req.hdr(authorization) -m found }}
    http-request set-var(txn.bearer) http_auth_bearer
    http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
    http-request deny deny_status 401 unless {{ var(txn.alg) -m str RS256 }}
    http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify(txn.alg,"{site.materials.path('issuer.pem')}") -m int 1 }}
    http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss')
    http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud')
    http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
    http-request set-var(txn.nbf) var(txn.bearer),jwt_payload_query('$.nbf','int')
    http-request set-var(txn.scope) var(txn.bearer),jwt_payload_query('$.scope')
    http-request set-var(txn.client) var(txn.bearer),jwt_payload_query('$.client_id')
    http-request set-var(txn.now) date()
    http-request deny deny_status 401 unless {{ var(txn.iss) -m str {materials.ISSUER} }}
    http-request deny deny_status 401 unless {{ var(txn.aud) -m str {materials.AUDIENCE} }}
    http-request deny deny_status 401 unless {{ var(txn.exp) -m found }}
    http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
    http-request deny deny_status 401 if {{ var(txn.nbf),sub(txn.now) -m int gt 15 }}
    http-request deny deny_status 403 unless {{ var(txn.scope) -m reg '(^| ){materials.SCOPE}( |$)' }}
    http-request track-sc0 var(txn.client)
    http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt {limit} }}"""
