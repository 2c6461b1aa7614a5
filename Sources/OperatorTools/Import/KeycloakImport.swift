import AuthorizationRecords
import HTTP
import JSON
import LogIn
import Octets

/// The export of a realm of Keycloak (`kc.sh export`), or its file of users: clients, and users with the hashes of their
/// passwords.
package enum KeycloakImport {
    /// Clients that Keycloak makes for itself in each realm.
    private static let own: Set<String> = [
        "account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console",
        "master-realm",
    ]
    /// Client scopes that say what stands in Keycloak's tokens, and nothing of what a client may.
    private static let ownScopes: Set<String> = [
        "acr", "address", "basic", "microprofile-jwt", "organization", "phone", "role_list", "roles",
        "saml_organization",
        "service_account", "web-origins",
    ]

    /// Roles that every user has there.
    private static let ownRoles: Set<String> = ["offline_access", "uma_authorization"]

    /// In the order of the file, clients first.
    package static func entries(_ octets: [UInt8]) throws(ImportFault) -> [ImportEntry] {
        let document: JSON
        do throws(JSONError) { document = try JSON.parse(octets, limits: ImportBounds.export) } catch {
            throw ImportFault("the file is no JSON document: \(error)")
        }
        guard let realm = document.object, realm["users"] != nil || realm["clients"] != nil else {
            throw ImportFault("the file has neither \"clients\" nor \"users\", as an export of a realm has")
        }
        let clients = (realm["clients"]?.array ?? []).compactMap(\.object).map(client)
        let users = (realm["users"]?.array ?? []).compactMap(\.object).map(user)
        return clients + users + rest(realm)
    }

    /// What else an export has is settings of the server, which `routes.yaml` has here.
    private static func rest(_ realm: JSONObject) -> [ImportEntry] {
        let names = realm.members.filter { name, value in
            !["users", "clients"].contains(name)
                && (value.array?.isEmpty == false || value.object?.isEmpty == false)
        }.map(\.name).sorted()
        guard let reason = ImportNotes.members(names, called: "the settings of the realm are not taken over: ").first
        else { return [] }
        return [ImportEntry("realm \(realm.text("realm") ?? "")", .leftOut(reason))]
    }

    // MARK: Users

    private static func user(_ object: JSONObject) -> ImportEntry {
        guard let name = object.text("username") else {
            return ImportEntry("user", .unusable("it has no \"username\""))
        }
        let shown = "user \(name)"
        if let client = object.text("serviceAccountClientId") {
            return ImportEntry(
                shown, .leftOut("it is the service account of client \(client), which acts for itself here"))
        }
        var notes: [String] = []
        var user = ImportedUser(name: name)
        user.email = object.text("email")
        user.isEmailVerified = object.isTrue("emailVerified") && user.email != nil
        user.isDisabled = object["enabled"]?.bool == false
        let names = [object.text("firstName"), object.text("lastName")].compactMap { $0 }
        if !names.isEmpty { user.displayName = names.joined(separator: " ") }
        let credentials = (object["credentials"]?.array ?? []).compactMap(\.object)
        for credential in credentials {
            guard credential.text("type") == "password" else {
                notes.append("second factor \(credential.text("type") ?? "of no type"): has to be set up again")
                continue
            }
            do throws(PasswordHashFault) { user.password = try password(credential) } catch {
                notes.append("password: \(error); it cannot log in before it gets another")
            }
        }
        if user.password == nil, !credentials.contains(where: { $0.text("type") == "password" }) {
            notes.append("it has no password: it cannot log in before it gets one")
        }
        let roles = object.texts("realmRoles").filter { !$0.hasPrefix("default-roles-") && !ownRoles.contains($0) }
        user.groups = object.texts("groups").map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 } + roles
        let actions = object.texts("requiredActions")
        if !actions.isEmpty { notes.append("required actions: \(actions.prefix(5).joined(separator: ", "))") }
        if let roles = object["clientRoles"]?.object, !roles.isEmpty { notes.append("roles at clients") }
        if object["federatedIdentities"]?.array?.isEmpty == false { notes.append("log-ins at other providers") }
        user.attributes = attributes(object["attributes"]?.object, &notes)
        if object["clientConsents"]?.array?.isEmpty == false {
            notes.append("what it has agreed to: it is asked anew")
        }
        if object.text("federationLink") != nil {
            notes.append("its account in another directory (federationLink), which is not asked here")
        }
        notes += ImportNotes.members(
            object.members.filter { !userMembers.contains($0.name) && !ImportNotes.saysNothing($0.value) }.map(\.name))
        return ImportEntry(shown, .user(user), notes: notes)
    }

    /// Read above, or Keycloak's bookkeeping.
    private static let userMembers: Set<String> = [
        "id", "username", "email", "emailVerified", "enabled", "firstName", "lastName", "credentials", "realmRoles",
        "groups", "requiredActions", "clientRoles", "federatedIdentities", "attributes", "clientConsents",
        "federationLink", "serviceAccountClientId", "createdTimestamp", "totp", "disableableCredentialTypes", "access",
        "userProfileMetadata", "self", "origin",
    ]

    /// Each is a list of texts there. Those that an account cannot have here are named.
    private static func attributes(_ object: JSONObject?, _ notes: inout [String]) -> [String: [String]] {
        var attributes: [String: [String]] = [:]
        var left: [String] = []
        for (name, value) in object?.members ?? [] {
            var wanted = attributes
            wanted[name] = value.string.map { [$0] } ?? (value.array ?? []).compactMap(\.string)
            if UserDirectory.areAttributes(wanted) { attributes = wanted } else { left.append(name) }
        }
        if !left.isEmpty {
            notes.append(
                "attributes \(left.prefix(5).joined(separator: ", ")): a name or a value is none here, or too long")
        }
        return attributes
    }

    /// Both data are JSON documents in texts.
    private static func password(_ credential: JSONObject) throws(PasswordHashFault) -> ImportedPasswordHash {
        guard let secret = nested(credential, "secretData"), let data = nested(credential, "credentialData"),
            let hash = secret.text("value").flatMap({ Base64.decode(Array($0.utf8)) }),
            let salt = secret.text("salt").flatMap({ Base64.decode(Array($0.utf8)) }),
            let iterations = data["hashIterations"]?.int, (1...1_000_000_000).contains(iterations)
        else { throw .malformed }
        let algorithm = data.text("algorithm") ?? ""
        if let digest = ImportedPasswordHash.PBKDF2Digest(rawValue: algorithm) {
            return try .pbkdf2(digest, Int(iterations), salt, hash)
        }
        guard algorithm == "argon2" else { throw .unknown }
        let more = data["additionalParameters"]?.object ?? [:]
        func parameter(_ name: String) -> String? { more.texts(name).first ?? more.text(name) }
        guard parameter("type") == "id" else { throw .unknown }
        guard let memory = parameter("memory").flatMap({ Int($0) }),
            let lanes = parameter("parallelism").flatMap({ Int($0) }),
            (0...10_000_000).contains(memory), (0...1_000).contains(lanes)
        else { throw .malformed }
        return try .argon2id(
            .init(
                memoryKiB: memory, iterations: Int(iterations), lanes: lanes,
                version: parameter("version") == "1.0" ? 0x10 : 0x13), salt, hash)
    }

    private static func nested(_ object: JSONObject, _ name: String) -> JSONObject? {
        object.text(name).flatMap { (try? JSON.parse(Array($0.utf8)))?.object }
    }

    // MARK: Clients

    private static func client(_ object: JSONObject) -> ImportEntry {
        guard let id = object.text("clientId") else {
            return ImportEntry("client", .unusable("it has no \"clientId\""))
        }
        let shown = "client \(id)"
        if own.contains(id) || id.hasSuffix("-realm") { return ImportEntry(shown, .leftOut("it is Keycloak's own")) }
        if let protocolName = object.text("protocol"), protocolName != "openid-connect" {
            return ImportEntry(shown, .leftOut("it speaks \(protocolName)"))
        }
        if object.isTrue("bearerOnly") {
            return ImportEntry(shown, .leftOut("it only takes tokens (bearer-only), which needs no client here"))
        }
        if object["enabled"]?.bool == false { return ImportEntry(shown, .leftOut("it is disabled")) }
        var reader = KeycloakClient(object)
        let grants = reader.grants()
        guard !grants.isEmpty else {
            return ImportEntry(shown, .unusable("none of its flows is there here"), notes: reader.notes)
        }
        var metadata: JSONObject = [
            "grant_types": .strings(grants),
            "response_types": grants.contains("authorization_code") ? ["code"] : [],
        ]
        metadata["client_name"] = object.text("name").flatMap { $0.hasPrefix("${") ? nil : .string($0) }
        // By a secret, as Keycloak takes it: in either way.
        let method = reader.method()
        let usesSecret = method == "client_secret_basic"
        if !usesSecret { metadata["token_endpoint_auth_method"] = .string(method) }
        let scopes = (object.texts("defaultClientScopes") + object.texts("optionalClientScopes"))
            .filter { !ownScopes.contains($0) }
        // Keycloak's clients have openid without a word of it.
        let all = (grants.contains("authorization_code") ? ["openid"] : []) + scopes
        if !all.isEmpty { metadata["scope"] = .string(all.joined(separator: " ")) }
        let redirects = reader.redirectURIs()
        if !redirects.isEmpty { metadata["redirect_uris"] = .strings(redirects) }
        let after = reader.postLogoutURIs(redirects)
        if !after.isEmpty { metadata["post_logout_redirect_uris"] = .strings(after) }
        if let url = reader.attribute("jwks.url"), reader.attribute("use.jwks.url") == "true" {
            metadata["jwks_uri"] = .string(url)
        } else if reader.attribute("use.jwks.string") == "true", let text = reader.attribute("jwks.string"),
            let keys = try? JSON.parse(Array(text.utf8))
        {
            metadata["jwks"] = keys
        }
        reader.readLogOut(into: &metadata)
        reader.readAddresses(into: &metadata)
        if reader.attribute("tls.client.certificate.bound.access.tokens") == "true" {
            metadata["tls_client_certificate_bound_access_tokens"] = true
        }
        if reader.attribute("dpop.bound.access.tokens") == "true" { metadata["dpop_bound_access_tokens"] = true }
        if reader.attribute("require.pushed.authorization.requests") == "true" {
            metadata["require_pushed_authorization_requests"] = true
        }
        if method == "tls_client_auth" {
            metadata["tls_client_auth_subject_dn"] = reader.attribute("x509.subjectdn").map { .string($0) }
        }
        let client = ImportedClient(
            id: id, metadata: metadata,
            secret: usesSecret ? object.text("secret") : nil)
        if object["protocolMappers"]?.array?.isEmpty == false { reader.notes.append("protocol mappers") }
        reader.noteTheRest()
        return ImportEntry(shown, .client(client), notes: reader.notes)
    }
}

