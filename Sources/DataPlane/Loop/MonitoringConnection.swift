import HTTP
import Transport

/// A connection of somebody who asks how the gateway is: no records, no limits, no routes, and nothing of what keeps traffic
/// from being served.
final class MonitoringConnection: ConnectionDelegate {
    private let service: (any LocalService)?

    /// - Parameter service: nil: there is nothing to tell.
    init(_ service: (any LocalService)?) { self.service = service }

    func makeDelegate(for exchange: Exchange) -> any ExchangeDelegate { MonitoringExchange(exchange, service) }
}

/// A question and its answer.
private final class MonitoringExchange: ExchangeDelegate {
    private let exchange: Exchange
    private let service: (any LocalService)?

    init(_ exchange: Exchange, _ service: (any LocalService)?) {
        self.exchange = exchange
        self.service = service
    }

    func exchangeBegan() {
        exchange.bodyBytesMax = 0
        let head = exchange.head
        guard head.framing == .none || head.framing == .length(0) else { return end(413) }
        guard head.method == .get || head.method == .head else { return end(405) }
        guard let service else { return end(404) }
        let asked = ServiceRequest(
            head, body: [], peer: exchange.peer, isTLS: false, certificateCounts: false)
        let answer = exchange.deferredAnswer(for: self)
        Task { [asked] in
            let response = await service.answer(asked)
            answer.resume { $0.answer(response) }
        }
    }

    private func answer(_ response: ServiceResponse) {
        var fields = FieldList()
        for field in response.fields { fields.append(field.name, field.value) }
        exchange.answer(status: response.status, fields: fields, body: response.body)
    }

    private func end(_ status: Int) {
        var fields = FieldList()
        if status == 405 { fields.append("Allow", "GET, HEAD") }
        exchange.answer(status: status, fields: fields, body: [], close: true)
    }

    func exchangeRefused(_ error: HeadError) { end(400) }
    func exchangeTimedOut() { end(408) }
    func exchangeBodyTooLarge() { end(413) }
    func exchangeBodyRefused(_ error: HeadError) { end(400) }
    func exchangeEnded(_ ending: ExchangeEnding) {}

    // Nothing is collected and nothing forwarded here.
    func exchangeCollected(body: [UInt8]) { end(500) }
    func exchangeCollectedAnswer(_ head: borrowing ResponseHead, body: [UInt8]) { end(500) }
    func exchangeAnswerTooLarge() { end(500) }
    func passesTrailer(_ field: Field, of trailers: borrowing FieldBlock) -> Bool { false }
    func passesResponseTrailer(_ field: Field, of trailers: borrowing FieldBlock) -> Bool { false }
    func appendResponseFields(to fields: inout FieldList, answerIsHTTP10: Bool) {}
    func forwardFailed(_ failure: ForwardFailure) { end(500) }
}
