import HTTP
import NIOCore

/// The client's side of one exchange: where an answer is written and how fast a request is read.
///
/// One codec implements it for HTTP/1.1; another one, for HTTP/2, fits beside it: nothing here knows of lines, chunks
/// or frames.
protocol ClientStream: AnyObject {
    /// Writes 100 (Continue), since it is the gateway itself that reads the body.
    func writeContinue()
    /// Writes an interim answer (1xx) that the upstream sent, without the fields at the indices `withheld`.
    func writeInterim(status: Int, head: borrowing ResponseHead, withheld: [Int])
    /// Writes the final head. `framing` is how the upstream delimits the body; the codec chooses its own delimiters.
    /// `extraFields` are added, the fields at the indices `withheld` left out.
    func writeHead(
        _ head: borrowing ResponseHead, framing: BodyFraming, withheld: [Int], extraFields: borrowing FieldList)
    /// Writes a whole answer made by the gateway itself. `fields` say nothing of framing.
    func writeAnswer(status: Int, fields: FieldList, body: [UInt8], close: Bool)
    func writeBody(_ body: ByteBuffer)
    /// The answer is complete; the stream goes on to its next request or closes.
    func finish(trailers: FieldList)
    func flush()
    /// The answer cannot be completed: the client must see that it is not whole.
    func abort()
    /// Whether more body octets can be written without piling up.
    var isWritable: Bool { get }
    func pauseReading()
    func resumeReading()
    /// How slow the client may be with this request and its answer, where that differs from what holds for all.
    func limitTransfer(_ limits: TransferLimits)
    /// From now on octets are passed through in both directions, until none moves for so long.
    func becomeTunnel(idleNanoseconds: Int64)
    func writeTunnel(_ octets: ByteBuffer)
    func closeTunnel()
}
