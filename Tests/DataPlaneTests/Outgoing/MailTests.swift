import Octets
import Testing

@testable import Outgoing

/// A conversation in which a test plays the server.
struct MailDialogue {
    var conversation: SMTPConversation
    private(set) var sent: [String] = []
    private(set) var end: SMTPConversation.Action?

    static func message(to: String = "bob@mail.example", subject: String = "Hello", text: String = "One\n")
        throws -> MailMessage
    {
        MailMessage(
            from: try #require(MailAddress("accounts@login.example")), fromName: "Accounts",
            to: try #require(MailAddress(to)), subject: subject, text: text, date: 1_767_225_600, id: "id-1")
    }

    init(
        _ message: MailMessage, _ security: SMTPConversation.Security = .startTLS,
        login: SMTPConversation.Login? = nil
    ) {
        conversation = SMTPConversation(message, name: "login.example", security: security, login: login)
    }

    /// The server says this; `TLS` is the end of the handshake.
    mutating func says(_ lines: String...) {
        for line in lines {
            take(line == "TLS" ? conversation.secured() : conversation.received(Array((line + "\r\n").utf8)))
        }
    }

    private mutating func take(_ actions: [SMTPConversation.Action]) {
        for action in actions {
            switch action {
            case .send(let octets): sent.append(String(decoding: octets, as: UTF8.self))
            case .startTLS: sent.append("handshake")
            case .delivered, .failed: if end == nil { end = action }
            }
        }
    }
}

@Suite("Mail")
struct MailTests {
    private static let password = Array("p\u{E4}ss".utf8)

    @Test("a message goes over STARTTLS, with the name and the password only behind it")
    func startTLS() throws {
        var dialogue = MailDialogue(
            try MailDialogue.message(), login: .init(user: "portcullis", password: Self.password))
        dialogue.says(
            "220 mail.example ESMTP", "250-mail.example\r\n250-SIZE 1000\r\n250 STARTTLS", "220 go ahead", "TLS",
            "250-mail.example\r\n250 AUTH LOGIN PLAIN", "235 ok", "250 ok", "250 ok", "354 go on", "250 queued")
        #expect(dialogue.end == .delivered)
        #expect(
            dialogue.sent.enumerated().map { $0 == 8 ? "message" : $1 } == [
                "EHLO login.example\r\n", "STARTTLS\r\n", "handshake", "EHLO login.example\r\n",
                "AUTH PLAIN AHBvcnRjdWxsaXMAcMOkc3M=\r\n", "MAIL FROM:<accounts@login.example>\r\n",
                "RCPT TO:<bob@mail.example>\r\n", "DATA\r\n", "message", "QUIT\r\n",
            ])
        #expect(dialogue.sent[8].hasSuffix("\r\nOne\r\n.\r\n"))
    }

    @Test("a server that only knows AUTH LOGIN is told the name and the password one after the other")
    func authLogin() throws {
        var dialogue = MailDialogue(
            try MailDialogue.message(), .asItIs(isTLS: true), login: .init(user: "user", password: Array("pass".utf8)))
        dialogue.says("220 hi", "250-hi\r\n250 AUTH=LOGIN", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok")
        #expect(
            dialogue.sent == [
                "EHLO login.example\r\n", "AUTH LOGIN\r\n", "dXNlcg==\r\n", "cGFzcw==\r\n",
                "MAIL FROM:<accounts@login.example>\r\n",
            ])
    }

