import Administration
import AuthorizationRecords
import Foundation
package import JSON

extension UserRegistry {
    /// What a user shows besides the password, as `portcullis user factors` lists it.
    package struct Factor: Sendable {
        /// Names it in commands.
        package let id: String
        /// `passkey`, `totp` or `recovery_codes`.
        package let method: String
        /// What the user calls it; empty: nothing.
        package let label: String
        /// Seconds since 1970.
        package let createdAt: Int64
        /// Seconds since 1970; nil: never.
        package let lastUsedAt: Int64?
        /// Of recovery codes: how many have not been used.
        package let left: Int?
        /// With everything that is known of it.
        package let document: JSON
    }

    /// In the order in which they were added, and whether there is one that cannot be read. nil: there is no such user.
    package func factors(name: String) async throws -> (list: [Factor], hasDamaged: Bool)? {
        guard let id = try await id(of: name) else { return nil }
        let there = try await recorded.administration.factors(ofUser: id)
        return (
            there.all.sorted { ($0.createdAt, $0.key) < ($1.createdAt, $1.key) }.map(Factor.init),
            there.damaged != nil
        )
    }

    /// Takes away the one whose id begins with this, or all. nil: there is no such user, or none such.
    package func removeFactors(name: String, beginning prefix: String?, keepsGrants: Bool) async throws -> Ended? {
        guard let id = try await id(of: name) else { return nil }
        var key: String?
        if let prefix {
            let found = try await recorded.administration.factors(ofUser: id).all.filter {
                $0.key.utf8.starts(with: prefix.utf8)
            }
            guard !prefix.isEmpty, found.count == 1, let only = found.first else { return nil }
            key = only.key
        }
        return try await recorded.make {
            let done = try await $0.removeFactors(
                ofUser: id, key: key, keepsGrants: keepsGrants, now: Int64(Date().timeIntervalSince1970))
            return (done.change, Ended(done.ended))
        }
    }
}

extension UserRegistry.Factor {
    fileprivate init(_ factor: StoredFactor) {
        var left: Int?
        if case .recoveryCodes(let digests) = factor.content { left = digests.count }
        self.init(
            id: factor.key, method: factor.method.rawValue, label: factor.label, createdAt: factor.createdAt,
            lastUsedAt: factor.lastUsedAt, left: left, document: .object(factor.managementDocument))
    }
}
