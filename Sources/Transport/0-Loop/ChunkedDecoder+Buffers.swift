import HTTP
import NIOCore

extension ChunkedDecoder {
    /// The next part of a body in chunks: the content of all chunks that are whole or begun in `octets`, as one. Each part
    /// costs whoever gets it a call, a chunk and perhaps a record of TLS, so that a sender of one-octet chunks would be dear.
    ///
    /// The content of a single chunk is not copied.
    /// - Returns: nil: no content is there, only what delimits it. `hasEnded`: the body and its trailers are whole; what is
    ///   left in `octets` lies behind them.
    mutating func nextPart(_ octets: inout ByteBuffer) throws(HeadError) -> (part: ByteBuffer?, hasEnded: Bool) {
        var part: ByteBuffer?
        var isOwn = false
        while true {
            let step: Step
            do throws(HeadError) {
                step = try next(octets.readableBytesUInt8Span, from: 0)
            } catch {
                // What came before the fault is content all the same; the next call finds the fault again.
                if let part { return (part, false) }
                throw error
            }
            switch step {
            case .data(let range):
                guard let content = octets.getSlice(at: octets.readerIndex + range.lowerBound, length: range.count)
                else { throw .badChunk }
                octets.moveReaderIndex(forwardBy: min(range.upperBound, octets.readableBytes))
                guard var before = part else {
                    part = content
                    continue
                }
                part = nil
                if !isOwn {
                    var own = ByteBufferAllocator().buffer(
                        capacity: before.readableBytes &+ content.readableBytes &+ octets.readableBytes)
                    own.writeImmutableBuffer(before)
                    before = own
                    isOwn = true
                }
                before.writeImmutableBuffer(content)
                part = before
            case .needMore(let consumed):
                octets.moveReaderIndex(forwardBy: min(consumed, octets.readableBytes))
                return (part, false)
            case .end(let consumed):
                octets.moveReaderIndex(forwardBy: min(consumed, octets.readableBytes))
                return (part, true)
            }
        }
    }
}
