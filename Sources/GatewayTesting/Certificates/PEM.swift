import COpenSSL

/// PEM text in and out of OpenSSL (RFC 7468).
enum PEM {
    /// All certificates of a text, in their order; the caller frees them.
    static func certificates(_ text: String) throws(OpenSSLFailure) -> [OpaquePointer] {
        let bio = try reader(text)
        defer { BIO_free_all(bio) }
        var found: [OpaquePointer] = []
        while let one = PEM_read_bio_X509(bio, nil, nil, nil) { found.append(one) }
        ERR_clear_error()  // the end of the text
        guard !found.isEmpty else { throw OpenSSLFailure("no certificate in PEM text") }
        return found
    }

    /// The private key of a text; the caller frees it.
    static func privateKey(_ text: String) throws(OpenSSLFailure) -> OpaquePointer {
        let bio = try reader(text)
        defer { BIO_free_all(bio) }
        return try require(PEM_read_bio_PrivateKey(bio, nil, nil, nil), "private key in PEM text")
    }

    static func text(certificate: OpaquePointer) throws(OpenSSLFailure) -> String {
        try written { PEM_write_bio_X509($0, certificate) }
    }

    /// PKCS #8, not encrypted.
    static func text(privateKey: OpaquePointer) throws(OpenSSLFailure) -> String {
        try written { PEM_write_bio_PrivateKey($0, privateKey, nil, nil, 0, nil, nil) }
    }

    /// SubjectPublicKeyInfo.
    static func text(publicKey: OpaquePointer) throws(OpenSSLFailure) -> String {
        try written { PEM_write_bio_PUBKEY($0, publicKey) }
    }

    private static func reader(_ text: String) throws(OpenSSLFailure) -> OpaquePointer {
        let bio = try require(BIO_new(BIO_s_mem()), "BIO_new")
        let octets = Array(text.utf8)
        _ = octets.withUnsafeBytes { BIO_write(bio, $0.baseAddress, Int32($0.count)) }
        return bio
    }

    private static func written(_ write: (OpaquePointer) -> Int32) throws(OpenSSLFailure) -> String {
        let bio = try require(BIO_new(BIO_s_mem()), "BIO_new")
        defer { BIO_free_all(bio) }
        try require(write(bio), "writing PEM")
        var octets = [UInt8](repeating: 0, count: kit_bio_pending(bio))
        let count = BIO_read(bio, &octets, Int32(octets.count))
        return String(decoding: octets.prefix(max(0, Int(count))), as: UTF8.self)
    }
}
