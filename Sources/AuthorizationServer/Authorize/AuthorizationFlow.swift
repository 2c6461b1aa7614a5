import AuthorizationRecords
import JSON
import LogIn

/// A request on its way to an answer: what it asks for, and what is known so far.
struct AuthorizationFlow: Sendable {
    var request: AuthorizationRequest
    var client: RegisteredClient
    var user: LoggedInUser?
    /// Seconds since 1970.
    var now: Int64
    /// nil: the browser has just come from the client.
    var interaction: Interaction?
    /// The pushed request that it is, which ends with the answer.
    var pushed: PushedReference?
    /// What of the request the user may be granted; nil: nobody is logged in.
    var share: UserAccess.Share?

    /// What the log-in has to reach, for this client and this user; nil: any will do.
    var leastLevel: AuthenticationLevel?

    init(request: AuthorizationRequest, client: RegisteredClient, user: LoggedInUser?, now: Int64) {
        self.request = request
        self.client = client
        self.user = user
        self.now = now
    }

    func next(isCovered: Bool, _ contexts: AuthenticationContexts) -> NextStep {
        NextStep.after(
            request, user: user, isFresh: interaction != nil, loggedInHere: loggedInHere, consent: interaction?.consent,
            isCovered: isCovered, mayNothing: share?.isNothing ?? false,
            leastLevel: leastLevel, contexts: contexts, now: now)
    }

    /// The request, as far as the user may be granted it.
    var grantable: AuthorizationRequest {
        var request = request
        if let share { request.scopes = share.granted }
        return request
    }

    /// Whether the user logged in after this request had begun.
    private var loggedInHere: Bool {
        guard let interaction, let user else { return false }
        return user.authentication.time >= interaction.expiresAt - AuthorizationEndpoint.interactionSeconds
    }

    /// Whether an earlier consent counts. Of an application that anybody on the device can pretend to be, the user is
    /// asked each time (RFC 8252 §8.6, RFC 6749 §10.2); so are users of one that nobody has vouched for, which can say
    /// something else of itself tomorrow.
    var mayRemember: Bool {
        client.openUntil == nil && (!client.isPublic || request.redirectURI.hasPrefix("https://"))
    }
}

extension AuthorizationRequest {
    /// Whether a user who agreed to that has agreed to this.
    func isCovered(by grant: Grant, now: Int64) -> Bool {
        let agreed = grant.scopes + (grant.claims?.scopes ?? [])
        return now < grant.expiresAt && (scopes + (claims?.scopes ?? [])).allSatisfy(agreed.contains)
            && resources.allSatisfy(grant.resources.contains)
            && (authorizationDetails == nil || authorizationDetails == grant.authorizationDetails)
    }
}

extension LoggedInUser {
    /// As a client is told that asks for these values of `acr`.
    /// - Parameter least: what it had to reach: it is not told of less.
    func told(asked values: [String], atLeast least: AuthenticationLevel?) -> LoggedInUser {
        var told = self
        let values = values.filter { value in
            AuthenticationLevel(rawValue: value).map { $0 >= least ?? .password } ?? true
        }
        told.authentication = authentication.told(asked: values)
        return told
    }

    init(_ session: UserSession) {
        self.init(
            userID: session.userID, authentication: session.authentication, sessionID: session.sid)
    }
}

extension Interaction {
    /// Over: only as it was when it was read.
    var removal: StoreChange { .remove(.interaction, key: record.key, version: version) }
}
