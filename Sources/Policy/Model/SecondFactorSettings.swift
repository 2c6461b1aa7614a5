extension LogInSettings {
    /// Whether there are second factors: with log-ins by password, and not switched off.
    package var asksForFactors: Bool { passwords && secondFactor.mode != .off }
}

/// What users of the built-in authorization server show besides the password.
package struct SecondFactorSettings: Sendable, Equatable {
    /// Who is asked for one.
    package enum Mode: String, Sendable, CaseIterable {
        /// Nobody, not even those who have one.
        case off
        /// Those who have set one up.
        case optional
        /// Everybody; who has none sets one up at the next log-in.
        case required
    }

    /// What users may set up. What they have set up before counts as well.
    package enum Method: String, Sendable, CaseIterable {
        /// WebAuthn; also instead of name and password.
        case passkey
        /// An authenticator app (RFC 6238).
        case totp
    }

    /// What becomes of somebody who needs one and has none.
    package enum Missing: String, Sendable, CaseIterable {
        /// It is set up in the course of the log-in.
        case setUp = "set_up"
        /// The log-in ends there, with a page that says so.
        case refuse
    }

    /// Who is asked.
    package var mode = Mode.optional
    /// Of who needs one and has none.
    package var missing = Missing.setUp
    /// In the order in which they are offered; never empty.
    package var methods = Method.allCases

    package init() {}

    /// Whether users may set this up.
    package func offers(_ method: Method) -> Bool { mode != .off && methods.contains(method) }
}
