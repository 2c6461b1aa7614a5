import Testing

@testable import Gateway

@Suite("certificates whose time is over are spoken of")
struct CertificateRemindersTests {
    private static let day: Int64 = 86_400

    private func entry(_ path: String, from: Int64 = 0, until: Int64) -> CertificateTimes.Entry {
        CertificateTimes.Entry(
            path: path, place: "routes.yaml:5:9", number: 1, identity: "dns:\(path)", notBefore: from, notAfter: until)
    }

    private static let moments: [(now: Int64, alarm: CertificateTimes.Alarm?)] = [
        (-1, .notYetValid), (0, nil), (30 * day, nil), (93 * day, nil), (93 * day + 1, .expiresSoon),
        (100 * day, .expiresSoon), (100 * day + 1, .expired),
    ]

    @Test("what the time of a certificate means", arguments: moments)
    func alarm(now: Int64, alarm: CertificateTimes.Alarm?) {
        #expect(entry("a", until: 100 * Self.day).alarm(now: now) == alarm)
    }

    @Test("when it begins, once a day while it lasts, and no more when it is renewed")
    func daily() {
        var reminders = CertificateReminders()
        let times = CertificateTimes([entry("a", until: 100 * Self.day), entry("b", until: 200 * Self.day)])
        func due(_ now: Int64, _ times: CertificateTimes, generation: Int = 1) -> [String] {
            reminders.due(times, generation: generation, now: now).map { "\($0.entry.path) \($0.alarm.rawValue)" }
        }
        #expect(due(90 * Self.day, times) == [])
        #expect(due(94 * Self.day, times) == ["a expires_soon"])
        #expect(due(94 * Self.day + 60, times) == [])
        #expect(due(100 * Self.day + 1, times) == ["a expired"])
        #expect(due(101 * Self.day, times) == [])
        #expect(due(101 * Self.day + 1, times) == ["a expired"])
        // The findings of a reload have said it.
        #expect(due(101 * Self.day + 2, times, generation: 2) == [])
        #expect(due(102 * Self.day + 1, times, generation: 2) == ["a expired"])
        let renewed = CertificateTimes([entry("a", until: 190 * Self.day), entry("b", until: 200 * Self.day)])
        #expect(due(104 * Self.day, renewed, generation: 3) == [])
        // A clock that was wrong for an hour.
        #expect(due(300 * Self.day, times, generation: 3) == ["a expired", "b expired"])
        #expect(due(95 * Self.day, times, generation: 3) == ["a expires_soon"])
    }

    @Test("what was so when the policy came into force is in the log already, and said again a day later")
    func atStart() {
        var reminders = CertificateReminders()
        let times = CertificateTimes([entry("a", until: 10)])
        #expect(reminders.due(times, generation: 1, now: 100).isEmpty)
        #expect(reminders.due(times, generation: 1, now: 100 + Self.day - 1).isEmpty)
        #expect(reminders.due(times, generation: 1, now: 100 + Self.day).count == 1)
    }
}
