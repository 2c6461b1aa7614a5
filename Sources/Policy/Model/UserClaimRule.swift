/// A claim that tokens about users have because the operator wants it (`claims` of `authorization_server`).
package struct UserClaimRule: Sendable, Equatable {
    /// Its name in tokens, none that is reserved.
    package var name: String
    package var source: Source
    /// What it has to be; what is something else is left out.
    package var type: ValueType
    /// Where it stands.
    package var places: Set<Place> = Set(Place.allCases)
    /// One of these has to be granted; empty: it stands there always.
    package var scopes: [String] = []
    /// Of access tokens for these alone; empty: for all.
    package var audiences: [String] = []
    /// Of these clients' tokens alone; empty: of all.
    package var clients: [String] = []

    /// Where its value comes from.
    package enum Source: Sendable, Equatable {
        /// The names of the user's groups.
        case groups
        /// The scopes that the user has by name: in a list, or by a group.
        case scopes
        /// What the user types to log in.
        case username
        /// What the user is called.
        case name
        /// An address that somebody has shown to be the user's.
        case email
        /// What an operator has noted of the user under this name.
        case attribute(String)
        /// The same for everybody: one value, or texts of a list.
        case constant([ClaimScalar])
        /// A claim of the provider at which users log in: as it is written, and in parts.
        case provider(String, path: [String])
    }

    /// Types of values.
    package enum ValueType: String, Sendable, CaseIterable { case string, number, boolean, strings }

    /// Where claims stand.
    package enum Place: String, Sendable, CaseIterable {
        case accessToken = "access_token"
        case idToken = "id_token"
        case userInfo = "userinfo"
    }

    /// Rules at most.
    package static let countMax = 32
    /// Octets of a name, and of a constant text, at most.
    package static let textBytesMax = 256
    /// Texts of a constant list at most.
    package static let constantsMax = 32
    /// Octets of all such claims of one token, as JSON, at most: with them it stays far below what a gateway takes as a
    /// token (16 KiB) or as a head.
    package static let bytesMax = 4_096

    package init(name: String, source: Source, type: ValueType) {
        self.name = name
        self.source = source
        self.type = type
    }

    /// Claims whose meaning is the protocol's, or this server's.
    package static let reserved: Set<String> = [
        // RFC 7519 §4.1, RFC 9068 §2.2, RFC 7800, RFC 8693 §4, RFC 9396 §9, RFC 9470.
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "scp", "cnf", "act", "may_act",
        "authorization_details", "auth_time", "acr", "amr",
        // This server's.
        "grant_id", "derived_from",
        // OpenID Connect Core §2 and §5, log-out, and what names other claims.
        "azp", "nonce", "at_hash", "c_hash", "s_hash", "sid", "events", "toe", "txn", "sub_id", "sub_jwk",
        "email_verified", "_claim_names", "_claim_sources", "_sd", "_sd_alg",
        // RFC 7662 §2.2, RFC 9701 §5, RFC 9449 §4.2.
        "active", "token_type", "username", "token_introspection", "htm", "htu", "ath",
        // Members of the header, which some readers look for in either place.
        "typ", "alg", "kid", "crit",
    ]

    /// Whether nobody but the server may say it, in whatever case: some readers do not tell them apart.
    package static func isReserved(_ name: String) -> Bool { reserved.contains(name.lowercased()) }

    /// Claims that OpenID Connect gives a meaning (Core §5.1), and which therefore come from what they mean alone.
    package static func own(_ name: String) -> (source: Source, written: String)? {
        switch name.lowercased() {
        case "name": (.name, "name")
        case "email": (.email, "email")
        case "preferred_username": (.username, "username")
        default: nil
        }
    }

    /// Whether the value says who somebody is.
    package var isPersonal: Bool {
        switch source {
        case .groups, .scopes, .constant: false
        case .username, .name, .email: true
        case .attribute(let name): Self.personal.contains(name.lowercased())
        case .provider(_, let path): Self.personal.contains(path.last?.lowercased() ?? "")
        }
    }

    /// OpenID Connect Core §5.1, and what directories call the same.
    private static let personal: Set<String> = [
        "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "username", "profile",
        "picture", "website", "email", "gender", "birthdate", "zoneinfo", "phone_number", "address", "formatted",
        "street_address", "upn", "unique_name", "mail", "mobile", "phone", "telephonenumber", "displayname",
        "givenname", "surname", "firstname", "lastname", "first_name", "last_name", "employeenumber", "birthday",
        "date_of_birth",
    ]
}
