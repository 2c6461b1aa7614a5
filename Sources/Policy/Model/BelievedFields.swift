/// Request fields that services are known to believe, whoever sent them: who calls, where from, with which certificate,
/// which URL or method is meant. Clients' own are removed, unless an upstream's entry lets them pass.
///
/// docs/fields.md has the same table for operators, and a test compares.
package enum BelievedFields {
    /// Names, in their usual spelling, that the same programs believe.
    package struct Group: Sendable {
        /// Who believes them, and what.
        package let believers: String
        /// In their usual spelling. `X-Envoy-*` is a family: all names that begin so.
        package let names: [String]

        fileprivate init(_ believers: String, _ names: String) {
            self.believers = believers
            self.names = names.split(separator: " ").map(String.init)
        }
    }

    /// What the gateway itself says, or reads: never a client's to send on, whatever an upstream's entry says.
    package static let own = [
        "X-Auth-Subject", "X-Auth-Client-Id", "X-Auth-Scope", "X-Auth-Issuer", "DPoP", "X-Request-Id", "traceparent",
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
        "X-Forwarded-Server", "X-Forwarded-Prefix", "X-Real-IP",
    ]

    /// No name stands in two of them.
    package static let groups: [Group] = [
        Group(
            "Rails, Symfony, Spring, Express, …: another method",
            """
            X-HTTP-Method-Override X-HTTP-Method X-Method-Override
            """),
        Group(
            "CGI programs: HTTP_PROXY (httpoxy)",
            """
            Proxy
            """),
        Group(
            "Symfony, IIS, Spring, …: another URL or host",
            """
            X-Original-URL X-Original-URI X-Original-Host X-Original-Method X-Original-Path X-Rewrite-URL \
            X-Override-URL X-Host X-HTTP-Host-Override X-HTTP-DestinationURL X-Forwarded-Uri X-Forwarded-Method \
            X-Forwarded-Path X-Forwarded-Url X-Forwarded-Context X-Script-Name X-Waws-Unencoded-Url Disguised-Host \
            X-Matched-Path X-Original-Prefix Spring.Cloud.Function.Routing-Expression X-Zitadel-Instance-Host \
            L5d-Dst-Override
            """),
        Group(
            "Rack, Next.js: internal steps",
            """
            X-Sendfile-Type X-Accel-Mapping X-Middleware-Subrequest X-Middleware-Rewrite X-Middleware-Next \
            X-Invoke-Path X-Invoke-Query
            """),
        Group(
            "proxies, CDNs, frameworks: the origin",
            """
            Forwarded X-Forwarded X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host X-Forwarded-Port \
            X-Forwarded-Prefix X-Forwarded-Server X-Forwarded-Ssl X-Forwarded-Scheme X-Forwarded-Protocol \
            X-Forwarded-By X-Forwarded-Client-Ip X-Original-Forwarded-For X-Original-For X-Original-Proto \
            X-Original-Remote-Addr X-Real-IP X-Client-IP Client-IP True-Client-IP X-True-Client-IP CF-Connecting-IP \
            CF-Connecting-IPv6 CF-Pseudo-IPv4 CF-Visitor CF-IPCountry Fastly-Client-IP Incap-Client-IP \
            Ali-Cdn-Real-Ip Cdn-Src-Ip X-Cluster-Client-IP X-ProxyUser-Ip X-Remote-IP X-Remote-Addr \
            X-Originating-IP X-Azure-ClientIP X-Azure-SocketIP X-Azure-FDID CloudFront-Viewer-Address \
            X-Appengine-Remote-Addr X-Appengine-User-Ip Front-End-Https X-Url-Scheme X-Scheme X-ARR-SSL \
            X-Forwarded-* Fly-Client-IP X-Vercel-Forwarded-For X-Vercel-Ip-* DO-Connecting-IP \
            CloudFront-Forwarded-Proto CloudFront-Viewer-* X-MSISDN
            """),
        Group(
            "oauth2-proxy and its likes",
            """
            X-Auth-Request-User X-Auth-Request-Email X-Auth-Request-Groups X-Auth-Request-Preferred-Username \
            X-Auth-Request-Access-Token X-Auth-Request-Redirect X-Forwarded-User X-Forwarded-Groups \
            X-Forwarded-Email X-Forwarded-Preferred-Username X-Forwarded-Access-Token X-Auth-Request-* Gap-Auth
            """),
        Group(
            "Authelia",
            """
            Remote-User Remote-Groups Remote-Name Remote-Email Remote-*
            """),
        Group(
            "authentik",
            """
            X-authentik-username X-authentik-groups X-authentik-entitlements X-authentik-email X-authentik-name \
            X-authentik-uid X-authentik-jwt X-authentik-meta-jwks X-authentik-meta-outpost \
            X-authentik-meta-provider X-authentik-meta-app X-authentik-meta-version X-authentik-*
            """),
        Group(
            "Grafana, Gitea, Loki, Mimir",
            """
            X-WEBAUTH-USER X-WEBAUTH-LOGIN X-WEBAUTH-NAME X-WEBAUTH-FULLNAME X-WEBAUTH-EMAIL X-WEBAUTH-GROUPS \
            X-WEBAUTH-ROLE X-Scope-OrgID X-WEBAUTH-* THANOS-TENANT
            """),
        Group(
            "Google IAP, App Engine, gateways",
            """
            X-Goog-IAP-JWT-Assertion X-Goog-Authenticated-User-Email X-Goog-Authenticated-User-ID \
            X-Appengine-User-Email X-Appengine-User-Id X-Appengine-User-Nickname X-Appengine-User-Is-Admin \
            X-Appengine-User-Organization X-Appengine-Inbound-Appid X-Appengine-Cron X-Appengine-QueueName \
            X-Appengine-TaskName X-CloudScheduler X-CloudTasks-QueueName X-CloudTasks-TaskName \
            X-Endpoint-API-UserInfo X-Apigateway-Api-Userinfo X-Goog-IAP-* X-Goog-Authenticated-User-* \
            X-Appengine-*
            """),
        Group(
            "Azure App Service, gateways",
            """
            X-MS-CLIENT-PRINCIPAL X-MS-CLIENT-PRINCIPAL-NAME X-MS-CLIENT-PRINCIPAL-ID X-MS-CLIENT-PRINCIPAL-IDP \
            X-MS-TOKEN-AAD-ID-TOKEN X-MS-TOKEN-AAD-ACCESS-TOKEN X-MS-TOKEN-AAD-REFRESH-TOKEN \
            X-MS-TOKEN-AAD-EXPIRES-ON X-ARR-ClientCert X-MS-CLIENT-PRINCIPAL-* X-MS-TOKEN-*
            """),
        Group(
            "AWS load balancers",
            """
            X-Amzn-Oidc-Data X-Amzn-Oidc-Accesstoken X-Amzn-Oidc-Identity X-Amzn-Mtls-Clientcert \
            X-Amzn-Mtls-Clientcert-Serial-Number X-Amzn-Mtls-Clientcert-Issuer X-Amzn-Mtls-Clientcert-Subject \
            X-Amzn-Mtls-Clientcert-Validity X-Amzn-Mtls-Clientcert-Leaf X-Amzn-Oidc-* X-Amzn-Mtls-*
            """),
        Group(
            "Cloudflare",
            """
            Cf-Access-Jwt-Assertion Cf-Access-Authenticated-User-Email Cf-Client-Cert-Der-Base64 \
            Cf-Client-Cert-Sha256 Cf-Cert-Presented Cf-Cert-Verified Cf-Access-* Cf-Client-Cert-* Cf-Cert-*
            """),
        Group(
            "WebLogic, WebSphere, WebSEAL, SiteMinder, OAM",
            """
            WL-Proxy-Client-IP WL-Proxy-Client-Port WL-Proxy-Client-Cert WL-Proxy-Client-Keysize \
            WL-Proxy-Client-Secretkeysize WL-Proxy-SSL Proxy-Client-IP $WSAT $WSCC $WSCS $WSIS $WSPR $WSRA $WSRH \
            $WSRU $WSSC $WSSI $WSSN $WSSP IV-User IV-Groups IV-Creds IV-Remote-Address SM-User SM-UserDN \
            SM-ServerSessionID OAM-Remote-User OAM-Remote-User-Groups WL-Proxy-* IV-User-L IV-* SM-UserGroups \
            CT-Remote-User Proxy-Remote-User Osso-User-Dn OAM-*
            """),
        Group(
            "RFC 9440, nginx, Apache, HAProxy, Traefik, Envoy",
            """
            Client-Cert Client-Cert-Chain X-Client-Cert X-Client-Cert-Chain X-Client-Certificate X-Client-DN \
            X-Client-CN X-Client-Verify X-Client-Subject-DN X-Client-Issuer-DN X-SSL X-SSL-Cert X-SSL-Client \
            X-SSL-Client-Cert X-SSL-Client-Cert-Chain X-SSL-Client-Verify X-SSL-Client-DN X-SSL-Client-S-DN \
            X-SSL-Client-I-DN X-SSL-Client-CN X-SSL-Client-Subject X-SSL-Client-Subject-DN X-SSL-Client-Issuer \
            X-SSL-Client-Issuer-DN X-SSL-Client-Serial X-SSL-Client-Fingerprint X-SSL-Client-SHA1 \
            X-SSL-Client-Not-Before X-SSL-Client-NotBefore X-SSL-Client-Not-After X-SSL-Client-NotAfter \
            X-SSL-Client-Has-Cert X-SSL-Issuer X-SSL-Subject SSL-Client SSL-Client-Cert SSL-Client-Verify \
            SSL-Client-DN SSL-Client-S-DN SSL-Client-I-DN SSL-Client-Subject-DN SSL-Client-Issuer-DN \
            SSL-Client-Serial SSL-Client-Fingerprint SSL-Client-M-Serial X-Forwarded-Client-Cert \
            X-Forwarded-Tls-Client-Cert X-Forwarded-Tls-Client-Cert-Info Cert-Chain-* X-SSL-Client-* SSL-Client-*
            """),
        Group(
            "Envoy, Istio",
            """
            X-Envoy-Original-Path X-Envoy-Original-Host X-Envoy-Original-Dst-Host X-Envoy-External-Address \
            X-Envoy-Internal X-Envoy-Downstream-Service-Cluster X-Envoy-Downstream-Service-Node \
            X-Envoy-Peer-Metadata X-Envoy-Peer-Metadata-Id X-Envoy-Retry-On X-Envoy-Max-Retries \
            X-Envoy-Upstream-Rq-Timeout-Ms X-Envoy-Upstream-Alt-Stat-Name X-Envoy-Force-Trace \
            X-Envoy-Decorator-Operation X-Envoy-*
            """),
        Group(
            "Kong, APISIX",
            """
            X-Consumer-ID X-Consumer-Username X-Consumer-Custom-ID X-Consumer-Groups X-Credential-Identifier \
            X-Anonymous-Consumer X-Authenticated-Userid X-Authenticated-Scope X-Authenticated-Groups \
            X-Authenticated-User X-Userinfo X-Access-Token X-ID-Token
            """),
        Group(
            "Pomerium, Teleport, Tailscale, Vouch, mod_auth_openidc",
            """
            X-Pomerium-Jwt-Assertion X-Pomerium-Claim-Email X-Pomerium-Claim-User X-Pomerium-Claim-Groups \
            Teleport-Jwt-Assertion Tailscale-User-Login Tailscale-User-Name Tailscale-User-Profile-Pic X-Vouch-User \
            X-Vouch-Idp-AccessToken X-Vouch-Idp-IdToken OIDC-Claim-Sub OIDC-Claim-Email OIDC-Access-Token \
            OIDC-Id-Token X-Pomerium-* X-Vouch-Idp-* OIDC-Claim-* Tailscale-User-* Tailscale-App-Capabilities \
            Ngrok-Auth-User-*
            """),
        Group(
            "services that take users from a proxy",
            """
            X-Remote-User X-Remote-Group X-Remote-Groups X-Remote-Uid X-Remote-Email X-Remote-Name Impersonate-User \
            Impersonate-Group Impersonate-Uid X-Proxy-User X-Proxy-Roles Es-Security-Runas-User \
            X-Auth-CouchDB-UserName X-Auth-CouchDB-Roles X-Auth-CouchDB-Token X-Identity-Status X-User X-User-Id \
            X-User-Name X-User-Email X-User-Roles X-User-Groups X-Username X-Roles X-Remote-* Impersonate-* \
            X-SSO-User X-Auth-User X-Auth-Username X-Auth-Userid X-Auth-Email X-Auth-Roles X-Auth-Groups \
            X-Auth-Name X-Token-Subject X-Token-User-* X-Trino-User Auth-User Auth-Groups Kubeflow-Userid \
            X-Hasura-*
            """),
        Group(
            "gunicorn and other WSGI servers: where the application begins",
            """
            Script-Name Path-Info
            """),
        Group(
            "OpenStack, Shibboleth, Mellon",
            """
            X-Project-Id X-Project-Name X-Role X-Tenant-Id X-Tenant-Name X-Domain-Id X-Is-Admin-Project X-Service-Token X-Service-Roles X-Service-Identity-Status \
            Shib-* Eppn Mellon-*
            """),
    ]

    /// In lower case, without the families.
    package static let all: Set<String> = Set(names.filter { !$0.hasSuffix("*") })
    /// What the names of families begin with, in lower case: `x-envoy-` of `X-Envoy-*`.
    package static let prefixes: [String] = names.filter { $0.hasSuffix("*") }.map { String($0.dropLast()) }
    /// In lower case.
    package static let untouchable: Set<String> = Set(own.map { $0.lowercased() })
    private static let names = groups.flatMap(\.names).map { $0.lowercased() }

    /// Whether a field of this name is removed, unless an upstream's entry lets it pass.
    package static func contain(_ name: String) -> Bool {
        let name = name.lowercased()
        return all.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }
}
