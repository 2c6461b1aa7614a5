import COpenSSL

/// Whom the certificate of the other side names.
package struct PeerCertificate: Sendable, Equatable {
    /// `CN` of the subject.
    package let commonName: String?
    /// URI names, such as SPIFFE IDs.
    package let uris: [String]
    /// DNS names, in the case in which they stand there.
    package let dnsNames: [String]
    /// The certificate itself.
    package let der: [UInt8]

    /// Reads a certificate and frees it.
    init(taking certificate: OpaquePointer) {
        defer { X509_free(certificate) }
        var text = [CChar](repeating: 0, count: 256)
        let length = X509_NAME_get_text_by_NID(
            X509_get_subject_name(certificate), NID_commonName, &text, Int32(text.count))
        commonName =
            length >= 0 ? String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
        var found: [Int32: [String]] = [:]
        if let names = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) {
            let list = OpaquePointer(names)
            for index in 0..<kit_name_count(list) {
                var value: UnsafePointer<CChar>?
                let type = kit_name_at(list, index, &value)
                if let value { found[type, default: []].append(String(cString: value)) }
            }
            GENERAL_NAMES_free(list)
        }
        uris = found[GEN_URI] ?? []
        dnsNames = found[GEN_DNS] ?? []
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509(certificate, &encoded)
        der = count > 0 ? Array(UnsafeBufferPointer(start: encoded, count: Int(count))) : []
        CRYPTO_free(encoded, #file, #line)
    }
}
