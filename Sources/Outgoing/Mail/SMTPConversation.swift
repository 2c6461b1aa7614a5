import Octets

/// One message to one recipient over SMTP (RFC 5321), as the client: what came in, what to do next. No I/O, no clock.
///
/// Nothing is sent ahead of the reply that it waits for. Names and passwords go over TLS only. What a server has sent in
/// the same breath as its answer to STARTTLS was never protected: the conversation ends (RFC 3207 §4.2, the injection of
/// CVE-2011-0411), and what it said before TLS is forgotten.
struct SMTPConversation {
    /// How the connection is protected.
    enum Security: Sendable, Equatable {
        /// STARTTLS must come before anything else.
        case startTLS
        /// TLS from the first octet, or deliberately none: the conversation goes on as it is.
        case asItIs(isTLS: Bool)
    }

    struct Login: Sendable {
        let user: String
        let password: [UInt8]
    }

    enum Action: Equatable {
        case send([UInt8])
        /// Begin the handshake now, then call `secured`.
        case startTLS
        /// The server has taken the message.
        case delivered
        case failed(MailFault)
    }

    private enum State {
        case greeting, hello, startTLS, handshake, authPlain, authUser, authPassword, from, to, data, body, over
    }

    private var state = State.greeting
    private var reader = SMTPReplyReader()
    private var isTLS: Bool
    private let security: Security
    private let name: String
    private let login: Login?
    private let message: MailMessage

    /// - Parameter name: what this host calls itself; an address literal is fine (RFC 5321 §4.1.3).
    init(_ message: MailMessage, name: String, security: Security, login: Login?) {
        self.message = message
        self.name = name
        self.security = security
        self.login = login
        isTLS = security == .asItIs(isTLS: true)
    }

    /// Octets from the server.
    mutating func received(_ octets: [UInt8]) -> [Action] {
        guard state != .over else { return [] }
        var actions: [Action] = []
        do throws(SMTPReplyReader.Malformed) {
            try reader.append(octets)
            while state != .over, let reply = try reader.next() {
                actions.append(contentsOf: answer(reply))
                // One reply to each command: more is out of turn, and before TLS it is an attack.
                if state != .over, reader.hasMore { return [fail(.outOfTurn)] }
            }
        } catch {
            actions.append(fail(.malformed))
        }
        return actions
    }

    /// The handshake that `startTLS` asked for is over.
    mutating func secured() -> [Action] {
        guard state == .handshake else { return [fail(.outOfTurn)] }
        isTLS = true
        state = .hello
        return [command("EHLO " + name)]
    }

    private mutating func answer(_ reply: SMTPReply) -> [Action] {
        guard reply.isPositive else {
            return [fail(.refused(stage: stage, reply.summary, isPermanent: reply.isPermanent))]
        }
        switch state {
        case .greeting:
            guard reply.code == 220 else { break }
            state = .hello
            return [command("EHLO " + name)]
        case .hello:
            guard reply.code == 250 else { break }
            return hello(reply)
        case .startTLS:
            guard reply.code == 220 else { break }
            guard !reader.hasMore else { return [fail(.injectedBeforeTLS)] }
            reader = SMTPReplyReader()
            state = .handshake
            return [.startTLS]
        case .authUser:
            guard reply.code == 334 else { break }
            state = .authPassword
            return [command(Base64.encode(Array((login?.user ?? "").utf8)))]
        case .authPassword:
            guard reply.code == 334 else { break }
            state = .authPlain
            return [command(Base64.encode(login?.password ?? []))]
        case .authPlain:
            guard reply.code == 235 else { break }
            return sender()
        case .from:
            state = .to
            return [command("RCPT TO:<\(message.to.text)>")]
        case .to:
            state = .data
            return [command("DATA")]
        case .data:
            guard reply.code == 354 else { break }
            state = .body
            return [.send(Self.stuffed(message.octets))]
        case .body:
            guard reply.code == 250 else { break }
            state = .over
            return [.delivered, command("QUIT")]
        case .handshake, .over: break
        }
        return [fail(.outOfTurn)]
    }

