import HTTP
import NIOCore

@testable import Transport

/// An upstream's stream in memory, which writes down what was sent on it, and answers as the test says.
final class FakeUpstream: UpstreamStream {
    var isVerified = true
    var isWritable = true
    private(set) var head = ""
    private(set) var body = ""
    private(set) var trailers: FieldList?
    private(set) var tunnel = ""
    private(set) var isPaused = false
    private(set) var isAbandoned = false
    private(set) var isFinished = false
    private(set) var isGivenBack = false
    private var delegate: (any UpstreamStreamDelegate)?

    func begin(
        _ head: borrowing UpstreamRequestHead, mayBecomeTunnel: Bool, times: UpstreamTimes,
        delegate: any UpstreamStreamDelegate
    ) {
        self.delegate = delegate
        var buffer = ByteBuffer()
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: head.http1BytesMax) { head.writeHTTP1(to: $0) }
        self.head = String(buffer: buffer)
    }
    func sendBody(_ octets: ByteBuffer) { body += String(buffer: octets) }
    func sendBodyEnd(trailers: FieldList) { self.trailers = trailers }
    func flush() {}
    func sendTunnel(_ octets: ByteBuffer) { tunnel += String(buffer: octets) }
    func finishTunnel() { isFinished = true }
    func pauseReading() { isPaused = true }
    func resumeReading() { isPaused = false }
    func abandon() { isAbandoned = true }
    func giveBack() { isGivenBack = true }

    // MARK: What the upstream does

    func answerHead(_ text: String, framing: BodyFraming, now: Int64 = 5_000_000_000) throws {
        let response = try Self.read(text)
        if response.status < 200, response.status != 101 {
            delegate?.upstreamInterim(status: response.status, head: response)
        } else {
            delegate?.upstreamHead(response, framing: framing, now: now)
        }
        delegate?.readFromUpstreamEnded()
    }

    func answerBody(_ text: String) {
        delegate?.upstreamBody(ByteBuffer(string: text))
        delegate?.readFromUpstreamEnded()
    }

    func end(trailers: FieldList = FieldList()) { delegate?.upstreamEnded(trailers: trailers) }

    func fail(_ reason: ForwardFailure.Reason, onReusedConnection: Bool = false) {
        delegate?.upstreamFailed(reason, detail: nil, onReusedConnection: onReusedConnection)
    }

    func closeTunnel() { delegate?.upstreamTunnelClosed() }

    func setWritable(_ writable: Bool) {
        isWritable = writable
        delegate?.upstreamWritabilityChanged(writable)
    }

    private struct Unfinished: Error {}

    private static func read(_ text: String) throws -> ResponseHead {
        var parser = HeadParser(limits: HeadLimits())
        var head = ResponseHead()
        guard try parser.parseResponse(Array(text.utf8).span, into: &head) != nil else { throw Unfinished() }
        return head
    }
}