/// One client of a realm, and what of it has no place here.
private struct KeycloakClient {
    let object: JSONObject
    var notes: [String] = []

    init(_ object: JSONObject) { self.object = object }

    func attribute(_ name: String) -> String? { object["attributes"]?.object?.text(name) }

    mutating func grants() -> [String] {
        var grants: [String] = []
        if object["standardFlowEnabled"]?.bool != false {
            grants.append("authorization_code")
            if attribute("use.refresh.tokens") != "false" { grants.append("refresh_token") }
        }
        if object.isTrue("serviceAccountsEnabled"), !object.isTrue("publicClient") {
            grants.append("client_credentials")
        }
        if attribute("oauth2.device.authorization.grant.enabled") == "true" {
            grants.append("urn:ietf:params:oauth:grant-type:device_code")
        }
        if object.isTrue("implicitFlowEnabled") { notes.append("the implicit flow: OAuth 2.1 has none") }
        if object.isTrue("directAccessGrantsEnabled") {
            notes.append("passwords of users sent by the application (direct access): OAuth 2.1 has no such grant")
        }
        return grants
    }

    mutating func method() -> String {
        if object.isTrue("publicClient") { return "none" }
        switch object.text("clientAuthenticatorType") ?? "client-secret" {
        case "client-secret": return "client_secret_basic"
        case "client-jwt": return "private_key_jwt"
        case "client-x509": return "tls_client_auth"
        case let other:
            notes.append("its way of showing who it is (\(other)): it gets a new secret")
            return "client_secret_basic"
        }
    }

