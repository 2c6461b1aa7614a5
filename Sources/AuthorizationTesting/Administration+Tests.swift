import JOSE
import Policy

@testable import Administration
@testable import AuthorizationRecords
@testable import LogIn

extension Administration {
    /// With passwords that cost nothing to compute.
    static func forTests(
        _ store: any AuthorizationStore, _ pepper: SecretPepper, users: UserRules = UserRules(),
        links: AccountLinkTerms? = nil
    )
        -> Administration
    {
        Administration(
            store: store, pepper: pepper, hasher: PasswordHasher(atOnce: 2, parameters: LogInHarness.cheap),
            profile: .standard, authorizationDetailsTypes: ["payment", "account"], users: users,
            terms: SigningTerms(
                schedule: KeySchedule(algorithms: [.es256], rotationSeconds: 30 * 86_400, tokenSeconds: 600), seal: nil),
            links: links,
            clock: { newYear2026 })
    }
}
