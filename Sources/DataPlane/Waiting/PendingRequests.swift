package import Admission
import Transport

/// The requests of one event loop that wait until something is known that their decision needs.
///
/// Whoever brings an answer calls `answered` on the loop; everybody who waited for it is judged again, from the
/// beginning. Nobody waits longer than `waitMax` in all, and no more than `waitingMax` wait at once.
package final class PendingRequests {
    /// What is waited for.
    package enum Subject: Hashable {
        /// The keys of the issuer that has this name in `routes.yaml`.
        case keys(String)
        /// What the issuer of this name says of the token with this digest.
        case token(issuer: String, Digest256)
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
    private(set) var count = 0
    private var number = 0

    init(waitMax: Int64) { self.waitMax = waitMax }

    /// nil: too many wait already.
    func wait(for subject: Subject, _ answer: DeferredAnswer<RequestPipeline>) -> Place? {
        guard count < Self.waitingMax else { return nil }
        count += 1
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
        guard let answers = waiting.removeValue(forKey: subject) else { return }
        count -= answers.count
        for (number, answer) in answers {
            let place = Place(subject: subject, number: number)
            answer.resume { $0.inquiryAnswered(place) }
        }
    }

    /// Everybody is judged again: by another policy.
    func answeredAll() { for subject in waiting.keys { answered(subject) } }

    private func take(_ place: Place) -> DeferredAnswer<RequestPipeline>? {
        guard let answer = waiting[place.subject]?.removeValue(forKey: place.number) else { return nil }
        if waiting[place.subject]?.isEmpty == true { waiting[place.subject] = nil }
        count -= 1
        return answer
    }
}
