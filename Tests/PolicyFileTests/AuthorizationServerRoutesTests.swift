import Policy
import PolicyFile
import Testing

@Suite("The authorization server's own routes")
struct AuthorizationServerRoutesTests {
    @Test(
        "AS-053 the metadata lies at the well-known path, inserted before the issuer's path",
        arguments: [
            ("https://auth.example.com", "/.well-known/oauth-authorization-server"),
            ("https://auth.example.com/", "/.well-known/oauth-authorization-server"),
            ("https://auth.example.com:8443/tenant1", "/.well-known/oauth-authorization-server/tenant1"),
            ("https://auth.example.com/a/b/", "/.well-known/oauth-authorization-server/a/b"),
        ])
    func metadata(_ issuer: String, _ path: String) throws {
        #expect(try IssuerIdentifier(HTTPSIdentifier(issuer))?.metadataPath == path)
    }

    @Test(
        "an issuer whose path could not be matched has none",
        arguments: [
            "http://auth.example.com", "https://auth.example.com/a//b", "https://auth.example.com/{id}",
            "https://auth.example.com/a;b", "https://auth.example.com/..", "nonsense",
        ])
    func noMetadata(_ issuer: String) {
        #expect((try? HTTPSIdentifier(issuer)).flatMap(IssuerIdentifier.init) == nil)
    }

    @Test(
        "the host is the issuer's, lower-case and without port",
        arguments: [
            ("https://Auth.Example.com:8443/x", "auth.example.com"), ("https://[::1]:8443", "[::1]"),
            ("https://127.0.0.1", "127.0.0.1"),
        ])
    func host(_ issuer: String, _ host: String) throws {
        #expect(try HTTPSIdentifier(issuer).host == host)
    }

    @Test("they are public, lead to the server, stand behind the operator's routes, and are added once")
    func routes() throws {
        let reading = Sample.read(
            Sample.top + Sample.routes + """
                issuers: {local: {embedded: true}}
                authorization_server: {issuer: "https://auth.example.com/t", database: var/p.sqlite, audience: api, limits: [per_address]}
                limits: {per_address: {by: ip, rate: 5/s}}

                """)
        let policy = try #require(reading.policy)
        #expect(
            policy.routes.map(\.id) == [
                "all", "authorization_server.token", "authorization_server.introspect", "authorization_server.revoke",
                "authorization_server.device_authorization", "authorization_server.jwks",
                "authorization_server.metadata",
                "authorization_server.openid_configuration", "authorization_server.authorize",
                "authorization_server.par",
                "authorization_server.userinfo",
                "authorization_server.login", "authorization_server.consent", "authorization_server.logout",
                "authorization_server.device", "authorization_server.login_factor", "authorization_server.factors",
                "authorization_server.account", "authorization_server.account_password",
                "authorization_server.account_link",
            ])
        for route in policy.routes.dropFirst() {
            #expect(route.destination == .local(.authorizationServer))
            #expect(route.require == nil)
            #expect(route.line == 0)
            #expect(route.match.hosts == ["auth.example.com"])
        }
        #expect(policy.routes[1].match.methods == ["POST", "OPTIONS"])
        #expect(policy.routes[1].limits == [0])
        #expect(policy.routes[5].match.methods == ["GET", "HEAD", "OPTIONS"])
        #expect(policy.routes[6].match.path.text == "/.well-known/oauth-authorization-server/t")
        #expect(policy.addingAuthorizationServerRoutes() == policy)
    }

    @Test(
        "listeners of this machine are those that nobody else reaches",
        arguments: [
            ("127.0.0.1", true), ("127.8.9.255", true), ("::1", true), ("localhost", true), ("0.0.0.0", false),
            ("::", false),
            ("192.0.2.1", false), ("127.0.0.1.example.com", false), ("127.0.0", false), ("127.0.0.256", false),
            ("localhost.example.com", false),
            ("::ffff:127.0.0.1", false), ("", false),
        ])
    func thisMachine(_ host: String, _ isForThisMachine: Bool) {
        #expect(Listener.isForThisMachine(host) == isForThisMachine)
    }

    @Test(
        "the management interface has a route to read and one to change, for tokens of the embedded issuer, and is in no metadata"
    )
    func admin() throws {
        func policy(_ settings: String) -> Policy? {
            Sample.read(
                Sample.top + Sample.routes + """
                    issuers: {local: {embedded: true}}
                    authorization_server: {issuer: "https://auth.example.com", database: var/p.sqlite, audience: api, admin: {\(settings)}}

                    """
            ).policy
        }
        let routes = try #require(policy("")?.routes.filter { $0.destination == .local(.admin) })
        #expect(routes.map(\.match.methods) == [["GET", "HEAD"], ["POST", "PUT", "PATCH", "DELETE"]])
        #expect(routes.map(\.require?.scopes) == [["admin:read"], ["admin:write"]])
        for route in routes {
            #expect(route.require?.issuers == [0])
            #expect(route.isForThisMachine)
            #expect(route.match.hosts == ["auth.example.com"])
        }
        let whole = try #require(policy(""))
        for (route, place) in zip(whole.routes, ProtectedResources(whole).places())
        where route.destination == .local(.admin) { #expect(place == nil) }
        #expect(policy("insecure_any_listener: true")?.routes.contains(where: \.isForThisMachine) == false)
    }

    @Test("where a provider sends users back to there is a route with a provider only, to be read and not written")
    func loginCallback() throws {
        func routes(_ settings: String) -> [Route] {
            Sample.read(
                Sample.top + Sample.routes + """
                    issuers: {local: {embedded: true}, staff: {issuer: "https://id.example.com", audience: a, algorithms: [ES256]}}
                    authorization_server: {issuer: "https://auth.example.com", database: var/p.sqlite, audience: api\(settings)}

                    """
            ).policy?.routes.filter { $0.match.path.text == AuthorizationServerEndpoint.loginCallback.path } ?? []
        }
        let route = try #require(
            routes(", login: {provider: {issuer: staff, client_id: a, client_secret: {env: S}}}").first)
        #expect(route.id == "authorization_server.login_callback")
        #expect(route.match.methods == ["GET"])
        #expect(route.match.hosts == ["auth.example.com"])
        #expect(routes("").isEmpty)
    }

    @Test("without the section there are none")
    func none() {
        #expect(Sample.read(Sample.top + Sample.routes).policy?.routes.map(\.id) == ["all"])
    }
}
