package import AuthorizationRecords
import JSON
package import Policy

/// Where links to accounts lead, and how long they count.
package struct AccountLinkTerms: Sendable {
    /// Of the page that takes them.
    let address: String
    let lifetimes: AccountLinkLifetimes

    /// - Parameter settings: with `login.links`.
    package init(_ settings: AuthorizationServerSettings) {
        address = settings.issuer.address(of: .accountLink)
        lifetimes = settings.logIn.links
    }

    /// The link itself.
    package func url(_ secret: String) -> String { address + "?link=" + secret }

    /// How long a link of this kind counts.
    package func seconds(_ purpose: AccountLink.Purpose) -> Int64 {
        switch purpose {
        case .invitation, .signUp: lifetimes.invitation.components.seconds
        case .reset, .email: lifetimes.reset.components.seconds
        }
    }
}

extension Administration {
    /// A link as it is handed over: shown this once.
    package struct MadeLink: Sendable {
        package let user: StoredUser
        /// With the secret in it.
        package let url: String
        /// Seconds since 1970.
        package let expiresAt: Int64
    }

    /// A link by which its user sets a password once. It ends every other link of the account, and ends itself with a new
    /// password, a disabling or a removal.
    /// - Parameters:
    ///   - purpose: `invitation` for an account without a password, `reset` for any other.
    ///   - sentTo: the user's address, if the link goes there: using it shows that the address is the user's.
    package func addLink(
        _ id: String, _ purpose: AccountLink.Purpose, sentTo email: String? = nil, now: Int64, random: Randomness
    ) async throws -> Done<MadeLink> {
        guard let links else { throw ManagementError.refused("users have no passwords here (login.passwords)") }
        guard let user = try await store.user(id: id) else { throw ManagementError.notFound }
        guard user.identity == nil else {
            throw ManagementError.refused("this account logs in at an OpenID provider; it has no password here")
        }
        guard !user.isDisabled else {
            throw ManagementError.conflict("the account is disabled, and a link would not let anybody in")
        }
        guard purpose != .invitation || user.passwordHash == nil else {
            throw ManagementError.conflict("the account has a password already; make a link that resets it")
        }
        let secret = RandomText.accountLink.make(random)
        let link = AccountLink(
            secret: secret, purpose, userID: id, email: email, expiresAt: now + links.seconds(purpose))
        try await commit([user.unchanged] + link.replacingOthers, now: now)
        return Done(
            change: ManagedChange(
                .userLinkAdded, id, before: nil,
                after: ["purpose": .string(purpose.rawValue), "expires_at": .integer(link.expiresAt)]),
            value: MadeLink(user: user, url: links.url(secret), expiresAt: link.expiresAt), secret: nil)
    }
}
