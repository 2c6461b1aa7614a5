package import HTTP
import Octets

/// A token as a request shows it.
package struct PresentedToken: Sendable, Equatable {
    /// How `Authorization` calls it.
    package enum Scheme: Sendable, Equatable {
        /// RFC 6750 §2.1
        case bearer
        /// RFC 9449 §7.1
        case dpop
    }
    package let scheme: Scheme
    /// Where it stands in the head's octets. Its characters are checked, nothing else.
    package let token: Slice
    /// The only `DPoP` field's value; only with the scheme `DPoP`.
    package let proof: Slice?
}

/// The credentials of a request, as it sent them.
package enum Credential {
    /// The token of a request (RFC 6750 §2.1, RFC 9449 §7.1), or nil: the request shows none that the gateway
    /// understands.
    ///
    /// The scheme's name is compared without regard to case (RFC 9110 §11.1). A token in the query is never used;
    /// together with one in the header it is refused, as are two `Authorization` headers, or a bearer token beside a
    /// DPoP proof: never "the first one wins" (RFC 6750 §2). Another scheme counts as no credentials. Whether the
    /// token's octets are those of a token is checked by the authenticator when it sees the token for the first
    /// time.
    package static func presented(in head: borrowing RequestHead) throws(Refusal) -> PresentedToken? {
        guard let value = head.block.first(.authorization) else { return nil }
        guard head.block.count(.authorization) == 1 else { throw Refusal(.ambiguousCredentials) }
        let bytes = head.block.bytes
        let octets = bytes.span
        let scheme: PresentedToken.Scheme
        var start = value.start
        if names(bearer, octets, value) {
            scheme = .bearer
            start += bearer.utf8CodeUnitCount
        } else if names(dpop, octets, value) {
            scheme = .dpop
            start += dpop.utf8CodeUnitCount
        } else {
            return nil
        }
        while start < value.end, octets[start] == 0x20 { start += 1 }
        guard start < value.end else { throw Refusal(.malformedCredentials) }
        if let query = head.query, namesToken(octets, query) { throw Refusal(.ambiguousCredentials) }
        let proofs = head.block.count(.dpop)
        switch scheme {
        case .bearer: guard proofs == 0 else { throw Refusal(.ambiguousCredentials) }
        // RFC 9449 §4.3: not more than one. That there is one at all is the authenticator's to say, who knows the
        // token.
        case .dpop:
            guard proofs <= 1 else { throw Refusal(.ambiguousCredentials).asking(.dpop(algorithms: [])) }
        }
        return PresentedToken(
            scheme: scheme, token: Slice(start: start, end: value.end), proof: head.block.first(.dpop))
    }

    private static let bearer: StaticString = "bearer"
    private static let dpop: StaticString = "dpop"

    /// The scheme, alone or before a space.
    private static func names(_ scheme: StaticString, _ octets: borrowing Span<UInt8>, _ value: Slice) -> Bool {
        let count = scheme.utf8CodeUnitCount
        guard value.end - value.start >= count else { return false }
        let same = scheme.withUTF8Buffer { name in
            for offset in 0..<count where octets[value.start + offset] | 0x20 != name[offset] { return false }
            return true
        }
        guard same else { return false }
        return value.end - value.start == count || octets[value.start + count] == 0x20
    }

    /// Some parameter of the query is called `access_token`, however its name is escaped (RFC 6750 §2.3).
    private static func namesToken(_ octets: borrowing Span<UInt8>, _ query: Slice) -> Bool {
        var start = query.start
        while start < query.end {
            if isTokenParameter(octets, start, query.end) { return true }
            while start < query.end, octets[start] != UInt8(ascii: "&") { start += 1 }
            start += 1
        }
        return false
    }

    private static let parameter: StaticString = "access_token"

    private static func isTokenParameter(_ octets: borrowing Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        parameter.withUTF8Buffer { name in
            var index = start
            for expected in name {
                guard index < end else { return false }
                var octet = octets[index]
                index += 1
                if octet == UInt8(ascii: "%"), index + 1 < end, let high = Hex.value(octets[index]),
                    let low = Hex.value(octets[index + 1])
                {
                    octet = high << 4 | low
                    index += 2
                }
                guard octet == expected else { return false }
            }
            return index == end || octets[index] == UInt8(ascii: "=") || octets[index] == UInt8(ascii: "&")
        }
    }

    /// `b64token` of RFC 6750 §2.1: letters, digits and `-._~+/`, then any number of `=`.
    static func isToken(_ octets: borrowing Span<UInt8>) -> Bool {
        var end = octets.count
        while end > 0, octets[end - 1] == UInt8(ascii: "=") { end -= 1 }
        guard end > 0 else { return false }
        for index in 0..<end {
            switch octets[index] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: continue
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): continue
            case UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"): continue
            default: return false
            }
        }
        return true
    }
}
