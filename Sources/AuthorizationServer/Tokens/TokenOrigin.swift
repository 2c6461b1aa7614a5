import AuthorizationRecords
import JSON

/// An access token by what can end it. Tokens that were exchanged (RFC 8693) name those that they come from in the claim
/// `derived_from`, so that they end with each of them, although no token is stored.
struct TokenOrigin: Sendable, Equatable {
    /// As the data plane knows it (`RevocationMarks`), too.
    static let claim = "derived_from"
    /// Tokens behind a token at most: each is some 100 octets of it.
    static let countMax = 16

    /// `jti`
    var id: String
    var clientID: String
    /// `sub`
    var subject: String
    /// The grant that it comes from; nil: from none.
    var grantID: String?
    /// Seconds since 1970. Each has its own: what a client or a user gets after its end counts again.
    var issuedAt: Int64

    /// What ends it before its time.
    var revocationTargets: [Revocation.Target] {
        [.token(id), .client(clientID), .subject(subject)] + (grantID.map { [.grant($0)] } ?? [])
    }

    private var json: JSON {
        var members: JSONObject = [
            "jti": .string(id), "client_id": .string(clientID), "sub": .string(subject), "iat": .integer(issuedAt),
        ]
        members["grant_id"] = grantID.map { .string($0) }
        return .object(members)
    }

    /// The claim; nil: there is nothing to say.
    static func claim(_ origins: [TokenOrigin]) -> JSON? { origins.isEmpty ? nil : .array(origins.map(\.json)) }

    /// What a token of ours comes from. nil: it says something that cannot be read, so that nobody knows what ends it.
    static func all(_ claims: JSONObject) -> [TokenOrigin]? {
        guard let value = claims[claim] else { return [] }
        let origins = value.array?.map { $0.object.flatMap(TokenOrigin.init) }
        guard let origins, !origins.contains(nil) else { return nil }
        return origins.compactMap { $0 }
    }

    private init?(_ object: JSONObject) {
        guard let id = object["jti"]?.string, let client = object["client_id"]?.string,
            let subject = object["sub"]?.string, let issuedAt = object["iat"]?.int
        else { return nil }
        self.init(
            id: id, clientID: client, subject: subject, grantID: object["grant_id"]?.string, issuedAt: issuedAt)
    }

    init(id: String, clientID: String, subject: String, grantID: String?, issuedAt: Int64) {
        self.id = id
        self.clientID = clientID
        self.subject = subject
        self.grantID = grantID
        self.issuedAt = issuedAt
    }
}
