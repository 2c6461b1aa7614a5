import JSON

/// Something that waits for a user in a browser: to log in, to agree, or both.
///
/// The authorization endpoint makes it once a request is known to be good, or the device page once somebody has typed a
/// code; either sends the browser to the log-in or the consent page with its id. These pages note what the user did
/// and send the browser back to where it came from, which alone decides what comes next. So pages know nothing of
/// OAuth, and the endpoint nothing of passwords.
package struct Interaction: Sendable, Equatable {
    /// `RandomText.interaction`, in the URL of the pages as `interaction`. The record has only its digest.
    package let id: String
    /// The client that sent the browser, or that the device runs.
    package let clientID: String
    /// Digest of the secret in the cookie of the browser that began it: no other browser may go on with it (log-in
    /// CSRF).
    package let browserKey: String
    /// What waits, and how far it has come.
    package private(set) var subject: Subject
    /// Seconds since 1970.
    package let expiresAt: Int64
    /// Who has shown one factor and must show another before anybody is logged in; then `user` is nil.
    package internal(set) var firstFactor: FirstFactor?
    /// Who began it, to bound what they begin; nil: not counted. Once somebody has logged in it is theirs, and no longer
    /// the sender's.
    package internal(set) var sender: RequestSender?
    /// Of its record: 0 when it is not stored.
    package internal(set) var version: Int64 = 0

    /// What waits for a user.
    package enum Subject: Sendable, Equatable {
        /// A client's request, as the authorization endpoint judged it.
        /// - Parameter pushed: the pushed request that it is, which ends with the answer; nil: it came by the browser.
        case authorization(AuthorizationRequest, pushed: PushedReference?, Progress)
        /// A device whose user code somebody has typed.
        /// - Parameter user: who logged in for it; nil: nobody yet.
        case device(userCode: String, user: AuthenticatedUser?)
        /// A page about the user's own account, which no client asks for.
        /// - Parameter user: who logged in for it; nil: nobody yet.
        case account(AccountPlace, user: AuthenticatedUser?)
    }

    /// Pages about the user's own account to which a log-in may lead.
    package enum AccountPlace: String, Sendable, CaseIterable { case overview, password, email, factors }

    /// `clientID` where no client asks: no client has this id.
    package static let noClient = ""

    /// How far an authorization request has come.
    package enum Progress: Sendable, Equatable {
        /// Nobody has logged in in its course.
        case begun
        /// Somebody has, and has not been asked yet.
        case loggedIn(AuthenticatedUser)
        /// The user has answered on the consent page.
        case decided(AuthenticatedUser, Consent)
        /// The user came back from the provider without having logged in, and has nothing else to do here.
        case turnedAway(LogInRefusal)
    }

    /// What the provider said (RFC 6749 §4.1.2.1, OpenID Connect Core Unmet Authentication Requirements).
    package enum LogInRefusal: String, Sendable, CaseIterable {
        case denied = "access_denied"
        case unmet = "unmet_authentication_requirements"
    }

    /// What the user answered on the consent page.
    package enum Consent: String, Sendable, CaseIterable { case given, refused }

    /// A new one.
    package init(
        id: String, clientID: String, browserKey: String, subject: Subject, expiresAt: Int64,
        sender: RequestSender? = nil
    ) {
        self.id = id
        self.clientID = clientID
        self.browserKey = browserKey
        self.subject = subject
        self.expiresAt = expiresAt
        self.sender = sender
    }

    // MARK: What is known

    /// What the client asks for; nil for a device.
    package var request: AuthorizationRequest? {
        if case .authorization(let request, _, _) = subject { request } else { nil }
    }

    /// The pushed request (RFC 9126) that this one is.
    package var pushed: PushedReference? {
        if case .authorization(_, let pushed, _) = subject { pushed } else { nil }
    }

    /// Who logged in in its course; nil: nobody yet.
    package var user: AuthenticatedUser? {
        switch subject {
        case .authorization(_, _, .loggedIn(let user)), .authorization(_, _, .decided(let user, _)): user
        case .authorization(_, _, .begun), .authorization(_, _, .turnedAway): nil
        case .device(_, let user), .account(_, let user): user
        }
    }

    /// nil: the user has not been asked yet.
    package var consent: Consent? {
        if case .authorization(_, _, .decided(_, let consent)) = subject { consent } else { nil }
    }

    /// nil: the provider has not turned the user away.
    package var logInRefusal: LogInRefusal? {
        if case .authorization(_, _, .turnedAway(let refusal)) = subject { refusal } else { nil }
    }

    // MARK: What happens

    /// Somebody has shown one factor. Whoever had logged in before is forgotten, and so is what was answered: nobody is
    /// logged in until the second one is there.
    package mutating func pass(_ factor: FirstFactor) {
        switch subject {
        case .authorization(_, _, .turnedAway): return
        case .authorization(let request, let pushed, _): subject = .authorization(request, pushed: pushed, .begun)
        case .device(let code, _): subject = .device(userCode: code, user: nil)
        case .account(let place, _): subject = .account(place, user: nil)
        }
        firstFactor = factor
    }

    /// Somebody has logged in. What was answered before counts no longer, unless the provider has turned the user
    /// away: then the client is told so.
    package mutating func logIn(_ user: AuthenticatedUser) {
        firstFactor = nil
        switch subject {
        case .authorization(_, _, .turnedAway): break
        case .authorization(let request, let pushed, _):
            subject = .authorization(request, pushed: pushed, .loggedIn(user))
        case .device(let code, _): subject = .device(userCode: code, user: user)
        case .account(let place, _): subject = .account(place, user: user)
        }
    }

    /// It was written again as it is; what was made for the version before counts no longer.
    package mutating func noteWritten() { version &+= 1 }

    /// Whoever logged in has answered. False: nobody has, or nobody is asked here.
    package mutating func decide(_ consent: Consent) -> Bool {
        guard case .authorization(let request, let pushed, _) = subject, let user else { return false }
        subject = .authorization(request, pushed: pushed, .decided(user, consent))
        return true
    }

    /// The provider would not log the user in. False: there is no client to be told.
    package mutating func turnAway(_ refusal: LogInRefusal) -> Bool {
        guard case .authorization(let request, let pushed, _) = subject else { return false }
        subject = .authorization(request, pushed: pushed, .turnedAway(refusal))
        return true
    }
}

