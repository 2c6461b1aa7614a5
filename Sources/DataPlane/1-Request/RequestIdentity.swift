import HTTP
import Octets

/// The names under which one request is known: its request id and its place in a trace (W3C Trace Context).
///
/// Fixed-size octets, refilled for each request: nothing is allocated.
struct RequestIdentity {
    /// 32 hexadecimal digits, ours: what a client sends as `X-Request-Id` is not believed.
    private(set) var requestID = FieldValue(hexDigits: 32)
    /// 32 hexadecimal digits: the client's trace when it sent a valid `traceparent`, else the request id.
    private(set) var traceID = FieldValue(hexDigits: 32)
    /// 16 hexadecimal digits: this hop.
    private(set) var spanID = FieldValue(hexDigits: 16)
    /// The `trace-flags` octet: 1 is "sampled".
    private(set) var traceFlags: UInt8 = 1
    /// The trace was begun elsewhere, so its `tracestate` is passed on.
    private(set) var continued = false

    init() {}

    /// Without memory for its names: stands where they were moved out.
    private init(empty: Void) {
        requestID = FieldValue(hexDigits: 0)
        traceID = requestID
        spanID = requestID
    }
    static let none = RequestIdentity(empty: ())

    mutating func renew(from head: borrowing RequestHead, random: inout FastRandom) {
        requestID.setHex(random.next(), at: 0)
        requestID.setHex(random.next(), at: 16)
        spanID.setHex(random.next(), at: 0)
        continued = readTraceparent(head)
        if !continued {
            traceID.copy(requestID)
            traceFlags = 1
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
            guard Hex.isLowercaseDigit(octet(offset)) else { return false }
            traceBits |= octet(offset) ^ 0x30
        }
        var spanBits: UInt8 = 0
        for offset in 36..<52 {
            guard Hex.isLowercaseDigit(octet(offset)) else { return false }
            spanBits |= octet(offset) ^ 0x30
        }
        guard traceBits != 0, spanBits != 0, Hex.isLowercaseDigit(octet(53)), Hex.isLowercaseDigit(octet(54)),
            let high = Hex.value(octet(53)), let low = Hex.value(octet(54))
        else { return false }
        traceID = FieldValue(Array(bytes[(start + 3)..<(start + 35)]))
        traceFlags = high &<< 4 | low
        return true
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
