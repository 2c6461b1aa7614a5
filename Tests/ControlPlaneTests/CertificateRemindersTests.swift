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
        let entries = [entry("a", until: 100 * Self.day), entry("b", until: 200 * Self.day)]
        var times = CertificateTimes(entries, readAt: 90 * Self.day)
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
        times = CertificateTimes(entries, readAt: 101 * Self.day + 2)
        #expect(due(101 * Self.day + 2, times, generation: 2) == [])
        #expect(due(102 * Self.day + 1, times, generation: 2) == ["a expired"])
        let renewed = CertificateTimes(
            [entry("a", until: 190 * Self.day), entry("b", until: 200 * Self.day)], readAt: 104 * Self.day)
        #expect(due(104 * Self.day, renewed, generation: 3) == [])
        // A clock that was wrong for an hour.
        #expect(due(300 * Self.day, times, generation: 3) == ["a expired", "b expired"])
        #expect(due(95 * Self.day, times, generation: 3) == ["a expires_soon"])
    }

    @Test("what was so when the policy came into force is in the log already, and said again a day later")
    func atStart() {
        var reminders = CertificateReminders()
        let times = CertificateTimes([entry("a", until: 10)], readAt: 100)
        #expect(reminders.due(times, generation: 1, now: 100).isEmpty)
        #expect(reminders.due(times, generation: 1, now: 100 + Self.day - 1).isEmpty)
        #expect(reminders.due(times, generation: 1, now: 100 + Self.day).count == 1)
    }

    /// When it was read, when it was first looked at, and from when to when the certificate is valid.
    private static let firstLooks:
        [(read: Int64, look: Int64, from: Int64, until: Int64, due: CertificateTimes.Alarm?)] = [
            // Renewed with six seconds of life: the reload said that it expires soon.
            (100_000, 100_060, 0, 100_006, .expired),
            (100_000, 100_007, 0, 100_006, .expired),
            // It expired while the policy was read.
            (100_000, 100_001, 0, 99_999, .expired),
            (100_000, 100_001, 0, 90_000, nil),
            // In force before it is valid, and valid for some seconds.
            (100_000, 100_060, 100_010, 100_020, .expired),
            (100_000, 100_060, 100_010, 200_000, .expiresSoon),
            (100_000, 100_005, 100_010, 200_000, nil),
            // Sound when it was read.
            (100_000, 100_060, 0, 100_001 + 7 * day, .expiresSoon),
            (100_000, 100_060, 0, 100_000 + 8 * day, nil),
        ]

    @Test(
        "what began between the reading of a policy and the first look at it is said, whatever else was said of it",
        arguments: firstLooks)
    func firstLook(_ moment: (read: Int64, look: Int64, from: Int64, until: Int64, due: CertificateTimes.Alarm?)) {
        var reminders = CertificateReminders()
        let times = CertificateTimes([entry("a", from: moment.from, until: moment.until)], readAt: moment.read)
        #expect(reminders.due(times, generation: 1, now: moment.look).map(\.alarm) == (moment.due.map { [$0] } ?? []))
        #expect(reminders.due(times, generation: 1, now: moment.look).isEmpty)
    }
}
