import JOSE
import JSON
import Octets

/// Reads the input as a compact token; and, cut at its line ends, as the octets of a token's header, claims and
/// signature, so that what lies behind base64url is reached too.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: data, count: count))
    check(octets)
    let parts = octets.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
    check(Array(parts.map { Base64URL.encode(Array($0)) }.joined(separator: ".").utf8))
    return 0
}

func check(_ token: [UInt8]) {
    guard let parsed = try? CompactJWS(token) else { return }
    let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
    precondition(parts.count == 3, "a token of other than three parts was read")
    precondition(Array(Base64URL.encode(parsed.payload).utf8) == parts[1], "a payload has two spellings")
    guard let again = try? JSON.parse(parsed.payload) else { preconditionFailure("claims that are not JSON were read") }
    precondition(again == .object(parsed.unverifiedClaims))
}
