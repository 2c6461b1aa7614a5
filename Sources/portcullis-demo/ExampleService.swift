import Certificates
import HTTP
import JSON
package import Transport

/// A small service to stand behind the gateway: it demands a client certificate, and answers with what it was told
/// about the caller. It is built on the gateway's own transport, so it speaks real TLS on a real socket.
package final class ExampleService: Sendable {
    private let transport: Transport<ExampleDelegates>
    private let listener: ListenerHandle
    /// In its answers, so that one can see which instance has answered.
    package let name: String
    /// The one that is bound.
    package var port: Int { listener.port }

    /// Listens on 127.0.0.1; port 0 asks for a free one.
    package static func start(
        name: String, port: Int, certificate: ServerTLSFiles.Pair, clientAuthorities: String
    ) async throws -> ExampleService {
        let transport = try await Transport(loops: 1, timeouts: TransportTimeouts()) { _ in
            ExampleDelegates(service: name)
        }
        let listener = try await transport.listen(
            ListenerSettings(
                name: name, host: "127.0.0.1", port: port,
                tls: ServerTLSFiles(
                    certificates: [certificate], clientAuthorities: clientAuthorities, clientCertificateRequired: true,
                    minimumTLS13: true)))
        return ExampleService(name: name, transport: transport, listener: listener)
    }

    private init(name: String, transport: Transport<ExampleDelegates>, listener: ListenerHandle) {
        self.name = name
        self.transport = transport
        self.listener = listener
    }

    /// Accepts no more, and closes what is open.
    package func stop() async {
        await listener.close()
        try? await transport.shutdown()
    }
}

private final class ExampleDelegates: ExchangeDelegateFactory, ConnectionDelegate {
    private let service: String
    init(service: String) { self.service = service }
    func connectionOpened(_ peer: Peer) -> any ConnectionDelegate { self }
    func makeDelegate(for exchange: Exchange) -> any ExchangeDelegate {
        ExampleDelegate(service: service, exchange: exchange)
    }
    func connectionFailed(from address: String, reason: HandshakeFailure, now: Int64) {}
}

private final class ExampleDelegate: ExchangeDelegate {
    private let service: String
    private unowned let exchange: Exchange

    init(service: String, exchange: Exchange) {
        self.service = service
        self.exchange = exchange
    }

    func exchangeBegan() {
        exchange.bodyBytesMax = 1_048_576
        exchange.collectBody()
    }

    func exchangeCollected(body: [UInt8]) {
        let head = exchange.head
        var told: [(String, JSON)] = []
        for index in 0..<head.fieldCount {
            let field = head.field(index)
            let name = head.text(field.name)
            let lower = name.lowercased()
            if lower.hasPrefix("x-auth-") || lower == "x-request-id" || lower == "forwarded" || lower == "authorization"
            {
                told.append((name, .string(head.text(field.value))))
            }
        }
        if head.text(head.path).hasPrefix("/mcp") {
            let caller = told.first { $0.0.lowercased() == "x-auth-subject" }?.1.string ?? "nobody"
            return answer(ExampleTools.answer(body, caller: caller))
        }
        let answer = JSON.object(
            JSONObject([
                ("service", .string(service)),
                ("method", .string(head.text(head.methodText))),
                ("path", .string(head.text(head.path))),
                ("bodyBytes", .integer(Int64(body.count))),
                ("gateway", .string(exchange.peer.tls?.clientCertificate?.identity ?? "")),
                ("told", .object(JSONObject(told))),
            ]))
        self.answer(answer)
    }

    /// nil: there is nothing to say.
    private func answer(_ document: JSON?) {
        var fields = FieldList()
        fields.append("Content-Type", "application/json")
        exchange.answer(
            status: document == nil ? 202 : 200, fields: fields, body: document.map { $0.serialized() + [0x0A] } ?? [])
    }

    func exchangeCollectedAnswer(_ head: borrowing ResponseHead, body: [UInt8]) {}
    func exchangeAnswerTooLarge() {}
    func exchangeRefused(_ error: HeadError) { plain(error.status, "\(error)\n") }
    func exchangeTimedOut() { plain(408, "too slow\n") }
    func exchangeBodyTooLarge() { plain(413, "too large\n") }
    func exchangeBodyRefused(_ error: HeadError) { plain(400, "\(error)\n") }
    func passesTrailer(_ field: Field, of trailers: borrowing FieldBlock) -> Bool { false }
    func passesResponseTrailer(_ field: Field, of trailers: borrowing FieldBlock) -> Bool { false }
    func appendResponseFields(to fields: inout FieldList, answerIsHTTP10: Bool) {}
    func forwardFailed(_ failure: ForwardFailure) { plain(502, "not a proxy\n") }
    func exchangeEnded(_ ending: ExchangeEnding) {}

    private func plain(_ status: Int, _ text: String) {
        var fields = FieldList()
        fields.append("Content-Type", "text/plain")
        exchange.answer(status: status, fields: fields, body: Array(text.utf8), close: true)
    }
}
