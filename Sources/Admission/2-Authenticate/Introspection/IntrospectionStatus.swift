/// What a ledger of introspection has to tell, for the log.
package enum IntrospectionNote: Sendable, Equatable {
    /// The first failure, or one of another kind than the last.
    case failed(IntrospectionFailure)
    /// The endpoint did not accept one question. It says nothing of others.
    case refused(IntrospectionFailure)
    /// Nobody is asked for so long.
    case opened(failures: Int, milliseconds: Int64)
    case recovered(failures: Int)
}

/// The state of an issuer's introspection endpoint, for health.
package struct IntrospectionStatus: Sendable, Equatable {
    /// Whether the endpoint is asked: always, not for a while, or with one question to see whether it is back.
    package enum Breaker: String, Sendable {
        case closed = "closed"
        case open = "open"
        case halfOpen = "half_open"
    }
    package var breaker: Breaker
    /// Until it is asked again.
    package var retryNanoseconds: Int64?
    /// Since the last answer; nil: there was none.
    package var succeededNanoseconds: Int64?
    /// Since the first failure after the last answer.
    package var failingNanoseconds: Int64?
    /// The last one; nil: the last question was answered.
    package var failure: IntrospectionFailure?
    /// In a row.
    package var failures: Int
    /// POSTs that have not been answered yet.
    package var callsUnderWay: Int
    /// Questions in line.
    package var waiting: Int
    /// Tokens remembered.
    package var active: Int
    /// Tokens remembered as not active.
    package var inactive: Int
    /// Answers since the start that a token is active.
    package var answeredActive = 0
    /// The same: that it is not.
    package var answeredInactive = 0
    /// Questions that were not answered since the start, by the words of `IntrospectionFailure`.
    package var failureCounts: [String: Int] = [:]

    /// Words for what somebody must look at.
    package var alarms: [String] {
        var alarms: [String] = []
        if breaker != .closed { alarms.append("introspection_suspended") }
        if let failure { alarms.append(failure.word) }
        return alarms
    }
}