    /// OpenID Connect Back-Channel Logout 1.0 §2.2.
    mutating func readLogOut(into metadata: inout JSONObject) {
        guard let url = attribute("backchannel.logout.url") else { return }
        let (uri, note) = ImportNotes.backChannel(url)
        metadata["backchannel_logout_uri"] = uri
        if uri != nil { metadata["backchannel_logout_session_required"] = true }
        notes += [note].compactMap { $0 }
    }

    /// What users are shown.
    mutating func readAddresses(into metadata: inout JSONObject) {
        for (name, member) in [("logoUri", "logo_uri"), ("policyUri", "policy_uri"), ("tosUri", "tos_uri")] {
            guard let url = attribute(name) else { continue }
            if AbsoluteURL(url)?.isHTTPS == true {
                metadata[member] = .string(url)
            } else {
                notes.append("\(name): it has to be https")
            }
        }
    }

    /// Read in some other place, or what says nothing about what a client may: bookkeeping, and what is so here anyway.
    private static let members: Set<String> = [
        "id", "clientId", "name", "rootUrl", "enabled", "clientAuthenticatorType", "secret", "redirectUris",
        "bearerOnly",
        "standardFlowEnabled", "implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled",
        "publicClient", "protocol", "attributes", "protocolMappers", "defaultClientScopes", "optionalClientScopes",
        "fullScopeAllowed", "nodeReRegistrationTimeout", "alwaysDisplayInConsole", "access", "origin",
        "surrogateAuthRequired", "consentRequired", "webOrigins",
    ]
    private static let attributes: Set<String> = [
        "post.logout.redirect.uris", "jwks.url", "use.jwks.url", "jwks.string", "use.jwks.string",
        "dpop.bound.access.tokens", "require.pushed.authorization.requests", "x509.subjectdn",
        "oauth2.device.authorization.grant.enabled", "backchannel.logout.url", "backchannel.logout.session.required",
        "logoUri", "policyUri", "tosUri", "tls.client.certificate.bound.access.tokens", "use.refresh.tokens",
        "client.secret.creation.time", "realm_client", "display.on.consent.screen",
        "client_credentials.use_refresh_token", "access.token.header.type.rfc9068",
        "token.response.type.bearer.lower-case", "frontchannel.logout.session.required",
    ]

