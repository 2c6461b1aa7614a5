import AuthorizationRecords

/// A log-in of a moment ago, which dangerous changes of the user's own account need: a browser that somebody has left open
/// does not do.
enum FreshLogIn {
    /// Seconds since the log-in.
    static let secondsMax: Int64 = 600

    static func isGood(_ session: UserSession, now: Int64) -> Bool {
        session.authentication.time != UserAuthentication.unknownTime
            && now &- session.authentication.time <= secondsMax
    }
}