    struct Failure: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var lines: [String]
        var isPermanent: Bool
        var word: String
    }

    @Test(
        "what a server refuses ends it, and says whether another attempt is of use",
        arguments: [
            Failure(testDescription: "no service", lines: ["554 go away"], isPermanent: false, word: "refused"),
            Failure(testDescription: "no EHLO", lines: ["220 hi", "502 what"], isPermanent: true, word: "refused"),
            Failure(testDescription: "no STARTTLS", lines: ["220 hi", "250 hi"], isPermanent: false, word: "tls"),
            Failure(
                testDescription: "TLS not now", lines: ["220 hi", "250-hi\r\n250 STARTTLS", "454 later"],
                isPermanent: false, word: "refused"),
            Failure(
                testDescription: "no AUTH", lines: ["220 hi", "250-hi\r\n250 STARTTLS", "220 go", "TLS", "250 hi"],
                isPermanent: false, word: "authentication"),
            Failure(
                testDescription: "wrong password",
                lines: ["220 hi", "250-hi\r\n250 STARTTLS", "220 go", "TLS", "250-hi\r\n250 AUTH PLAIN", "535 no"],
                isPermanent: false, word: "authentication"),
            Failure(
                testDescription: "unknown recipient",
                lines: [
                    "220 hi", "250-hi\r\n250 STARTTLS", "220 go", "TLS", "250-hi\r\n250 AUTH PLAIN", "235 ok", "250 ok",
                    "550 no such user",
                ], isPermanent: true, word: "refused"),
            Failure(
                testDescription: "grey list",
                lines: [
                    "220 hi", "250-hi\r\n250 STARTTLS", "220 go", "TLS", "250-hi\r\n250 AUTH PLAIN", "235 ok", "250 ok",
                    "451 later",
                ], isPermanent: false, word: "refused"),
        ])
    func refusals(_ failure: Failure) throws {
        var dialogue = MailDialogue(
            try MailDialogue.message(), login: .init(user: "portcullis", password: Self.password))
        for line in failure.lines { dialogue.says(line) }
        guard case .failed(let fault)? = dialogue.end else {
            Issue.record("it goes on: \(dialogue.sent)")
            return
        }
        #expect(fault.isPermanent == failure.isPermanent && fault.word == failure.word, "\(fault)")
        #expect(!"\(fault)".contains("p\u{E4}ss"))
    }

    @Test("a text is quoted-printable, lines of 76 octets at most, and means what it was")
    func quotedPrintable() {
        for (text, expected) in [
            ("Grüße = 1 \nx", "Gr=C3=BC=C3=9Fe =3D 1=20\r\nx\r\n"), ("", "\r\n"), ("a\rb\n", "a=0Db\r\n"),
            (String(repeating: "x", count: 80), String(repeating: "x", count: 75) + "=\r\nxxxxx\r\n"),
        ] { #expect(String(decoding: MailMessage.quotedPrintable(text), as: UTF8.self) == expected) }
        let long = MailMessage.quotedPrintable(String(repeating: "ü ", count: 500))
        #expect(long.split(separator: 0x0A).allSatisfy { $0.count <= 77 })
    }

    @Test("a subject is encoded words that no line is too long for, whole characters each")
    func encodedWords() {
        let text = String(repeating: "Übergröße ", count: 20)
        let lines = MailMessage.encodedWords(text).split(separator: "\r\n ")
        #expect(lines.allSatisfy { $0.utf8.count <= 75 && $0.hasPrefix("=?UTF-8?B?") && $0.hasSuffix("?=") })
        let parts = lines.map { Base64.decode(Array($0.utf8.dropFirst(10).dropLast(2))) ?? [] }
        #expect(parts.map { String(decoding: $0, as: UTF8.self) }.joined() == text)
    }

    @Test("a message has a date, an id and one recipient, and no answer from machines")
    func fields() throws {
        let lines = String(decoding: try MailDialogue.message().octets, as: UTF8.self)
        for line in [
            "Date: Thu, 01 Jan 2026 00:00:00 +0000", "To: <bob@mail.example>", "Message-ID: <id-1@login.example>",
            "Auto-Submitted: auto-generated", "Content-Type: text/plain; charset=utf-8",
        ] { #expect(lines.contains(line + "\r\n"), "\(line)") }
    }

    @Test(
        "mailboxes",
        arguments: [
            ("a@b.example", true), ("A.b+c@B.Example", true), ("o'neil@b.example", true), ("a@b", true),
            ("", false), ("a", false), ("@b", false), ("a@", false), ("a.@b", false), (".a@b", false),
            ("a..b@c", false), ("a b@c", false), ("a@b c", false), ("a@b..c", false), ("a\r\n@b", false),
            ("<a@b>", false), ("a@[1.2.3.4]", false), ("\"a\"@b", false), ("ä@b", false), ("a@ä", false),
            (String(repeating: "a", count: 65) + "@b", false),
        ])
    func addresses(text: String, isOne: Bool) { #expect((MailAddress(text) != nil) == isOne) }
}
