import HTTP

/// The names under which one request is known: its request id and its place in a trace (W3C Trace Context).
///
/// Fixed-size octets, refilled for each request: nothing is allocated.
struct RequestIdentity {
    /// 32 hexadecimal digits, ours: what a client sends as `X-Request-Id` is not believed.
    private(set) var requestID: [UInt8] = Array(repeating: 0x30, count: 32)
    /// 32 hexadecimal digits: the client's trace when it sent a valid `traceparent`, else the request id.
    private(set) var traceID: [UInt8] = Array(repeating: 0x30, count: 32)
    /// 16 hexadecimal digits: this hop.
    private(set) var spanID: [UInt8] = Array(repeating: 0x30, count: 16)
    private(set) var traceFlags: (UInt8, UInt8) = (0x30, 0x31)
    /// The trace was begun elsewhere, so its `tracestate` is passed on.
    private(set) var continued = false

    mutating func renew(from head: borrowing RequestHead, random: inout FastRandom) {
        Self.writeHex(random.next(), into: &requestID, at: 0)
        Self.writeHex(random.next(), into: &requestID, at: 16)
        Self.writeHex(random.next(), into: &spanID, at: 0)
        continued = readTraceparent(head)
        if !continued {
            // Copied, not shared: a shared buffer would be allocated anew at the next request.
            traceID.withUnsafeMutableBufferPointer { trace in
                requestID.withUnsafeBufferPointer { request in _ = trace.update(from: request) }
            }
            traceFlags = (0x30, 0x31)
        }
    }

    /// `00-<32 hex>-<16 hex>-<2 hex>`, lower-case, neither id all zeros. Anything else begins a new trace.
    private mutating func readTraceparent(_ head: borrowing RequestHead) -> Bool {
        guard head.count(.traceparent) == 1, let value = head.first(.traceparent), value.count == 55 else {
            return false
        }
        let start = value.start
        let bytes = head.bytes
        guard start >= 0, start + 55 <= bytes.count else { return false }
        func octet(_ offset: Int) -> UInt8 { bytes[start + offset] }
        guard octet(0) == 0x30, octet(1) == 0x30, octet(2) == 0x2D, octet(35) == 0x2D, octet(52) == 0x2D else {
            return false
        }
        var traceBits: UInt8 = 0
        for offset in 3..<35 {
            guard Self.isHex(octet(offset)) else { return false }
            traceBits |= octet(offset) ^ 0x30
        }
        var spanBits: UInt8 = 0
        for offset in 36..<52 {
            guard Self.isHex(octet(offset)) else { return false }
            spanBits |= octet(offset) ^ 0x30
        }
        guard traceBits != 0, spanBits != 0, Self.isHex(octet(53)), Self.isHex(octet(54)) else { return false }
        traceID = Array(bytes[(start + 3)..<(start + 35)])
        traceFlags = (octet(53), octet(54))
        return true
    }

    private static func isHex(_ octet: UInt8) -> Bool {
        (octet >= 0x30 && octet <= 0x39) || (octet >= 0x61 && octet <= 0x66)
    }

    private static func writeHex(_ value: UInt64, into bytes: inout [UInt8], at offset: Int) {
        // One check that the array is ours alone, not one for each digit.
        bytes.withUnsafeMutableBufferPointer { digits in
            var value = value
            for index in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: value & 0xF)
                digits[offset + index] = digit < 10 ? 0x30 &+ digit : 0x57 &+ digit
                value >>= 4
            }
        }
    }
}

/// Numbers that need to be different, not secret: request ids and span ids (xoshiro256**, seeded by the system).
struct FastRandom {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init() {
        var system = SystemRandomNumberGenerator()
        state = (system.next(), system.next(), system.next(), system.next() | 1)
    }

    mutating func next() -> UInt64 {
        let result = Self.rotate(state.1 &* 5, 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = Self.rotate(state.3, 45)
        return result
    }

    private static func rotate(_ value: UInt64, _ by: UInt64) -> UInt64 { (value << by) | (value >> (64 - by)) }
}
