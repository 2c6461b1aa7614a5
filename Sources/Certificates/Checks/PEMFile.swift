import Foundation

/// The blocks of a PEM file (RFC 7468), read as leniently as OpenSSL reads them: text around the blocks and lines of
/// any length are fine.
struct PEMFile {
    /// One `-----BEGIN label-----` block.
    struct Block: Equatable {
        var label: String
        var der: [UInt8]
    }

    /// A chain or a set of authorities beyond this is a mistake: the largest bundles in use have 250 KB.
    static let bytesMax = 1_048_576

    let blocks: [Block]

    init(path: String) throws(PEMFileError) {
        try self.init(text: String(decoding: Self.read(path), as: UTF8.self))
    }

    init(text: String) throws(PEMFileError) {
        guard !text.allSatisfy(\.isWhitespace) else { throw .empty }
        var blocks: [Block] = []
        var label: String?
        var body = ""
        for line in text.split(whereSeparator: \.isNewline) {
            if let begin = Self.label(of: line, "-----BEGIN ") {
                guard label == nil else { throw .malformed("a block begins inside another") }
                label = begin
                body = ""
            } else if let end = Self.label(of: line, "-----END ") {
                guard let begun = label, begun == end else { throw .malformed("\"END \(end)\" ends no block") }
                if body.contains("ENCRYPTED") { throw .encrypted }
                guard let data = Data(base64Encoded: body), !data.isEmpty else {
                    throw .malformed("the block \"\(end)\" is not base64")
                }
                blocks.append(Block(label: begun, der: Array(data)))
                label = nil
            } else if label != nil {
                body += line.trimmingCharacters(in: .whitespaces)
            }
        }
        guard label == nil else { throw .malformed("the last block has no end") }
        guard !blocks.isEmpty else { throw .notPEM }
        self.blocks = blocks
    }

    private static func label(of line: Substring, _ prefix: String) -> String? {
        let line = line.trimmingCharacters(in: .whitespaces)
        guard line.hasPrefix(prefix), line.hasSuffix("-----") else { return nil }
        return String(line.dropFirst(prefix.count).dropLast(5))
    }

    private static func read(_ path: String) throws(PEMFileError) -> [UInt8] {
        try FileState.check(path, bytesMax: bytesMax)
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else { throw .unreadable }
        return Array(data)
    }
}

/// Why a file cannot be read as PEM.
enum PEMFileError: Error, Equatable {
    case missing, unreadable, notAFile, tooLarge, empty, notPEM, encrypted, noCertificate, noKey, severalKeys, badKey
    case malformed(String)
    case badCertificate(number: Int, String)

    /// A sentence without the file's name in front.
    var message: String {
        switch self {
        case .missing: "does not exist"
        case .unreadable: "cannot be read: no permission"
        case .notAFile: "is not a file"
        case .tooLarge: "is larger than 1 MiB"
        case .empty: "is empty"
        case .notPEM: "holds no PEM block (\"-----BEGIN …-----\")"
        case .encrypted: "holds a key that is encrypted with a passphrase; write it without one, mode 0600"
        case .noCertificate: "holds no certificate"
        case .noKey: "holds no private key"
        case .severalKeys: "holds more than one private key"
        case .badKey: "holds a private key that cannot be read; expected RSA, P-256, P-384, P-521 or Ed25519"
        case .badCertificate(let number, let why): "holds a certificate (number \(number)) that cannot be read: \(why)"
        case .malformed(let why): "is not well-formed PEM: \(why)"
        }
    }
}
