import Octets
package import Policy

/// Every bound of a ledger of introspection, with its unit and reason. Times are monotonic nanoseconds.
package struct IntrospectionBounds: Sendable, Equatable {
    /// How long an answer counts that a token is active, and that it is not.
    package var activeLifetime: Int64 = 30 * second
    /// How long an answer counts that a token is not active.
    package var inactiveLifetime: Int64 = 10 * second
    /// For one question, calls and waiting in line together.
    package var deadline: Int64 = second
    /// A call that has not been answered by then has a second one beside it.
    package var hedgeAfter: Int64 = 300_000_000
    /// Active tokens remembered; each with its claims, some kibibytes.
    package var activeMax = 4_096
    /// Others remembered: some tens of octets. A place of their own, so that random tokens push out no good one.
    package var inactiveMax = 4_096
    /// Questions that failed, for the requests that waited for them.
    package var failedMax = 1_024
    /// Calls under way at a time: connections to the endpoint.
    package var callsMax = 64
    /// Questions that wait for a call; each holds its token.
    package var lineMax = 1_024
    /// Failures in a row after which nobody is asked for a while.
    package var failuresMax = 5
    /// How long for the first time; doubled by each further failure.
    package var openMin: Int64 = second
    /// However often it has failed.
    package var openMax: Int64 = 30 * second

    /// In nanoseconds.
    package static let second: Int64 = 1_000_000_000

    package init() {}

    /// With what the policy says. A second call never begins later than after three tenths of the deadline.
    package init(_ introspection: Introspection) {
        activeLifetime = introspection.activeLifetime.nanosecondsBounded
        inactiveLifetime = introspection.inactiveLifetime.nanosecondsBounded
        deadline = introspection.deadline.nanosecondsBounded
        hedgeAfter = min(hedgeAfter, deadline / 10 * 3)
    }
}

extension Duration {
    /// Saturating; never negative.
    fileprivate var nanosecondsBounded: Int64 { max(0, nanoseconds) }
}
