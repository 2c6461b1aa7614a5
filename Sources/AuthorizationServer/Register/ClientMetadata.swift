package import AuthorizationRecords
import HTTP
package import JOSE
package import JSON
import LogIn
package import Policy
import Texts

/// Why a client cannot be registered as asked (RFC 7591 §3.2.2).
package struct ClientMetadataError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `error` of the answer (RFC 7591 §3.2.2).
    package enum Word: String, Sendable {
        case redirectURI = "invalid_redirect_uri"
        case metadata = "invalid_client_metadata"
    }
    package let word: Word
    /// A fixed sentence and the name of a member; never a value.
    package let description: String

    init(_ word: Word = .metadata, _ description: String) {
        self.word = word
        self.description = description
    }
}

/// Client metadata (RFC 7591 §2) as a request, an operator's file or the command line gives it: the one place where
/// what a client may be is checked, whoever registers it.
package struct ClientMetadata: Sendable {
    let profile: SecurityProfile
    /// What it may be granted at most, and is when it asks for nothing; nil: whatever it asks for.
    let scopes: [String]?

    /// Where `jwks_uri` may lead: the server will fetch from there.
    package enum KeyHosts: Sendable, Equatable {
        /// Wherever the operator says, who registers the client.
        case any
        /// To hosts that the operator has named for clients that register themselves; lower case.
        case these([String])
    }
    let keyHosts: KeyHosts
    /// What it may do at most; what it asks for besides is left out, as are scopes (RFC 7591 §3.2.1: the server may replace
    /// what was asked for). nil: anything, and what cannot be had is an error.
    let grantsAtMost: Set<GrantType>?
    /// Types of `authorization_details` that it may be registered for (RFC 9396 §10).
    let detailTypes: [String]
    /// What its ID tokens may be signed by.
    let idTokenAlgorithms: [Algorithm]

    /// The rules for whoever registers clients in one way.
    package init(
        profile: SecurityProfile, scopes: [String]? = nil, keyHosts: KeyHosts = .any,
        grantsAtMost: Set<GrantType>? = nil, detailTypes: [String] = [],
        idTokenAlgorithms: [Algorithm] = [.es256, .rs256]
    ) {
        self.idTokenAlgorithms = idTokenAlgorithms.filter(profile.algorithms.contains)
        self.detailTypes = detailTypes
        self.profile = profile
        self.scopes = scopes
        self.keyHosts = keyHosts
        self.grantsAtMost = grantsAtMost
    }

    /// Kept as they are, to be shown and given back.
    private static let shownURIs = ["client_uri", "logo_uri", "tos_uri", "policy_uri"]
    private static let shownTexts = ["software_id", "software_version"]
    private static let textOctetsMax = 2_048

    /// A client with this metadata and no secrets. Members that are not known here are left out (RFC 7591 §2).
    package func client(_ metadata: JSONObject, id: String, now: Int64) throws(ClientMetadataError) -> RegisteredClient
    {
        let method = try method(metadata)
        let grants = try grants(metadata, method)
        var client = RegisteredClient(
            id: id, name: try text(metadata, "client_name", octetsMax: 256) ?? "", grants: grants,
            authenticationMethods: method,
            scopes: try scopes(metadata), secrets: [], createdAt: now)
        client.redirectURIs = try redirectURIs(metadata, grants)
        try readKeys(metadata, into: &client)
        client.certificateName = try certificateName(metadata, method)
        client.bindsToKey = try flag(metadata, "dpop_bound_access_tokens")
        client.bindsToCertificate = try flag(metadata, "tls_client_certificate_bound_access_tokens")
        client.requiresPushedRequests = try flag(metadata, "require_pushed_authorization_requests")
        client.requiresProofKey = try flag(metadata, "require_pkce", default: true)
        client.requiresACRValues = try flag(metadata, "require_acr_values")
        client.defaultACRValues = try defaultACRValues(metadata)
        client.idTokenAlgorithm = try idTokenAlgorithm(metadata)
        client.backChannelLogoutURI = try backChannelLogoutURI(metadata, redirectURIs: client.redirectURIs)
        client.wantsLogoutSession = try flag(metadata, "backchannel_logout_session_required")
        client.takesEndpointAudience = try flag(metadata, "allow_token_endpoint_audience")
        try checkWaivers(client)
        client.metadata = try shown(metadata)
        if let uris = try postLogoutURIs(metadata) { client.metadata["post_logout_redirect_uris"] = .strings(uris) }
        if let types = try detailTypes(metadata) { client.metadata[AuthorizationDetails.typesMember] = .strings(types) }
        if profile.demandsBinding, !client.bindsToKey, !client.bindsToCertificate {
            throw ClientMetadataError(
                .metadata,
                "this server binds all tokens: set dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens"
            )
        }
        guard client.record.isStorable(room: Self.laterOctets) else {
            throw ClientMetadataError(.metadata, "the metadata as a whole is too large")
        }
        return client
    }

    /// What makes a client less safe is for those that need it: never for public ones, and not under a profile.
    private func checkWaivers(_ client: RegisteredClient) throws(ClientMetadataError) {
        if !client.requiresProofKey {
            guard profile == .standard else {
                throw ClientMetadataError(
                    .metadata, "require_pkce must be true: the profile of this server demands PKCE")
            }
            guard !client.isPublic else {
                throw ClientMetadataError(
                    .metadata, "require_pkce must be true for a client that cannot show who it is")
            }
        }
        if client.takesEndpointAudience {
            guard profile == .standard else {
                throw ClientMetadataError(
                    .metadata,
                    "allow_token_endpoint_audience must be false: the profile of this server demands the issuer")
            }
            guard client.authenticationMethods.contains(.privateKeyJWT) else {
                throw ClientMetadataError(
                    .metadata, "allow_token_endpoint_audience is for token_endpoint_auth_method private_key_jwt")
            }
        }
    }

    /// What a client's record may yet grow by: secrets, and what operators add.
    private static let laterOctets = 8_192

    // MARK: How it shows who it is

    private func method(_ metadata: JSONObject) throws(ClientMetadataError) -> Set<ClientAuthenticationMethod> {
        // RFC 7591 §2
        let name =
            try text(metadata, "token_endpoint_auth_method") ?? ClientAuthenticationMethod.clientSecretBasic.rawValue
        guard let method = ClientAuthenticationMethod(rawValue: name), profile.permits(method) else {
            throw ClientMetadataError(
                .metadata,
                "token_endpoint_auth_method must be one of "
                    + profile.authenticationMethods.map(\.rawValue).joined(separator: ", "))
        }
        return [method]
    }

    /// `jwks` or `jwks_uri`, not both (RFC 7591 §2); keys of a size that counts (FAPI 2.0 §5.4.1-2, -3): RSA of 2048
    /// bits, EC of 256, which is what `VerificationKey` takes.
    private func readKeys(_ metadata: JSONObject, into client: inout RegisteredClient) throws(ClientMetadataError) {
        let url = try text(metadata, "jwks_uri")
        if let keys = metadata["jwks"], !keys.isNull {
            guard url == nil else { throw ClientMetadataError(.metadata, "jwks and jwks_uri exclude each other") }
            client.keySet = try keySet(keys)
        }
        if let url {
            client.keySetURL = try keySetURL(url)
        }
        let needsKeys = !client.authenticationMethods.isDisjoint(with: [.privateKeyJWT, .selfSignedTLSClientAuth])
        guard !needsKeys || client.keySet != nil || client.keySetURL != nil else {
            throw ClientMetadataError(.metadata, "this token_endpoint_auth_method needs jwks or jwks_uri")
        }
    }

    private func keySetURL(_ text: String) throws(ClientMetadataError) -> String {
        guard let url = AbsoluteURL(text), url.isHTTPS else {
            throw ClientMetadataError(.metadata, "jwks_uri must be an https URL without fragment and user information")
        }
        if case .these(let hosts) = keyHosts {
            guard !hosts.isEmpty else {
                throw ClientMetadataError(.metadata, "jwks_uri is not taken here: register jwks")
            }
            guard hosts.contains(url.host) else {
                throw ClientMetadataError(
                    .metadata, "the host of jwks_uri is none that this server fetches keys from: register jwks")
            }
        }
        return text
    }

    private func keySet(_ document: JSON) throws(ClientMetadataError) -> JSON {
        let set: JWKSet
        do throws(KeyError) { set = try JWKSet(document) } catch {
            throw ClientMetadataError(.metadata, "jwks: \(error.reason)")
        }
        // A set from a stranger's server may hold keys for other purposes; one that is registered here is to be used.
        if let skipped = set.skipped.first {
            throw ClientMetadataError(.metadata, "jwks: key \(skipped.index): \(skipped.reason)")
        }
        guard !set.keys.isEmpty else { throw ClientMetadataError(.metadata, "jwks holds no key") }
        let kids = set.keys.compactMap(\.kid)
        guard Set(kids).count == kids.count else { throw ClientMetadataError(.metadata, "jwks has a kid twice") }
        let keys = document.object?["keys"]?.array ?? []
        return ["keys": .array(keys.compactMap(\.object).map { .object(Self.neededMembers(of: $0)) })]
    }

    /// What checking a signature takes (RFC 7517 §4, RFC 7518 §6): other members, such as certificates, are looked at by
    /// nobody here, and are not kept.
    private static func neededMembers(of key: JSONObject) -> JSONObject {
        var members: JSONObject = [:]
        for name in ["kty", "use", "alg", "kid", "crv", "x", "y", "n", "e", "pub"] {
            if let value = key[name], !value.isNull { members[name] = value }
        }
        return members
    }

    /// Exactly one, and only for tls_client_auth (RFC 8705 §2.1.2).
    private func certificateName(
        _ metadata: JSONObject, _ method: Set<ClientAuthenticationMethod>
    ) throws(ClientMetadataError) -> ClientCertificateName? {
        let members = ClientCertificateName.members.filter { metadata[$0].map { !$0.isNull } ?? false }
        guard method.contains(.tlsClientAuth) else {
            guard members.isEmpty else {
                throw ClientMetadataError(
                    .metadata, "tls_client_auth_… is for token_endpoint_auth_method tls_client_auth")
            }
            return nil
        }
        guard members.count == 1, let member = members.first, let value = try text(metadata, member),
            let name = ClientCertificateName(member: member, value: value), name.isWellFormed
        else {
            throw ClientMetadataError(
                .metadata,
                "tls_client_auth needs exactly one of " + ClientCertificateName.members.joined(separator: ", ")
                    + ", well-formed")
        }
        return name
    }

    // MARK: What it may do

    private func grants(
        _ metadata: JSONObject, _ method: Set<ClientAuthenticationMethod>
    ) throws(ClientMetadataError) -> Set<GrantType> {
        var names = try texts(metadata, "grant_types") ?? ["authorization_code"]
        if let grantsAtMost { names.removeAll { name in !grantsAtMost.contains { $0.rawValue == name } } }
        var grants: Set<GrantType> = []
        for name in names {
            guard let grant = GrantType(rawValue: name) else {
                throw ClientMetadataError(.metadata, "grant_types names one that is not supported")
            }
            grants.insert(grant)
        }
        guard !grants.isEmpty else { throw ClientMetadataError(.metadata, "grant_types must not be empty") }
        if method == [.none], grants.contains(.clientCredentials) {
            throw ClientMetadataError(.metadata, "a client that cannot show who it is may not use client_credentials")
        }
        // RFC 7591 §2.1: the two lists must fit each other.
        let responses = try texts(metadata, "response_types") ?? (names.contains("authorization_code") ? ["code"] : [])
        guard responses == (names.contains("authorization_code") ? ["code"] : []) else {
            throw ClientMetadataError(
                .metadata,
                "response_types must be [\"code\"] with the grant type authorization_code, and empty without it")
        }
        return grants
    }

    private func redirectURIs(_ metadata: JSONObject, _ grants: Set<GrantType>) throws(ClientMetadataError) -> [String]
    {
        let uris = try texts(metadata, "redirect_uris") ?? []
        guard uris.count <= RedirectURIRule.countMax else {
            throw ClientMetadataError(.redirectURI, "there are more than \(RedirectURIRule.countMax) redirect_uris")
        }
        for (index, uri) in uris.enumerated() {
            if let objection = RedirectURIRule.objection(to: uri) {
                throw ClientMetadataError(.redirectURI, "redirect_uris[\(index)] \(objection)")
            }
        }
        guard !uris.isEmpty || !grants.contains(where: { $0.rawValue == "authorization_code" }) else {
            throw ClientMetadataError(.redirectURI, "authorization_code needs redirect_uris")
        }
        return uris
    }

    /// Where users may be sent after they have logged out (OpenID Connect RP-Initiated Logout §3.1): the rules are
    /// those of redirect URIs.
    private func postLogoutURIs(_ metadata: JSONObject) throws(ClientMetadataError) -> [String]? {
        guard let uris = try texts(metadata, "post_logout_redirect_uris") else { return nil }
        guard uris.count <= RedirectURIRule.countMax else {
            throw ClientMetadataError(
                .metadata, "there are more than \(RedirectURIRule.countMax) post_logout_redirect_uris")
        }
        for (index, uri) in uris.enumerated() {
            if let objection = RedirectURIRule.objection(to: uri) {
                throw ClientMetadataError(.metadata, "post_logout_redirect_uris[\(index)] \(objection)")
            }
        }
        return uris
    }

    /// OpenID Connect Back-Channel Logout 1.0 §2.2. The server will send requests there, so who registers itself names a
    /// place of its own: a host to which it has users sent back. A client that nobody has vouched for has none.
    private func backChannelLogoutURI(_ metadata: JSONObject, redirectURIs: [String]) throws(ClientMetadataError)
        -> String?
    {
        guard let text = try text(metadata, "backchannel_logout_uri"), grantsAtMost == nil else { return nil }
        guard let url = AbsoluteURL(text), url.isHTTPS else {
            throw ClientMetadataError(
                .metadata, "backchannel_logout_uri must be an https URL without fragment and user information")
        }
        if case .these = keyHosts {
            guard redirectURIs.contains(where: { AbsoluteURL($0)?.host == url.host }) else {
                throw ClientMetadataError(
                    .metadata, "backchannel_logout_uri must be on the host of one of redirect_uris")
            }
        }
        return text
    }

    /// RFC 9396 §10.
    private func detailTypes(_ metadata: JSONObject) throws(ClientMetadataError) -> [String]? {
        guard let types = try texts(metadata, AuthorizationDetails.typesMember) else { return nil }
        if grantsAtMost != nil { return nil }
        guard types.allSatisfy({ type in detailTypes.contains { $0.utf8.elementsEqual(type.utf8) } }) else {
            throw ClientMetadataError(
                .metadata,
                "authorization_details_types names one that is not in authorization_details_types of the server's settings for such clients"
            )
        }
        return types.isEmpty ? nil : ScopeText.distinct(types)
    }

    private func scopes(_ metadata: JSONObject) throws(ClientMetadataError) -> [String] {
        // A client that nobody has vouched for learns with time what it needs: users agree to each scope, so all that the policy
        // has for such clients can be asked for.
        if grantsAtMost != nil, let scopes { return scopes }
        // Some clients send an empty one before they know what they need.
        guard metadata["scope"]?.string != "", let asked = try text(metadata, "scope") else { return scopes ?? [] }
        guard let tokens = ScopeText.tokens(asked) else { throw ClientMetadataError(.metadata, "scope is malformed") }
        if let scopes, !tokens.allSatisfy(scopes.contains) {
            throw ClientMetadataError(.metadata, "scope names one that is not for clients that register themselves")
        }
        return tokens
    }

    /// OpenID Connect Registration §2. Where it is not said, tokens are signed as this server signs them.
    private func idTokenAlgorithm(_ metadata: JSONObject) throws(ClientMetadataError) -> Algorithm? {
        guard let name = try text(metadata, "id_token_signed_response_alg") else { return nil }
        guard let algorithm = idTokenAlgorithms.first(where: { $0.isNamed(name) }) else {
            throw ClientMetadataError(
                .metadata,
                "id_token_signed_response_alg must be one of "
                    + idTokenAlgorithms.flatMap(\.names).joined(separator: ", "))
        }
        return algorithm
    }

    /// OpenID Connect Registration §2. As long as `acr_values` of a request may be.
    private func defaultACRValues(_ metadata: JSONObject) throws(ClientMetadataError) -> [String] {
        let values = try texts(metadata, "default_acr_values") ?? []
        guard values.reduce(0, { $0 + $1.utf8.count + 1 }) <= AuthorizationRequest.textBytesMax,
            values.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } })
        else {
            throw ClientMetadataError(
                .metadata,
                "default_acr_values must be values of acr, \(AuthorizationRequest.textBytesMax) octets together at most"
            )
        }
        return values
    }

    // MARK: What is only shown

    private func shown(_ metadata: JSONObject) throws(ClientMetadataError) -> JSONObject {
        var shown: JSONObject = [:]
        for name in Self.shownURIs {
            guard let uri = try text(metadata, name) else { continue }
            // They become links and images in front of users.
            guard uri.hasPrefix("https://"), RedirectURIRule.objection(to: uri) == nil else {
                throw ClientMetadataError(.metadata, "\(name) must be an https URL")
            }
            shown[name] = .string(uri)
        }
        for name in Self.shownTexts { shown[name] = try text(metadata, name, octetsMax: 256).map { .string($0) } }
        for (name, value) in try names(metadata) { shown[name] = .string(value) }
        if let contacts = try texts(metadata, "contacts") {
            guard contacts.count <= 10, contacts.allSatisfy({ $0.utf8.count <= 256 }) else {
                throw ClientMetadataError(.metadata, "contacts is too long")
            }
            shown["contacts"] = .strings(contacts)
        }
        return shown
    }

    /// `client_name` in other languages (RFC 7591 §2.2); of other members only the one for all languages is kept.
    private func names(_ metadata: JSONObject) throws(ClientMetadataError) -> [(String, String)] {
        var names: [(String, String)] = []
        for member in metadata.names where member.hasPrefix(RegisteredClient.nameMember) {
            guard Language.isTag(String(member.dropFirst(RegisteredClient.nameMember.count))),
                names.count < Self.namesMax
            else {
                throw ClientMetadataError(
                    .metadata,
                    "\(RegisteredClient.nameMember)… must have the tag of a language (BCP 47) behind it, and be there \(Self.namesMax) times at most"
                )
            }
            if let name = try text(metadata, member, octetsMax: 256) { names.append((member, name)) }
        }
        return names
    }
    private static let namesMax = 20

    // MARK: Members

    /// nil: it is not there, or null.
    private func text(_ metadata: JSONObject, _ name: String, octetsMax: Int = textOctetsMax)
        throws(ClientMetadataError) -> String?
    {
        guard let value = metadata[name], !value.isNull else { return nil }
        guard let text = value.string, !text.isEmpty, text.utf8.count <= octetsMax,
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else {
            throw ClientMetadataError(
                .metadata, "\(name) must be a text of at most \(octetsMax) octets without control characters")
        }
        return text
    }

    private func texts(_ metadata: JSONObject, _ name: String) throws(ClientMetadataError) -> [String]? {
        guard let value = metadata[name], !value.isNull else { return nil }
        guard let array = value.array, array.count <= 100 else {
            throw ClientMetadataError(.metadata, "\(name) must be a list of texts")
        }
        var texts: [String] = []
        for element in array {
            guard let text = element.string else {
                throw ClientMetadataError(.metadata, "\(name) must be a list of texts")
            }
            texts.append(text)
        }
        return texts
    }

    private func flag(_ metadata: JSONObject, _ name: String, default fallback: Bool = false)
        throws(ClientMetadataError) -> Bool
    {
        guard let value = metadata[name], !value.isNull else { return fallback }
        guard let flag = value.bool else { throw ClientMetadataError(.metadata, "\(name) must be true or false") }
        return flag
    }
}
