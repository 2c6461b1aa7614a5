/// base64url without padding (RFC 4648 §5), written anew for the kit, so that the gateway's codec is tested by another
/// one.
package enum Base64URLText {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Without padding.
    package static func encode(_ octets: [UInt8]) -> String {
        var out: [UInt8] = []
        var index = 0
        while index < octets.count {
            let group = octets[index..<min(index + 3, octets.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            for place in 0...group.count { out.append(alphabet[Int(bits >> (18 - 6 * UInt32(place)) & 63)]) }
            index += 3
        }
        return String(decoding: out, as: UTF8.self)
    }
}
