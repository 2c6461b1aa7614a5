import HTTP
import NIOCore

/// Writes requests as HTTP/1.1 has them (RFC 9112 §3, §6, §7.1), one after the other on one connection.
struct HTTP1RequestEncoder {
    /// The body goes out in chunks.
    private var chunked = false

    /// A request begins: writes its head. What follows is its body.
    mutating func begin(_ head: borrowing UpstreamRequestHead, into buffer: inout ByteBuffer) {
        chunked = head.framing == .chunked
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: head.http1BytesMax) { head.writeHTTP1(to: $0) }
    }

    /// What goes before and behind a part of the body; nil: it goes as it is.
    func delimiters(of part: ByteBuffer, _ allocator: ByteBufferAllocator) -> (line: ByteBuffer, end: ByteBuffer)? {
        guard chunked else { return nil }
        var line = allocator.buffer(capacity: 24)
        ResponseWriter.writeChunkSize(part.readableBytes, to: &line)
        var end = allocator.buffer(capacity: 2)
        end.writeStaticString("\r\n")
        return (line, end)
    }

    /// What goes behind the whole body; nil: nothing.
    func end(trailers: FieldList, _ allocator: ByteBufferAllocator) -> ByteBuffer? {
        chunked ? ResponseWriter.lastChunk(trailers, allocator) : nil
    }
}
