import Octets
import Testing

@testable import Outgoing

@Suite("Attacks on mail")
struct MailAttackTests {
    @Test(
        "Attack: recipients, fields and commands in what a message says stay text",
        arguments: [
            "x\r\nBcc: victim@mail.example", "x\nBcc: victim@mail.example", "x\r\n.\r\nMAIL FROM:<a@b>\r\n",
            "?=\r\nTo: victim@mail.example", "\r\n\r\n<script>", ".\r\nQUIT",
        ])
    func injection(text: String) throws {
        let message = MailMessage(
            from: try #require(MailAddress("a@b.example")), fromName: text,
            to: try #require(MailAddress("c@d.example")),
            subject: text, text: text, date: 0, id: text)
        let wire = String(decoding: SMTPConversation.stuffed(message.octets), as: UTF8.self)
        let parts = wire.split(separator: "\r\n\r\n", maxSplits: 1).map(String.init)
        let names = parts[0].split(separator: "\r\n").filter { !$0.hasPrefix(" ") }.map { $0.prefix { $0 != ":" } }
        #expect(
            names == [
                "Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
                "Content-Transfer-Encoding",
            ])
        #expect(!parts[0].contains("victim@"))
        // The one line with a dot alone is the last one.
        let lines = wire.split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.filter { $0 == "." }.count == 1 && wire.hasSuffix("\r\n.\r\n"))
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var lines: [String]
        var fault: MailFault
    }

    @Test(
        "Attack: what a server says beside its answer to STARTTLS ends the conversation, and so does what is out of turn",
        arguments: [
            Case(
                testDescription: "injected behind STARTTLS",
                lines: ["220 hi", "250-hi\r\n250 STARTTLS", "220 go\r\n250-hi\r\n250 AUTH PLAIN"],
                fault: .injectedBeforeTLS),
            Case(
                testDescription: "half a line behind STARTTLS",
                lines: ["220 hi", "250-hi\r\n250 STARTTLS", "220 go\r\n2"], fault: .injectedBeforeTLS),
            Case(
                testDescription: "an answer before the handshake is over",
                lines: ["220 hi", "250-hi\r\n250 STARTTLS", "220 go", "250 hi"], fault: .outOfTurn),
            Case(testDescription: "two answers at once", lines: ["220 hi\r\n250 hi"], fault: .outOfTurn),
            Case(testDescription: "an answer where data is due", lines: ["354 go on"], fault: .outOfTurn),
            Case(testDescription: "no reply", lines: ["HTTP/1.1 200 OK"], fault: .malformed),
            Case(testDescription: "codes that differ", lines: ["220-a\r\n250 b"], fault: .malformed),
            Case(testDescription: "a code that is none", lines: ["999 a"], fault: .malformed),
            Case(
                testDescription: "a reply without end",
                lines: [String(repeating: "220-x\r\n", count: 3_000)], fault: .malformed),
            Case(
                testDescription: "a line without end", lines: [String(repeating: "2", count: 20_000)], fault: .malformed
            ),
        ])
    func outOfTurn(_ attack: Case) throws {
        var dialogue = MailDialogue(
            try MailDialogue.message(), login: .init(user: "u", password: Array("secret".utf8)))
        for line in attack.lines { dialogue.says(line) }
        #expect(dialogue.end == .failed(attack.fault))
        #expect(!dialogue.sent.contains { $0.contains("AUTH") || $0.contains("MAIL") })
        let count = dialogue.sent.count
        dialogue.says("220 go", "TLS", "250 hi")
        #expect(dialogue.sent.count == count, "nothing is said after the end")
    }

    @Test("Attack: taking TLS away. Without STARTTLS, or without TLS at all, no password is sent")
    func downgrade() throws {
        for security in [SMTPConversation.Security.startTLS, .asItIs(isTLS: false)] {
            var dialogue = MailDialogue(
                try MailDialogue.message(), security, login: .init(user: "u", password: Array("secret".utf8)))
            dialogue.says("220 hi", "250-hi\r\n250 AUTH PLAIN LOGIN")
            #expect(dialogue.end == .failed(.noTLS))
            #expect(dialogue.sent == ["EHLO login.example\r\n"])
        }
    }
}