/// One factor that somebody has shown, while another is due.
package struct FirstFactor: Sendable, Equatable {
    /// Whose account it is.
    package let userID: String
    /// What was shown, and when.
    package let authentication: UserAuthentication
    /// Of the account at that time: with a new password, or a factor less, it is void.
    package let epoch: Int64
    /// Seconds since 1970: so long the other one may take.
    package let endsAt: Int64

    /// How long after the first the second may come.
    package static let seconds: Int64 = 600

    /// - Parameter now: seconds since 1970; a log-in in a session may be older.
    package init(_ user: StoredUser, _ authentication: UserAuthentication, now: Int64) {
        self.init(
            userID: user.id, authentication: authentication, epoch: user.epoch, endsAt: now &+ Self.seconds)
    }

    init(userID: String, authentication: UserAuthentication, epoch: Int64, endsAt: Int64) {
        self.userID = userID
        self.authentication = authentication
        self.epoch = epoch
        self.endsAt = endsAt
    }
}

/// Which pushed request (RFC 9126) an authorization request is.
package struct PushedReference: Sendable, Equatable {
    /// Of its record.
    package let key: String
    /// As it was read: whoever answers it first ends it.
    package let version: Int64

    package init(key: String, version: Int64) {
        self.key = key
        self.version = version
    }
}

/// Somebody who has logged in, and how.
package struct AuthenticatedUser: Sendable, Equatable {
    /// `sub` of the user.
    package let id: String
    package let authentication: UserAuthentication

    package init(id: String, _ authentication: UserAuthentication) {
        self.id = id
        self.authentication = authentication
    }
}
