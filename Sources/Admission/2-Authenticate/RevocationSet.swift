import JSON
import Synchronization

/// All that the built-in authorization server has taken back before its time: tokens, grants, clients, subjects.
///
/// Immutable, shared by all event loops, replaced as a whole when something is added. Each one has a generation of its
/// own, so that a token that was judged by one set is not looked up in it again: on the request path that is one
/// comparison of integers, however many revocations there are.
package struct RevocationSet: Sendable {
    /// What a revocation is about.
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// One access token, by `jti`.
        case token
        /// By `grant_id`.
        case grant
        /// By `client_id`.
        case client
        /// By `sub`.
        case subject
    }

    /// Stands for a kind and an id: 128 bits of a SHA-256, so that nobody can name something that is taken for
    /// something else.
    package struct Mark: Sendable, Hashable {
        private let high: UInt64
        private let low: UInt64

        /// - Parameter id: `jti`, the id of a grant, a client or a user; ids of different kinds never meet.
        package init(_ kind: Kind, _ id: String) { (high, low) = Digest256.leading(of: "\(kind.rawValue):\(id)") }
    }

    /// What is known of one.
    package struct End: Sendable, Equatable {
        /// What was issued before this counts no longer. For tokens and grants it does not matter: their ids are never
        /// given twice. Seconds since 1970.
        package var before: Int64
        /// From then on it concerns nothing that is still alive. Seconds since 1970.
        package var expiresAt: Int64

        package init(before: Int64, expiresAt: Int64) {
            self.before = before
            self.expiresAt = expiresAt
        }
    }

    private let ends: [Mark: End]
    /// Unique in the process and never 0.
    package let generation: UInt64

    private static let generations = Atomic<UInt64>(0)

    /// A new generation, even if the contents are those of another set.
    package init(_ ends: [Mark: End] = [:]) {
        self.ends = ends
        generation = Self.generations.add(1, ordering: .relaxed).newValue
    }

    /// Of all kinds together.
    package var count: Int { ends.count }

    /// What is known of one kind and id.
    package func end(of mark: Mark) -> End? { ends[mark] }

    /// Judges a token whose issuer is the built-in server, and passes any other.
    func check(_ principal: Principal) throws(Refusal) {
        guard let marks = principal.marks, marks.judgedBy.load(ordering: .relaxed) != generation else { return }
        guard !ends(marks) else { throw Refusal(.revokedToken) }
        marks.judgedBy.store(generation, ordering: .relaxed)
    }

    private func ends(_ marks: RevocationMarks) -> Bool {
        // Nobody knows what ends a token of ours that cannot be read.
        guard let origins = marks.origins else { return true }
        return ends(marks.own) || origins.contains(where: ends)
    }

    private func ends(_ marks: RevocationMarks.OneToken) -> Bool {
        if ends[marks.token] != nil { return true }
        if let grant = marks.grant, ends[grant] != nil { return true }
        if let client = ends[marks.client], marks.issuedAt < client.before { return true }
        if let subject = ends[marks.subject], marks.issuedAt < subject.before { return true }
        return false
    }
}

/// By what a token of the built-in server can be taken back, and by which set it was last judged good.
final class RevocationMarks: Sendable {
    /// What can take one token back.
    struct OneToken: Sendable {
        let token: RevocationSet.Mark
        let grant: RevocationSet.Mark?
        let client: RevocationSet.Mark
        let subject: RevocationSet.Mark
        /// Seconds since 1970. A token that does not say is older than any revocation.
        let issuedAt: Int64
    }

    let own: OneToken
    /// The tokens that it was exchanged from: it ends with each of them. nil: they cannot be read.
    let origins: [OneToken]?
    /// Generation of the set; 0: of none.
    let judgedBy = Atomic<UInt64>(0)

    init(_ facts: borrowing TokenFacts) {
        own = OneToken(
            token: .init(.token, facts.tokenID ?? ""),
            grant: facts.claims["grant_id"]?.string.map { .init(.grant, $0) },
            client: .init(.client, facts.clientID ?? ""), subject: .init(.subject, facts.subject ?? ""),
            issuedAt: facts.issuedAt ?? .min)
        guard let claim = facts.claims["derived_from"] else {
            origins = []
            return
        }
        let tokens = claim.array?.map { $0.object.flatMap(OneToken.init) }
        origins = tokens.flatMap { tokens in
            let read = tokens.compactMap { $0 }
            return read.count == tokens.count ? read : nil
        }
    }
}

extension RevocationMarks.OneToken {
    /// A member of `derived_from`, as the server writes it (`TokenOrigin`).
    fileprivate init?(_ object: JSONObject) {
        guard let id = object["jti"]?.string, let client = object["client_id"]?.string,
            let subject = object["sub"]?.string, let issuedAt = object["iat"]?.int
        else { return nil }
        self.init(
            token: .init(.token, id), grant: object["grant_id"]?.string.map { .init(.grant, $0) },
            client: .init(.client, client), subject: .init(.subject, subject), issuedAt: issuedAt)
    }
}
