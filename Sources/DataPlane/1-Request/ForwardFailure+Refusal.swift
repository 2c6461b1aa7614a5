import Admission
import Audit
import HTTP
import Transport

extension RefusalCode {
    /// The code's word, ready for records.
    var text: AuditText { Self.texts[self] ?? AuditText("refused") }

    private static let texts = Dictionary(
        uniqueKeysWithValues: RefusalCode.allCases.map { ($0, AuditText("\($0.facts.word)")) })
}

extension ForwardFailure {
    /// Whether the endpoint is to blame, for its health. Not for what a client can bring about: a few requests of one client
    /// would eject it for everybody.
    var countsAgainstEndpoint: Bool {
        switch reason {
        case .tooManyWaiting, .notProcessed, .noResources: false
        // Services give up on clients that send their bodies slowly, some without a word.
        case .closedEarly: !onReusedConnection && !clientOwedBody
        // A head grows with what it repeats of the request: a Location, a cookie.
        case .badResponse: detail.rule != "head_too_large"
        case .unreachable, .tlsFailed, .wrongIdentity, .connectTimeout, .firstByteTimeout: true
        }
    }

    /// RFC 9110 §9.2.2: again only what cannot have been done, or does no harm when done twice.
    func isSafeToRetry(method: Method) -> Bool {
        guard bodyUntouched else { return false }
        switch reason {
        case .unreachable, .tlsFailed, .wrongIdentity, .connectTimeout: return nothingSent
        case .closedEarly: return onReusedConnection && method.isIdempotent
        case .notProcessed: return true
        case .firstByteTimeout, .badResponse, .tooManyWaiting, .noResources: return false
        }
    }

    var refusalCode: RefusalCode {
        switch reason {
        case .unreachable, .closedEarly, .notProcessed: .upstreamUnreachable
        case .tlsFailed, .wrongIdentity: .wrongUpstreamIdentity
        case .connectTimeout, .firstByteTimeout: .upstreamTimeout
        case .badResponse: .upstreamBadResponse
        case .tooManyWaiting, .noResources: .tooManyInFlight
        }
    }
}
