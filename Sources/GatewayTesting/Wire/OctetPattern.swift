import COpenSSL

/// A body of any length whose octets are known without keeping them: the same 64 KiB again and again.
package enum OctetPattern {
    /// A prime number of octets, so that a piece that is lost or doubled cannot go unseen.
    static let block: [UInt8] = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    /// Octets from an offset of the pattern, `max` at most and at least one.
    static func octets(from offset: Int, max: Int) -> ArraySlice<UInt8> {
        let start = offset % block.count
        return block[start..<min(start + Swift.max(max, 1), block.count)]
    }

    /// SHA-256 of the first `count` octets, in hexadecimal digits.
    package static func sha256(count: Int) -> String {
        var hash = RunningHash()
        var offset = 0
        while offset < count {
            let part = octets(from: offset, max: count - offset)
            hash.update(part)
            offset += part.count
        }
        return hash.hexadecimal
    }
}

/// SHA-256 of octets that come in parts.
struct RunningHash: ~Copyable {
    private let context: OpaquePointer?

    init() {
        context = EVP_MD_CTX_new()
        EVP_DigestInit_ex(context, EVP_sha256(), nil)
    }

    deinit { EVP_MD_CTX_free(context) }

    mutating func update(_ octets: some Collection<UInt8>) {
        _ = octets.withContiguousStorageIfAvailable { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    }

    /// The hash so far; more octets may follow.
    var hexadecimal: String {
        let copy = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(copy) }
        var digest = [UInt8](repeating: 0, count: 32)
        EVP_MD_CTX_copy_ex(copy, context)
        EVP_DigestFinal_ex(copy, &digest, nil)
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
