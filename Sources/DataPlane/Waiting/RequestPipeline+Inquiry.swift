import Admission
import Issuers
import Transport

// A decision that needs to know something from outside: the request waits without holding up its event loop, and is
// judged again when the answer is there.

extension RequestPipeline {
    /// What an issuer has said of a token, and how long that counts (monotonic nanoseconds).
    typealias Introspected = (verdict: IntrospectionVerdict, freshUntil: Int64)

    /// Asks, and has the request wait for the answer.
    /// - Returns: the answer, where it is known at once; nil: the request waits.
    /// - Throws: that the token is bad; that the answer cannot be found out now; or that too many wait already.
    func inquire(_ inquiry: Inquiry, _ token: PresentedToken?, _ rules: RouteRules) throws(Refusal) -> Introspected? {
        let snapshot = request.snapshot
        switch inquiry {
        case .keys(let issuer, let kid):
            guard issuer < snapshot.keySources.count, let source = snapshot.keySources[issuer] else {
                throw inquiry.unanswered
            }
            switch source.wanted(kid: kid) {
            case .absent:
                throw refused(.unknownKey, by: issuer, token, rules)
            case .unknowable(retryAfterSeconds: let seconds):
                throw Refusal(.keysUnavailable, retryAfterSeconds: seconds)
            case .pending, .known:
                // Known, but not on this loop yet: it is on its way here.
                try wait(for: .keys(source.name), otherwise: inquiry.unanswered)
                return nil
            }
        case .introspection(let issuer, let octets, let digest):
            guard issuer < snapshot.introspection.count, let source = snapshot.introspection[issuer] else {
                throw inquiry.unanswered
            }
            let since = request.inquiringSince ?? loop.transport.now()
            switch source.asked(digest, token: octets, since: since, pending: loop.transport.lend(loop.inquiries)) {
            case .active(let verdict, let freshUntil): return (verdict, freshUntil)
            case .inactive:
                throw refused(.inactiveToken, by: issuer, token, rules)
            case .unknowable(retryAfterSeconds: let seconds):
                throw Refusal(.introspectionUnavailable, retryAfterSeconds: seconds)
            case .pending(let subject):
                try wait(for: subject, otherwise: inquiry.unanswered)
                return nil
            }
        case .signature(let question):
            try check(question, otherwise: inquiry.unanswered)
            return nil
        }
    }

    /// Has the signature checked on another thread, unless that is under way for another request on this loop.
    private func check(_ question: SignatureQuestion, otherwise refusal: Refusal) throws(Refusal) {
        let checks = loop.ledgers.signatures
        let now = loop.transport.now()
        let standing = checks.standing(of: connection.peer.address, now: now)
        let subject = PendingRequests.Subject.signature(question.name)
        let isUnderWay = loop.inquiries.isAwaited(subject)
        do throws(Refusal) {
            try wait(for: subject, placesMax: standing.placesMax, otherwise: refusal)
        } catch {
            checks.countRefusal(now: now)
            throw error
        }
        if isUnderWay { return }
        let isTaken = checks.ask(
            question, from: connection.peer.address, standing, pending: loop.transport.lend(loop.inquiries), now: now)
        guard isTaken else {
            if let waiting = request.waiting { loop.inquiries.leave(waiting.place) }
            request.waiting = nil
            checks.countRefusal(now: now)
            throw refusal
        }
    }

    private func refused(_ code: RefusalCode, by issuer: Int, _ token: PresentedToken?, _ rules: RouteRules) -> Refusal
    {
        loop.authenticator.refused(
            code, by: issuer, request.snapshot.issuers, token: token, rules: rules, peer: connection.peer,
            now: exchange.figures.startedAt)
    }

    private func wait(
        for subject: PendingRequests.Subject, placesMax: Int = PendingRequests.waitingMax, otherwise refusal: Refusal
    ) throws(Refusal) {
        let now = loop.transport.now()
        let since = request.inquiringSince ?? now
        request.inquiringSince = since
        let left = loop.inquiries.waitMax &- (now &- since)
        guard left > 0,
            let place = loop.inquiries.wait(
                for: subject, placesMax: placesMax, exchange.deferredAnswer(for: self))
        else { throw refusal }
        request.waiting = RequestState.Waiting(
            place: place, otherwise: refusal, suspect: loop.authenticator.suspect)
        let pending = loop.inquiries
        loop.transport.run(afterNanoseconds: left) { pending.expire(place) }
    }

    /// The answer is there, or it is known that there is none: judged again, by what is in force now.
    func inquiryAnswered(_ place: PendingRequests.Place) {
        guard request.waiting?.place == place else { return }
        request.waiting = nil
        request.snapshot = loop.snapshot
        decideAgain()
    }

    /// What it waited for was checked: judged again, by what is in force now.
    func signatureChecked(_ signature: CheckedSignature, _ place: PendingRequests.Place) {
        guard request.waiting?.place == place else { return }
        request.checked.append(signature)
        inquiryAnswered(place)
    }

    func inquiryExpired(_ place: PendingRequests.Place) {
        guard let waiting = request.waiting, waiting.place == place else { return }
        request.waiting = nil
        if waiting.otherwise.code == .signatureCheckUnavailable {
            loop.ledgers.signatures.countRefusal(now: loop.transport.now())
        }
        refuseUnanswered(waiting)
    }
}
