import ArgumentParser
import Foundation
import Gateway
import JSON
import OperatorTools
import Policy

struct ClientSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a client: what it may, where users come back to, how it authenticates.",
        discussion: """
            What is not named stays, its secrets and what it was granted among it. A list that is named (--scope, --grant, \
            --redirect-uri …) is the whole list then; --add-scope and the like add to it, and --remove-scope and the like take from it. \
            --unset takes an option away, as if client add had never had it.

              portcullis client set billing --add-scope orders:write
              portcullis client set shop --redirect-uri https://shop.example/callback --name "The shop"
              portcullis client set ledger --auth-method private_key_jwt --jwks ledger.jwks.json --dpop
              portcullis client set shop --unset resource --no-first-party --dry-run

            The command says what it has changed. Where the client may do less than before (it lost a scope, a resource or a grant \
            type, or has to bind its tokens), its access tokens end at once, and refresh tokens lead to new ones, which allow no more \
            than it may; the command returns when that is in force everywhere.
            """)

    @Argument(help: "The client's id.")
    var id: String

    @Option(name: .customLong("scope"), help: "A scope that it may obtain; repeat for all.")
    var scopes: [String] = []

    @Option(name: .customLong("unlisted-scope"), help: "The same for a scope that no route asks for.")
    var unlistedScopes: [String] = []

    @Option(name: .customLong("may"), help: "The id of a route whose scopes it may obtain; repeat for more.")
    var routes: [String] = []

    @Option(name: .customLong("add-scope"), help: "A further scope; repeat for more.")
    var addedScopes: [String] = []

    @Option(name: .customLong("remove-scope"), help: "A scope that it may obtain no longer; repeat for more.")
    var removedScopes: [String] = []

    @Option(help: "A name to show to users.")
    var name: String?

    @Option(name: .customLong("grant"), help: "A grant type that it may use; repeat for all.")
    var grants: [String] = []

    @Option(name: .customLong("add-grant"), help: "A further grant type; repeat for more.")
    var addedGrants: [String] = []

    @Option(name: .customLong("remove-grant"), help: "A grant type that it may use no longer; repeat for more.")
    var removedGrants: [String] = []

    @Option(name: .customLong("redirect-uri"), help: "Where users are sent back to; repeat for all.")
    var redirectURIs: [String] = []

    @Option(name: .customLong("add-redirect-uri"), help: "A further one; repeat for more.")
    var addedRedirectURIs: [String] = []

    @Option(name: .customLong("remove-redirect-uri"), help: "One where users are sent no longer; repeat for more.")
    var removedRedirectURIs: [String] = []

    @Option(
        name: .customLong("post-logout-redirect-uri"),
        help: "Where users may be sent back to once they have logged out; repeat for all.")
    var postLogoutRedirectURIs: [String] = []

    @Option(name: .customLong("backchannel-logout-uri"), help: "Where it is told that a user has logged out: https://…")
    var backChannelLogoutURI: String?

    @Option(
        name: .customLong("auth-method"),
        help:
            "client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth or none. A client that begins to authenticate by a secret gets one, which is printed."
    )
    var method: String?

    @OptionGroup var keys: ClientKeyOptions

    @Flag(inversion: .prefixedNo, help: "Its tokens are bound to a key (DPoP, RFC 9449).")
    var dpop: Bool?

    @Flag(
        name: .customLong("bind-certificate"), inversion: .prefixedNo, help: "Its tokens are bound to its certificate.")
    var bindCertificate: Bool?

    @Flag(inversion: .prefixedNo, help: "It must push its authorization requests (RFC 9126).")
    var pushed: Bool?

    @Flag(inversion: .prefixedNo, help: "Its authorization requests need PKCE.")
    var pkce: Bool?

    @Flag(name: .customLong("require-acr"), inversion: .prefixedNo, help: "acr_values of its requests have to be met.")
    var requireACR: Bool?

    @Flag(
        name: .customLong("token-endpoint-audience"), inversion: .prefixedNo,
        help: "Its assertions may be made for the token endpoint.")
    var tokenEndpointAudience: Bool?

    @Flag(name: .customLong("first-party"), inversion: .prefixedNo, help: "Users are not asked whether they agree.")
    var firstParty: Bool?

    @Option(name: .customLong("id-token-alg"), help: "What its ID tokens are signed by.")
    var idTokenAlgorithm: String?

    @Option(name: .customLong("resource"), help: "An audience that its tokens may be for; repeat for all.")
    var resources: [String] = []

    @Option(name: .customLong("serves"), help: "An audience that it serves; repeat for all.")
    var servedResources: [String] = []

    @Flag(name: .customLong("serves-nothing"), help: "It serves none, whatever --resource names.")
    var servesNothing = false

    @Option(name: .customLong("may-act"), help: "Who alone may exchange its access tokens for others.")
    var mayAct: String?

    @Option(
        name: .customLong("default-acr"),
        help: "What it asks for where its requests have no acr_values; repeat for all, the preferred first.")
    var defaultACRValues: [String] = []

    @Option(
        name: .customLong("minimum-acr"),
        help: "What its users' log-ins have to reach whatever it asks for: mfa or phr. More ends its access tokens.")
    var minimumACR: String?

    @Option(
        name: .customLong("authorization-details-type"),
        help: "A type of authorization_details that it may ask for; repeat for all.")
    var authorizationDetailsTypes: [String] = []

    @Option(
        help: ArgumentHelp(
            "What goes: \(Unset.allCases.map(\.rawValue).joined(separator: ", ")); repeat for more.",
            valueName: "option"))
    var unset: [Unset] = []

    @Flag(name: .customLong("dry-run"), help: "Check everything, say what would change, and write nothing.")
    var dryRun = false

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    @Flag(help: "Print the client as it is then as JSON, with client_secret if it got one.")
    var json = false

    /// Options of `client add` that can be taken away.
    enum Unset: String, ExpressibleByArgument, CaseIterable {
        case name, jwks, resource, serves
        case jwksURI = "jwks-uri"
        case mayAct = "may-act"
        case defaultACR = "default-acr"
        case minimumACR = "minimum-acr"
        case redirectURI = "redirect-uri"
        case postLogoutRedirectURI = "post-logout-redirect-uri"
        case backChannelLogoutURI = "backchannel-logout-uri"
        case idTokenAlgorithm = "id-token-alg"
        case detailsType = "authorization-details-type"
        case certificateName = "certificate-name"

        var members: [String] {
            switch self {
            case .name: ["client_name"]
            case .jwks: ["jwks"]
            case .jwksURI: ["jwks_uri"]
            case .resource: ["resources"]
            case .serves: ["served_resources"]
            case .mayAct: ["may_act"]
            case .defaultACR: ["default_acr_values"]
            case .minimumACR: ["minimum_acr"]
            case .redirectURI: ["redirect_uris"]
            case .postLogoutRedirectURI: ["post_logout_redirect_uris"]
            case .backChannelLogoutURI: ["backchannel_logout_uri", "backchannel_logout_session_required"]
            case .idTokenAlgorithm: ["id_token_signed_response_alg"]
            case .detailsType: ["authorization_details_types"]
            case .certificateName: ClientKeyOptions.certificateMembers
            }
        }
    }

    func validate() throws {
        guard !servesNothing || servedResources.isEmpty else {
            throw ValidationError("--serves-nothing excludes --serves")
        }
        for (whole, parts, name) in [
            (!(scopes + unlistedScopes + routes).isEmpty, !(addedScopes + removedScopes).isEmpty, "scope"),
            (!grants.isEmpty, !(addedGrants + removedGrants).isEmpty, "grant"),
            (!redirectURIs.isEmpty, !(addedRedirectURIs + removedRedirectURIs).isEmpty, "redirect-uri"),
        ] where whole && parts {
            throw ValidationError(
                "--\(name) names the whole list, so --add-\(name) and --remove-\(name) have no place beside it")
        }
    }

    func run() async throws {
        let (settings, audit, whole) = try PolicySettings.managedPolicy(of: policy)
        do {
            let registry = try await ClientRegistry(settings, audit: dryRun ? nil : audit)
            guard let old = try await registry.show(id: id) else {
                throw CommandFailure("there is no client \"\(id)\"")
            }
            let patch = try patch(old, whole)
            guard patch.count > 0 else {
                throw CommandFailure("nothing to set; portcullis client set --help says what there is")
            }
            guard let done = try await registry.set(id: id, patch, isDry: dryRun) else {
                throw CommandFailure("there is no client \"\(id)\"")
            }
            try show(done)
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure("\(error)")
        }
    }

    private func show(_ done: ClientRegistry.Change) throws {
        if json {
            var shown = done.document
            shown["client_secret"] = done.secret.map { .string($0) }
            print(String(decoding: JSON.object(shown).serialized(), as: UTF8.self))
        } else {
            if done.changes.isEmpty { return print("\(id): is like that already") }
            print("\(id): \(dryRun ? "would be changed" : "changed")")
            for change in done.changes {
                print("  \(change.member): \(Self.text(change.before)) -> \(Self.text(change.after))")
            }
            if done.endsTokens {
                print(
                    "It may do less than before: access tokens that it holds \(dryRun ? "would end" : "have ended"); refresh tokens lead to new ones."
                )
            }
            if let secret = done.secret { print("client_secret: \(secret)\nIt is not shown again.") }
            if dryRun { print("Nothing was written.") }
        }
        if done.secret != nil { try ProcessStreams.checkSecretWritten(ofClient: id, isNew: false) }
    }

    private static func text(_ value: JSON?) -> String {
        guard let value else { return "none" }
        return (value.string ?? String(decoding: value.serialized(), as: UTF8.self)).shownOnTerminal
    }

    /// Members that change (RFC 7396).
    private func patch(_ old: JSONObject, _ policy: Policy) throws -> JSONObject {
        var patch: JSONObject = [:]
        for member in unset.flatMap(\.members) where old[member] != nil { patch[member] = .null }
        try scope(&patch, old, policy)
        patch["client_name"] = name.map { .string($0) } ?? patch["client_name"]
        try list("grant_types", grants, addedGrants, removedGrants, "grant type", &patch, old)
        try list("redirect_uris", redirectURIs, addedRedirectURIs, removedRedirectURIs, "redirect URI", &patch, old)
        for (member, values) in [
            ("post_logout_redirect_uris", postLogoutRedirectURIs), ("resources", resources),
            ("served_resources", servedResources), ("authorization_details_types", authorizationDetailsTypes),
            ("default_acr_values", defaultACRValues),
        ] where !values.isEmpty {
            patch[member] = .array(values.map { .string($0) })
        }
        if servesNothing { patch["served_resources"] = [] }
        if let method { patch["token_endpoint_auth_method"] = .string(method) }
        for (member, value) in try keys.members(method ?? old["token_endpoint_auth_method"]?.string) {
            patch[member] = value
        }
        for (member, value) in [
            ("backchannel_logout_uri", backChannelLogoutURI), ("id_token_signed_response_alg", idTokenAlgorithm),
            ("may_act", mayAct), ("minimum_acr", minimumACR),
        ] {
            if let value { patch[member] = .string(value) }
        }
        if backChannelLogoutURI != nil { patch["backchannel_logout_session_required"] = true }
        for (member, value) in [
            ("dpop_bound_access_tokens", dpop), ("tls_client_certificate_bound_access_tokens", bindCertificate),
            ("require_pushed_authorization_requests", pushed), ("require_pkce", pkce),
            ("require_acr_values", requireACR),
            ("allow_token_endpoint_audience", tokenEndpointAudience), ("first_party", firstParty),
        ] {
            if let value { patch[member] = .bool(value) }
        }
        return patch
    }

    private func scope(_ patch: inout JSONObject, _ old: JSONObject, _ policy: Policy) throws {
        func words(_ options: [String]) -> [String] { options.flatMap { $0.split(separator: " ").map(String.init) } }
        var wanted = ClientScopes()
        wanted.routes = routes
        wanted.scopes = words(scopes) + words(addedScopes)
        wanted.unlisted = words(unlistedScopes)
        let named = try wanted.resolved(by: policy)
        let removed = words(removedScopes)
        guard !named.isEmpty || !removed.isEmpty else { return }
        var all = named
        if !addedScopes.isEmpty || !removed.isEmpty {
            let held = (old["scope"]?.string ?? "").split(separator: " ").map(String.init)
            for scope in removed where !held.contains(scope) {
                throw CommandFailure("the client has no scope \"\(scope)\"; it has \(held.joined(separator: " "))")
            }
            all = held.filter { !removed.contains($0) } + named.filter { !held.contains($0) }
        }
        patch["scope"] = all.isEmpty ? .null : .string(all.joined(separator: " "))
    }

    private func list(
        _ member: String, _ whole: [String], _ added: [String], _ removed: [String], _ what: String,
        _ patch: inout JSONObject, _ old: JSONObject
    ) throws {
        guard !(whole + added + removed).isEmpty else { return }
        var all = whole
        if whole.isEmpty {
            let held = (old[member]?.array ?? []).compactMap(\.string)
            for value in removed where !held.contains(value) {
                throw CommandFailure("the client has no \(what) \"\(value)\"; it has \(held.joined(separator: " "))")
            }
            all = held.filter { !removed.contains($0) } + added.filter { !held.contains($0) }
        }
        guard !all.isEmpty || member != "grant_types" else {
            throw CommandFailure("the client would have no grant type left; name those that it may use by --grant")
        }
        patch[member] = all.isEmpty ? .null : .array(all.map { .string($0) })
    }
}
