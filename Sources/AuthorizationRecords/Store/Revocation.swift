import JSON

/// Something that counts no longer although its own end has not come. Kept until everything that it ends has ended by
/// itself.
package struct Revocation: Sendable, Equatable {
    /// What ends.
    package enum Target: Sendable, Hashable {
        /// One access token, by `jti`.
        case token(String)
        /// A grant with all that came from it, by its id.
        case grant(String)
        /// Everything that a client holds, by its id.
        case client(String)
        /// Everything that is about a user or a client acting for itself, by `sub`.
        case subject(String)

        /// As the record is called: the kind, a colon, the id.
        package var key: String {
            switch self {
            case .token(let id): "token:" + id
            case .grant(let id): "grant:" + id
            case .client(let id): "client:" + id
            case .subject(let id): "subject:" + id
            }
        }

        /// Reads what `key` has written; nil: it is of no kind that is known here.
        package init?(key: String) {
            guard let colon = key.firstIndex(of: ":") else { return nil }
            let id = String(key[key.index(after: colon)...])
            switch key[..<colon] {
            case "token": self = .token(id)
            case "grant": self = .grant(id)
            case "client": self = .client(id)
            case "subject": self = .subject(id)
            default: return nil
            }
        }
    }

    package var target: Target
    /// What was issued before this counts no longer; what is issued after it does (a client that is registered again, a
    /// user who is let in again). Seconds since 1970.
    package var before: Int64
    /// Seconds since 1970: the last access token that it concerns has ended by then.
    package var expiresAt: Int64

    package init(_ target: Target, before: Int64, expiresAt: Int64) {
        self.target = target
        self.before = before
        self.expiresAt = expiresAt
    }

    package var record: StoredRecord {
        StoredRecord(.revocation, target.key, expiresAt: expiresAt, body: ["before": .integer(before)])
    }

    /// nil: the record is not a revocation, or is damaged.
    package init?(_ record: StoredRecord) {
        guard record.kind == .revocation, let target = Target(key: record.key), let before = record.body["before"]?.int,
            let expiresAt = record.expiresAt
        else { return nil }
        self.init(target, before: before, expiresAt: expiresAt)
    }
}
