import AuthorizationRecords
package import JSON

/// A change that whoever runs the server has made: what was changed, and how it was before and after. There is no
/// secret in it, nor anything that one is recognised by, so that it can go into a record as it is.
package struct ManagedChange: Sendable, Equatable {
    /// One word each, for records: they never change their meaning.
    package enum Action: String, Sendable, CaseIterable {
        case clientAdded = "client_added"
        case clientChanged = "client_changed"
        case clientRemoved = "client_removed"
        case secretAdded = "client_secret_added"
        case secretRemoved = "client_secret_removed"
        case userAdded = "user_added"
        case userChanged = "user_changed"
        case userRemoved = "user_removed"
        case factorsRemoved = "user_factors_removed"
        case userLinkAdded = "user_link_added"
        case grantRevoked = "grant_revoked"
        case sessionEnded = "session_ended"
        case sessionsEnded = "user_sessions_ended"
        case keysRotated = "keys_rotated"
        case keyRetired = "key_retired"

        /// Whether somebody may do less than before. A gateway that remembers who that was goes on for a moment, so whoever
        /// makes the change waits for `settling` before it says that it is made.
        package var takesAway: Bool {
            switch self {
            case .clientChanged, .clientRemoved, .secretRemoved, .userChanged, .userRemoved, .factorsRemoved,
                .grantRevoked, .sessionEnded, .sessionsEnded, .keysRotated, .keyRetired:
                true
            case .clientAdded, .secretAdded, .userAdded, .userLinkAdded: false
            }
        }
    }

    /// By then no gateway that reaches its store goes on: it remembers a client for 0.2 s, and looks four times a second, or
    /// is told, whether something was revoked.
    package static let settling = Duration.milliseconds(600)
    /// By then what comes into being counts, although tokens of before were ended (`Revoker.overtakingSeconds`, and the
    /// second of the change).
    package static let overtaking = Duration.seconds(Revoker.overtakingSeconds + 1)
    package let action: Action
    /// Of the client, user, grant or key.
    package let id: String
    /// What it was; nil: there was none.
    package let before: JSONObject?
    /// What it is; nil: it is gone.
    package let after: JSONObject?
    /// So long whoever made the change waits until it says that it is made.
    package internal(set) var settling: Duration

    /// Nothing is another than before: there is nothing to record, and no new version.
    package var isEmpty: Bool {
        guard let before, let after else { return false }
        return before.count == 0 && after.count == 0
    }

    /// Of two descriptions only what differs is kept.
    package init(_ action: Action, _ id: String, before: JSONObject?, after: JSONObject?) {
        self.action = action
        self.id = id
        settling = action.takesAway ? Self.settling : .zero
        guard let before, let after else {
            self.before = before
            self.after = after
            return
        }
        let names = before.names + after.names.filter { before[$0] == nil }
        var old: JSONObject = [:]
        var new: JSONObject = [:]
        for name in names where before[name] != after[name] {
            old[name] = before[name]
            new[name] = after[name]
        }
        self.before = old
        self.after = new
    }
}

/// Why something stays as it is.
package enum ManagementError: Error, Equatable, Sendable, CustomStringConvertible {
    case notFound
    /// It is not in the version that was expected, or somebody else was faster.
    case changedMeanwhile
    /// Too many wait for passwords to be computed; nothing was changed.
    case busy
    /// What is asked for cannot be: a sentence that says why. It never holds a secret.
    case refused(String)
    /// It conflicts with an existing object or its state.
    case conflict(String)

    package var description: String {
        switch self {
        case .notFound: "there is no such thing"
        case .changedMeanwhile: "it was changed by somebody else at the same time; look at it, and try again"
        case .busy: "too many passwords are being set; try again in some seconds"
        case .refused(let reason), .conflict(let reason): reason
        }
    }
}
