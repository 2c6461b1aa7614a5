import Policy

@testable import PolicyFile

/// A disk from memory. Every file exists (keys with mode 0600) and is fine, unless a golden file's first lines say
/// otherwise:
///
///     #! missing certs/gateway.key
///     #! unreadable certs/gateway.key
///     #! folder certs
///     #! mode certs/gateway.key 644
///     #! chain certs/gateway.pem error holds no certificate
///     #! key certs/gateway.pem error does not belong to the certificate
///     #! authorities certs/client-ca.pem error holds no certificate
///     #! descriptors 4096
///     #! processors 8
///     #! names certs/gateway.pem localhost *.example.com 127.0.0.1
///     #! unset PORTCULLIS_SECRET
///     #! system-authorities none
///     #! content certs/partner.jwks.json {"keys": []}
struct StubPolicyFiles: PolicyFiles {
    private var statuses: [String: PolicyFileStatus] = [:]
    private var pairs: [String: [PolicyFileFinding]] = [:]
    private var authorities: [String: [PolicyFileFinding]] = [:]
    private var contents: [String: String] = [:]
    private(set) var descriptorsMax: Int?
    private(set) var processors = 2
    private(set) var hasSystemAuthorities = true
    private var names: [String: CertificateNames] = [:]
    private var unset: Set<String> = []

    init(directives text: String = "") {
        for line in text.split(separator: "\n") where line.hasPrefix("#! ") {
            let words = line.dropFirst(3).split(separator: " ", maxSplits: 2).map(String.init)
            guard words.count >= 2 else { continue }
            let rest = words.count > 2 ? words[2] : ""
            let finding = rest.split(separator: " ", maxSplits: 1).map(String.init)
            let severity = finding.first.flatMap(PolicyFileFinding.Severity.init(rawValue:)) ?? .error
            let message = finding.last ?? ""
            switch words[0] {
            case "missing": statuses[words[1]] = .missing
            case "unreadable": statuses[words[1]] = .unreadable
            case "folder": statuses[words[1]] = .folder
            case "mode": statuses[words[1]] = .file(permissions: UInt16(rest, radix: 8) ?? 0)
            case "chain": pairs[words[1], default: []].append(PolicyFileFinding(.chain, severity, message))
            case "key": pairs[words[1], default: []].append(PolicyFileFinding(.key, severity, message))
            case "authorities":
                authorities[words[1], default: []].append(PolicyFileFinding(.authorities, severity, message))
            case "descriptors": descriptorsMax = Int(words[1])
            case "processors": processors = Int(words[1]) ?? processors
            case "names":
                let all = rest.split(separator: " ").map(String.init)
                let isAddress = { (text: String) in text.contains(":") || text.last?.isNumber == true }
                names[words[1]] = CertificateNames(
                    dnsNames: all.filter { !isAddress($0) }, ipAddresses: all.filter(isAddress))
            case "unset": unset.insert(words[1])
            case "system-authorities": hasSystemAuthorities = words[1] != "none"
            case "content": contents[words[1]] = rest
            default: break
            }
        }
    }

    func status(of path: String) -> PolicyFileStatus {
        statuses[path] ?? .file(permissions: path.hasSuffix(".key") || path.contains("secret") ? 0o600 : 0o644)
    }

    func read(_ path: String, bytesMax: Int) -> Result<[UInt8], PolicyFileFailure> {
        if path.hasSuffix(".png"), contents[path] == nil {
            return .success([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        }
        let bytes = Array((contents[path] ?? (path.hasSuffix(".yaml") ? "{}" : Self.keySet)).utf8)
        return bytes.count > bytesMax ? .failure(PolicyFileFailure(.tooLarge)) : .success(bytes)
    }

    func keyPairFindings(chain: String, key: String) -> [PolicyFileFinding] { pairs[chain] ?? [] }

    func certificateNames(chain: String) -> CertificateNames? { names[chain] }

    func isSet(environment name: String) -> Bool { !unset.contains(name) }

    func authorityFindings(path: String) -> [PolicyFileFinding] { authorities[path] ?? [] }

    func sha256(_ bytes: [UInt8]) -> [UInt8] {
        (0..<32).map { UInt8(truncatingIfNeeded: $0 &* 17 &+ 10) }
    }

    /// The public keys of RFC 7515 appendix A.3 and RFC 7517 appendix A.1.
    static let keySet = """
        {"keys": [
          {"kty": "EC", "crv": "P-256", "use": "sig", "kid": "ec",
           "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
          {"kty": "RSA", "use": "sig", "kid": "rsa", "e": "AQAB",
           "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}
        ]}
        """
}