    /// Every other member and attribute that says something.
    mutating func noteTheRest() {
        if object["standardFlowEnabled"]?.bool != false, object["consentRequired"]?.bool == false {
            notes.append("users are not asked whether they agree (consentRequired: false): here they are")
        }
        let origins = object.texts("webOrigins").filter { $0 != "+" }
        notes += ImportNotes.members(origins, called: "web origins ")
        // RFC 7636: there is no other method here.
        if let method = attribute("pkce.code.challenge.method"), method != "S256" {
            notes.append("the PKCE method \(method.shownOnTerminal)")
        }
        notes += ImportNotes.members(
            object.members.filter { !Self.members.contains($0.name) && !ImportNotes.saysNothing($0.value) }.map(\.name))
        let attributes = object["attributes"]?.object?.members ?? []
        notes += ImportNotes.members(
            attributes.filter { name, value in
                !Self.attributes.contains(name) && name != "pkce.code.challenge.method" && !name.hasPrefix("saml")
                    && !ImportNotes.saysNothing(value) && !["any", "none", "{}"].contains(value.string ?? "")
            }.map(\.name), called: "attributes ")
    }

    /// Patterns are no addresses.
    mutating func redirectURIs() -> [String] {
        let root = object.text("rootUrl") ?? ""
        let all = object.texts("redirectUris").map { $0.hasPrefix("/") && !root.isEmpty ? root + $0 : $0 }
        let patterns = all.filter { $0.contains("*") }
        if !patterns.isEmpty {
            notes.append(
                "redirect URIs that are patterns (\(patterns.prefix(3).joined(separator: ", "))): register each address"
            )
        }
        return all.filter { !$0.contains("*") }
    }

    /// `+` stands for the redirect URIs, `##` between several.
    mutating func postLogoutURIs(_ redirects: [String]) -> [String] {
        guard let text = attribute("post.logout.redirect.uris"), text != "-" else { return [] }
        if text == "+" { return redirects }
        let all = text.split(separator: "#").map(String.init)
        if all.contains(where: { $0.contains("*") }) { notes.append("addresses after log-out that are patterns") }
        return all.filter { !$0.contains("*") && $0 != "+" }
    }
}
