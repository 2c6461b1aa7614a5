package import AuthorizationRecords
import Policy

extension UserAccess {
    /// What a log-in of this user for this client has to reach, whatever the client asks for and the user has set up: by the
    /// client's registration, by the user's groups, and of all where one is required: sessions and grants of before lead nowhere
    /// then. nil: any will do. Of who logs in at a provider only the client demands something: what is shown there is the
    /// provider's affair.
    /// - Parameter client: nil: none asks.
    package func leastLevel(of user: StoredUser, for client: RegisteredClient?) -> AuthenticationLevel? {
        let ofUser: AuthenticationLevel? = user.identity == nil && demandsFactor(of: user) ? .multiFactor : nil
        guard let ofClient = client?.leastLevel else { return ofUser }
        return max(ofClient, ofUser ?? .password)
    }

    /// Whether all have to show a second factor, or a group of the user's demands it.
    func demandsFactor(of user: StoredUser) -> Bool {
        demandsFactorOfAll
            || rules.groups.contains(where: \.requiresSecondFactor)
                && groups(of: user).contains(where: \.requiresSecondFactor)
    }
}
