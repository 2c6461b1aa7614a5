package import Admission
import Transport

/// The requests of one event loop that wait until something is known that their decision needs.
///
/// Whoever brings an answer calls `answered` on the loop; everybody who waited for it is judged again, from the
/// beginning. Nobody waits longer than `waitMax` in all, and no more than `waitingMax` wait at once; for signatures as
/// many as `SenderStanding.placesMax` says.
package final class PendingRequests {
    /// What is waited for.
    package enum Subject: Hashable {
        /// The keys of the issuer that has this name in `routes.yaml`.
        case keys(String)
        /// What the issuer of this name says of the token with this digest.
        case token(issuer: String, Digest256)
        /// What comes of the check of this signature.
        case signature(SignatureName)
    }

    /// One request's place among them.
    struct Place: Hashable {
        fileprivate let subject: Subject
        fileprivate let number: Int
    }

    /// Requests waiting on one event loop: each holds a connection and at most one read of its body.
    static let waitingMax = 1_024
    /// Nanoseconds that a request waits at most, whatever it asks for and however often.
    let waitMax: Int64

    private var waiting: [Subject: [Int: DeferredAnswer<RequestPipeline>]] = [:]
    /// Requests that wait for keys or introspection.
    private(set) var count = 0
    /// Requests that wait for a signature: counted apart, because senders cause them as they like.
    private(set) var signatureCount = 0
    private var number = 0
    /// The last request that waited for this signature has left.
    private let onAbandonedSignature: (SignatureName) -> Void

    init(waitMax: Int64, onAbandonedSignature: @escaping (SignatureName) -> Void) {
        self.waitMax = waitMax
        self.onAbandonedSignature = onAbandonedSignature
    }

    /// Somebody waits for it.
    func isAwaited(_ subject: Subject) -> Bool { waiting[subject] != nil }

    /// - Parameter placesMax: requests that wait for signatures, from which on this one may not, if it is for one.
    /// - Returns: nil: too many wait already.
    func wait(
        for subject: Subject, placesMax: Int = PendingRequests.waitingMax, _ answer: DeferredAnswer<RequestPipeline>
    ) -> Place? {
        if case .signature = subject {
            guard signatureCount < placesMax else { return nil }
            signatureCount += 1
        } else {
            guard count < Self.waitingMax else { return nil }
            count += 1
        }
        number &+= 1
        waiting[subject, default: [:]][number] = answer
        return Place(subject: subject, number: number)
    }

    /// Its request is over, or waits no longer. A place that was given up before is none.
    func leave(_ place: Place) { _ = take(place) }

    /// Its time is over: its request is told so, if it still waits there.
    func expire(_ place: Place) {
        take(place)?.resume { $0.inquiryExpired(place) }
    }

    /// Everybody who waits for it is judged again.
    package func answered(_ subject: Subject) {
        guard let answers = takeAll(subject) else { return }
        for (number, answer) in answers {
            let place = Place(subject: subject, number: number)
            answer.resume { $0.inquiryAnswered(place) }
        }
    }

    /// A signature was checked; who waits for it is judged again, by what is in force now.
    func checked(_ signature: CheckedSignature) {
        let subject = Subject.signature(signature.name)
        for (number, answer) in takeAll(subject) ?? [:] {
            let place = Place(subject: subject, number: number)
            answer.resume { $0.signatureChecked(signature, place) }
        }
    }

    /// Everybody is judged again: by another policy. Not who waits for a signature: its check goes on, and what comes
    /// of it counts only if the keys are still the same.
    func answeredAll() {
        for subject in waiting.keys {
            if case .signature = subject { continue }
            answered(subject)
        }
    }

    private func takeAll(_ subject: Subject) -> [Int: DeferredAnswer<RequestPipeline>]? {
        guard let answers = waiting.removeValue(forKey: subject) else { return nil }
        uncount(subject, answers.count)
        return answers
    }

    private func uncount(_ subject: Subject, _ number: Int) {
        if case .signature = subject { signatureCount -= number } else { count -= number }
    }

    private func take(_ place: Place) -> DeferredAnswer<RequestPipeline>? {
        guard let answer = waiting[place.subject]?.removeValue(forKey: place.number) else { return nil }
        uncount(place.subject, 1)
        if waiting[place.subject]?.isEmpty == true {
            waiting[place.subject] = nil
            if case .signature(let name) = place.subject { onAbandonedSignature(name) }
        }
        return answer
    }
}