    private mutating func hello(_ reply: SMTPReply) -> [Action] {
        // The first line is a greeting.
        let extensions = reply.lines.dropFirst().map {
            $0.uppercased().split { $0 == " " || $0 == "=" }.map(String.init)
        }
        func words(_ name: String) -> [String]? { extensions.first { $0.first == name }?.dropFirst().map { $0 } }
        if security == .startTLS, !isTLS {
            guard words("STARTTLS") != nil else { return [fail(.noTLS)] }
            state = .startTLS
            return [command("STARTTLS")]
        }
        guard let login else { return sender() }
        guard isTLS else { return [fail(.noTLS)] }
        let methods = words("AUTH") ?? []
        if methods.contains("PLAIN") {
            state = .authPlain
            // RFC 4616 §2.
            return [command("AUTH PLAIN " + Base64.encode([0] + Array(login.user.utf8) + [0] + login.password))]
        }
        guard methods.contains("LOGIN") else { return [fail(.noAuthentication)] }
        state = .authUser
        return [command("AUTH LOGIN")]
    }

    private mutating func sender() -> [Action] {
        state = .from
        return [command("MAIL FROM:<\(message.from.text)>")]
    }

    private mutating func fail(_ fault: MailFault) -> Action {
        state = .over
        return .failed(fault)
    }

    private func command(_ text: String) -> Action { .send(Array((text + "\r\n").utf8)) }

    private var stage: String {
        switch state {
        case .greeting: "greeting"
        case .hello: "EHLO"
        case .startTLS, .handshake: "STARTTLS"
        case .authPlain, .authUser, .authPassword: "AUTH"
        case .from: "MAIL"
        case .to: "RCPT"
        case .data, .body, .over: "DATA"
        }
    }

    /// A dot in front of each line that begins with one, and the line that ends the text (RFC 5321 §4.5.2).
    static func stuffed(_ octets: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(octets.count + 8)
        var atStart = true
        for octet in octets {
            if atStart, octet == UInt8(ascii: ".") { out.append(octet) }
            out.append(octet)
            atStart = octet == 0x0A
        }
        if !atStart { out += [0x0D, 0x0A] }
        return out + Array(".\r\n".utf8)
    }
}

/// Why a message was not delivered.
package enum MailFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// Nobody answers there, or the connection broke.
    case unreachable(String)
    case timeout
    /// The certificate does not do, or TLS failed otherwise.
    case tlsFailed(String)
    /// The server offers no STARTTLS, and nothing may travel without.
    case noTLS
    /// The server offers neither AUTH PLAIN nor AUTH LOGIN.
    case noAuthentication
    /// The server sent more than its answer to STARTTLS: somebody on the way has put words into its mouth.
    case injectedBeforeTLS
    /// It answers what nobody asked.
    case outOfTurn
    case malformed
    /// - Parameter stage: of the conversation, as in `RCPT`.
    case refused(stage: String, String, isPermanent: Bool)
    /// A file or an environment variable of the settings cannot be read.
    case badSettings(String)

    package var description: String {
        switch self {
        case .unreachable(let reason): "cannot be reached: \(reason)"
        case .timeout: "did not take the message in time"
        case .tlsFailed(let reason): "TLS failed: \(reason)"
        case .noTLS: "offers no STARTTLS, and nothing is sent without TLS"
        case .noAuthentication: "offers neither AUTH PLAIN nor AUTH LOGIN"
        case .injectedBeforeTLS: "sent more than its answer to STARTTLS before TLS began: somebody interferes"
        case .outOfTurn: "sent a reply that was not due"
        case .malformed: "sent what is no SMTP reply"
        case .refused(let stage, let reply, _): "refused \(stage): \(reply)"
        case .badSettings(let reason): reason
        }
    }

    /// Trying again is of no use.
    package var isPermanent: Bool {
        if case .refused(let stage, _, let isPermanent) = self {
            return isPermanent && stage != "AUTH" && stage != "greeting"
        }
        return false
    }

    /// For metrics and records: one word.
    package var word: String {
        switch self {
        case .unreachable: "unreachable"
        case .timeout: "timeout"
        case .tlsFailed, .noTLS, .injectedBeforeTLS: "tls"
        case .noAuthentication: "authentication"
        case .outOfTurn, .malformed: "protocol"
        case .refused(let stage, _, _): stage == "AUTH" ? "authentication" : "refused"
        case .badSettings: "settings"
        }
    }
}
