import Admission
import Audit
import HTTP
import Transport

/// Everything that one request has come to so far. The next request on the connection begins with a new one: nothing is
/// cleared field by field, so nothing of one request can be left for another.
struct RequestState: ~Copyable {
    /// Held from the first to the last step, whatever a reload does meanwhile.
    var snapshot: Snapshot
    var identity: RequestIdentity
    /// nil: not opened yet, closed already, or refused by the log.
    var record: AuditTicket?
    var route: RouteRuntime?
    var principal: Principal?
    var permit: Permit?
    var allowance: Allowance
    var lease: Lease?
    /// Counted among the requests that have begun and not ended.
    var isInFlight = false
    /// Place among the upstream's endpoints; -1: none was picked.
    var endpoint = -1
    /// Of attempts to forward, in their order; empty for all but a few.
    var upstreamFailures: [UpstreamFailure] = []
    var refusal: RefusalCode?
    /// What there is to say of the token that was refused.
    var refusedToken: RefusedToken?
    /// What was found where the refusal expected something else.
    var difference: Difference?
    /// Of the service inside the process that answered.
    var serviceFacts: ServiceFacts?
    /// What the request waits for.
    var waiting: Waiting?
    /// Signatures that were checked for the request elsewhere: of its token and its proof, and again if the keys have
    /// changed meanwhile. Empty for nearly all.
    var checked: [CheckedSignature] = []
    /// Since when the request has asked for something from outside (monotonic nanoseconds).
    var inquiringSince: Int64?

    /// A request that waits for something from outside.
    struct Waiting {
        let place: PendingRequests.Place
        /// What becomes of the request if it waits in vain.
        let otherwise: Refusal
        /// The token about which its issuer is asked, where it vouches for it.
        let suspect: SuspectToken?
    }

    /// Before the first request of a connection.
    init(_ snapshot: Snapshot) {
        self.init(snapshot, identity: RequestIdentity(), allowance: Allowance())
    }

    private init(_ snapshot: Snapshot, identity: RequestIdentity, allowance: Allowance) {
        self.snapshot = snapshot
        self.identity = identity
        self.allowance = allowance
    }

    /// The request is over. Memory is all that the next one has of it: the octets of its names, which `begin` writes
    /// anew, and the room for its limits.
    mutating func replace(_ snapshot: Snapshot) {
        var next = RequestState(snapshot, identity: .none, allowance: Allowance())
        swap(&next.identity, &identity)
        swap(&next.allowance, &allowance)
        next.allowance.clear()
        self = next
    }

    /// A request has arrived: it goes by what is in force now, it gets its names, and its record is opened.
    mutating func begin(
        _ snapshot: Snapshot, head: borrowing RequestHead, random: inout FastRandom, journal: AuditJournal
    ) {
        self.snapshot = snapshot
        identity.renew(from: head, random: &random)
        record = journal.open(requestID: identity.requestID.octets)
    }
}
