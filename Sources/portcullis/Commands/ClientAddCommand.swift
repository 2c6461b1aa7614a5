import ArgumentParser
import Foundation
import Gateway
import JSON
import OperatorTools
import Policy

struct ClientAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Register a client; print its secret, once.",
        discussion: """
            Without options of another kind the client acts for itself (client_credentials) and shows who it is by a secret, which \
            is printed now and cannot be shown again: only a hash of it is kept.

              portcullis client add billing --scope orders:read --scope orders:write

            The same, by the ids of the routes that it is to be let through:

              portcullis client add billing --may orders.read --may orders.write

            A scope that no route asks for is refused, since it opens nothing; one that only a service behind the gateway knows is \
            --unlisted-scope.

            A web application in which users log in:

              portcullis client add shop --grant authorization_code --grant refresh_token \\
                --redirect-uri https://shop.example/callback --scope orders:read

            An application on users' own devices cannot keep a secret:

              portcullis client add app --public --grant authorization_code --grant refresh_token \\
                --redirect-uri com.example.app:/callback --scope orders:read

            A service that signs assertions with a key of its own, and whose tokens are of no use without its key:

              portcullis client add ledger --auth-method private_key_jwt --jwks ledger.jwks.json --dpop --scope payments

            The same, if it publishes its keys and changes them by itself:

              portcullis client add ledger --auth-method private_key_jwt --jwks-uri https://ledger.example/jwks --scope payments

            A service with a certificate of the listener's client_authorities:

              portcullis client add mailer --certificate-dns mailer.internal --bind-certificate --unlisted-scope mail

            A service with a certificate that it has signed itself (the listener needs unverified_client_certificates):

              portcullis client add meter --auth-method self_signed_tls_client_auth --certificate meter.pem --scope readings
            """)

    @Argument(help: "The client's id: letters, digits and -._~. Without it, one is made.")
    var id: String?

    @Option(
        name: .customLong("may"),
        help:
            "The id of a route that it is to be let through: it may obtain the scopes that this asks for; repeat for more."
    )
    var routes: [String] = []

    @Option(name: .customLong("scope"), help: "A scope that the client may obtain; repeat for more.")
    var scopes: [String] = []

    @Option(name: .customLong("unlisted-scope"), help: "The same for a scope that no route asks for; repeat for more.")
    var unlistedScopes: [String] = []

    @Option(help: "A name to show to users.")
    var name = ""

    @Option(
        name: .customLong("grant"), help: "A grant type that it may use; repeat for more. Default: client_credentials.")
    var grants: [String] = []

    @Option(
        name: .customLong("redirect-uri"),
        help: "Where users are sent back to: https, http to this machine, or com.example.app:/…; repeat for more.")
    var redirectURIs: [String] = []

    @Option(
        name: .customLong("post-logout-redirect-uri"),
        help: "Where users may be sent back to once they have logged out; repeat for more.")
    var postLogoutRedirectURIs: [String] = []

    @Option(
        name: .customLong("backchannel-logout-uri"),
        help: "Where it is told that a user has logged out (OpenID Connect Back-Channel Logout): https://…")
    var backChannelLogoutURI: String?

    @Option(
        name: .customLong("auth-method"),
        help:
            "client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth or none. Default: a secret, either way."
    )
    var method: String?

    @Flag(name: .customLong("public"), help: "It cannot keep a secret, and shows nothing (auth method none).")
    var isPublic = false

    @OptionGroup var keys: ClientKeyOptions

    @Flag(help: "Its tokens are bound to a key that it proves with every request (DPoP, RFC 9449).")
    var dpop = false

    @Flag(name: .customLong("bind-certificate"), help: "Its tokens are bound to its certificate (RFC 8705 §3).")
    var bindCertificate = false

    @Flag(name: .customLong("pushed"), help: "It must push its authorization requests (RFC 9126).")
    var pushed = false

    @Flag(
        name: .customLong("no-pkce"),
        help:
            "Its authorization requests may come without PKCE, but then with a nonce: for applications that know no PKCE."
    )
    var noPKCE = false

    @Option(
        name: .customLong("id-token-alg"),
        help:
            "What its ID tokens are signed by: RS256, or one of signing_algorithms. Default: the first of signing_algorithms."
    )
    var idTokenAlgorithm: String?

    @Flag(
        name: .customLong("require-acr"),
        help: "acr_values of its requests have to be met (RFC 9470); otherwise they are what it prefers.")
    var requireACR = false

    @Option(
        name: .customLong("default-acr"),
        help:
            "What it asks for where its requests have no acr_values, as in mfa; repeat for more, the preferred first (OpenID Connect default_acr_values)."
    )
    var defaultACRValues: [String] = []

    @Option(
        name: .customLong("minimum-acr"),
        help:
            "What its users' log-ins have to reach whatever it asks for: mfa (a second factor) or phr (a passkey). Who has no second factor sets one up in the course of the log-in (login.second_factor_missing)."
    )
    var minimumACR: String?

    @Flag(
        name: .customLong("token-endpoint-audience"),
        help: "Its assertions may be made for the token endpoint: for libraries that cannot name the issuer.")
    var tokenEndpointAudience = false

    @Flag(name: .customLong("first-party"), help: "It is our own: users are not asked whether they agree.")
    var firstParty = false

    @Option(
        name: .customLong("resource"),
        help: "An audience that its tokens may be for; repeat for more. Default: all there are.")
    var resources: [String] = []

    @Option(
        name: .customLong("serves"),
        help:
            "An audience that it serves: it may introspect and exchange tokens for it that others were issued; repeat for more. Default: those of --resource."
    )
    var servedResources: [String] = []

    @Flag(
        name: .customLong("serves-nothing"),
        help: "It serves none: it may introspect and exchange its own tokens only, whatever --resource names.")
    var servesNothing = false

    @Option(
        name: .customLong("may-act"),
        help:
            "Who alone may exchange its access tokens for others (RFC 8693): the id of a client, or the sub of a user. Default: clients that serve what they are for."
    )
    var mayAct: String?

    @Option(
        name: .customLong("authorization-details-type"),
        help:
            "A type of authorization_details that it may ask for (RFC 9396), of those in routes.yaml; repeat for more.")
    var authorizationDetailsTypes: [String] = []

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    @Flag(help: "Print all that is registered as JSON, with client_secret.")
    var json = false

    func validate() throws {
        guard !servesNothing || servedResources.isEmpty else {
            throw ValidationError("--serves-nothing excludes --serves")
        }
    }

    func run() async throws {
        let (settings, audit, whole) = try PolicySettings.managedPolicy(of: policy)
        do {
            let (document, secret) = try await ClientRegistry(settings, creating: true, audit: audit).add(
                id: id, metadata: try metadata(whole), resources: resources.isEmpty ? nil : resources,
                servedResources: servesNothing || !servedResources.isEmpty ? servedResources : nil,
                mayAct: mayAct, minimumACR: minimumACR, isFirstParty: firstParty)
            if backChannelLogoutURI != nil, !ClientRegistry.getsIDTokens(document) {
                StandardError.write(
                    "warning: \(id ?? "the client") gets no ID token, so it is told of no log-out: that needs the grant authorization_code and --scope openid\n"
                )
            }
            var shown = document
            shown["client_secret"] = secret.map { .string($0) }
            if json {
                print(String(decoding: JSON.object(shown).serialized(), as: UTF8.self))
                if secret != nil {
                    try ProcessStreams.checkSecretWritten(ofClient: document["client_id"]?.string ?? "", isNew: true)
                }
                return
            }
            let id = document["client_id"]?.string ?? ""
            print("client_id:     \(id)")
            if let secret { print("client_secret: \(secret)") }
            print("scopes:        \(document["scope"]?.string ?? "")")
            if secret != nil { print("The secret is not shown again.\(Self.hint(document, id))") }
            if secret != nil { try ProcessStreams.checkSecretWritten(ofClient: id, isNew: true) }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure("\(error)")
        }
    }

    /// What can be tried with it now: something that works.
    private static func hint(_ document: JSONObject, _ id: String) -> String {
        let grants = (document["grant_types"]?.array ?? []).compactMap(\.string)
        let binds = ["dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"].contains {
            document[$0]?.bool == true
        }
        guard grants.contains("client_credentials"), !binds else { return "" }
        return " Try: PORTCULLIS_CLIENT_SECRET=… portcullis token --client-id \(id)"
    }

    /// As a request for registration would have it (RFC 7591 §2), so that the same rules hold.
    private func metadata(_ policy: Policy) throws -> JSONObject {
        var metadata: JSONObject = [:]
        let hasName = keys.hasName
        guard !(isPublic && method.map { $0 != "none" } ?? hasName) else {
            throw CommandFailure("--public excludes another --auth-method")
        }
        let method = method ?? (isPublic ? "none" : hasName ? "tls_client_auth" : nil)
        metadata["token_endpoint_auth_method"] = method.map { .string($0) }
        metadata["grant_types"] = .array((grants.isEmpty ? ["client_credentials"] : grants).map { .string($0) })
        var wanted = ClientScopes()
        wanted.routes = routes
        wanted.scopes = Self.words(scopes)
        wanted.unlisted = Self.words(unlistedScopes)
        let scope = try wanted.resolved(by: policy)
        if !scope.isEmpty { metadata["scope"] = .string(scope.joined(separator: " ")) }
        if !name.isEmpty { metadata["client_name"] = .string(name) }
        if !redirectURIs.isEmpty { metadata["redirect_uris"] = .array(redirectURIs.map { .string($0) }) }
        if !postLogoutRedirectURIs.isEmpty {
            metadata["post_logout_redirect_uris"] = .array(postLogoutRedirectURIs.map { .string($0) })
        }
        if !authorizationDetailsTypes.isEmpty {
            metadata["authorization_details_types"] = .array(authorizationDetailsTypes.map { .string($0) })
        }
        for (member, value) in try keys.members(method) { metadata[member] = value }
        if dpop { metadata["dpop_bound_access_tokens"] = true }
        if bindCertificate { metadata["tls_client_certificate_bound_access_tokens"] = true }
        if pushed { metadata["require_pushed_authorization_requests"] = true }
        metadata["id_token_signed_response_alg"] = idTokenAlgorithm.map { .string($0) }
        if let backChannelLogoutURI {
            metadata["backchannel_logout_uri"] = .string(backChannelLogoutURI)
            // It is told by `sid` in any case.
            metadata["backchannel_logout_session_required"] = true
        }
        if noPKCE { metadata["require_pkce"] = false }
        if requireACR { metadata["require_acr_values"] = true }
        if !defaultACRValues.isEmpty {
            metadata["default_acr_values"] = .array(Self.words(defaultACRValues).map { .string($0) })
        }
        if tokenEndpointAudience { metadata["allow_token_endpoint_audience"] = true }
        return metadata
    }

    private static func words(_ options: [String]) -> [String] {
        options.flatMap { $0.split(separator: " ").map(String.init) }
    }
}
