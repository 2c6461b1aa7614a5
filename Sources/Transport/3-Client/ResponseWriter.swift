import HTTP
import NIOCore

/// Writes answer heads anew (RFC 9112 §4): never a copied line, hop-by-hop fields left out, one framing field, and a
/// `Date` where there was none (RFC 9110 §6.6.1).
enum ResponseWriter {
    static func write(
        _ head: borrowing ResponseHead, framing: BodyFraming, withheld: [Int], extraFields: borrowing FieldList,
        close: Bool, toHTTP10: Bool,
        headRequest: Bool, date: [UInt8], to writer: inout ByteWriter
    ) {
        writer.clear()
        writeStatusLine(head.status, to: &writer)
        var isDated = framing == .tunnel
        for index in 0..<head.fieldCount {
            let field = head.field(index)
            // One request id: the one that the gateway gave (it is among the extra fields).
            if field.known.isHopByHop || field.known == .contentLength || field.known == .requestID { continue }
            if head.isNominatedByConnection(field) || isWithheld(index, withheld) { continue }
            if field.known == .date { isDated = true }
            writer.appendField(head, field)
        }
        if !isDated { writer.append(date) }
        switch framing {
        case .length(let length):
            writer.append("Content-Length: ")
            writer.append(decimal: length)
            writer.append("\r\n")
        case .chunked:
            writer.append("Transfer-Encoding: chunked\r\n")
        case .none:
            // HEAD and 304 say how long the body would have been; 204 and 1xx must not (RFC 9110 §8.6).
            let status = head.status
            if headRequest || status == 304, status != 204, let length = head.lengthOfAbsentBody {
                writer.append("Content-Length: ")
                writer.append(decimal: length)
                writer.append("\r\n")
            }
        case .untilClose, .tunnel:
            break
        }
        writer.append(lines: extraFields)
        if framing == .tunnel {
            writer.append("Connection: Upgrade\r\n")
            if let upgrade = head.first(.upgrade) {
                writer.append("Upgrade: ")
                writer.append(head, upgrade)
                writer.append("\r\n")
            }
        } else if close {
            writer.append("Connection: close\r\n")
        } else if toHTTP10 {
            writer.append("Connection: keep-alive\r\n")
        }
        writer.append("\r\n")
    }

    static func writeInterim(_ head: borrowing ResponseHead, withheld: [Int], to writer: inout ByteWriter) {
        writer.clear()
        writeStatusLine(head.status, to: &writer)
        if head.status != 100 {
            for index in 0..<head.fieldCount {
                let field = head.field(index)
                if field.known.isHopByHop || field.known == .contentLength { continue }
                if head.isNominatedByConnection(field) || isWithheld(index, withheld) { continue }
                writer.appendField(head, field)
            }
        }
        writer.append("\r\n")
    }

    static func writeAnswer(
        status: Int, fields: FieldList, bodyBytes: Int, close: Bool, toHTTP10: Bool, date: [UInt8],
        to writer: inout ByteWriter
    ) {
        writer.clear()
        writeStatusLine(status, to: &writer)
        writer.append(date)
        writer.append(lines: fields)
        if status != 204, status != 304 {
            writer.append("Content-Length: ")
            writer.append(decimal: bodyBytes)
            writer.append("\r\n")
        }
        if close {
            writer.append("Connection: close\r\n")
        } else if toHTTP10 {
            writer.append("Connection: keep-alive\r\n")
        }
        writer.append("\r\n")
    }

    static func writeChunkSize(_ size: Int, to buffer: inout ByteBuffer) {
        var digits: (UInt64, Int) = (UInt64(size), 0)
        var shift = 60
        while shift > 0, (digits.0 >> UInt64(shift)) & 0xF == 0 { shift -= 4 }
        while shift >= 0 {
            let digit = UInt8((digits.0 >> UInt64(shift)) & 0xF)
            buffer.writeInteger(digit < 10 ? 0x30 + digit : 0x57 + digit)
            digits.1 += 1
            shift -= 4
        }
        buffer.writeStaticString("\r\n")
    }

    /// The end of a body in chunks (RFC 9112 §7.1.2).
    static func lastChunk(_ trailers: FieldList, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        var end = allocator.buffer(capacity: 8 + trailers.lineBytes)
        end.writeStaticString("0\r\n")
        let trailerBytes = trailers.lineBytes
        if trailerBytes > 0 {
            end.writeWithUnsafeMutableBytes(minimumWritableBytes: trailerBytes) { trailers.writeLines(to: $0) }
        }
        end.writeStaticString("\r\n")
        return end
    }

    private static func isWithheld(_ index: Int, _ withheld: [Int]) -> Bool {
        !withheld.isEmpty && withheld.contains(index)
    }

    private static func writeStatusLine(_ status: Int, to writer: inout ByteWriter) {
        writer.append("HTTP/1.1 ")
        writer.append(decimal: status)
        writer.append(" ")
        writer.append(Status.reason(status))
        writer.append("\r\n")
    }
}
