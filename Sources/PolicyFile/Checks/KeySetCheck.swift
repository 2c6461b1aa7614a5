import JOSE
import Policy

/// Looks into the JWK Set file of an issuer.
struct KeySetCheck {
    static let fileBytesMax = 1_048_576

    let context: ReadingContext
    let files: FileChecks

    func check(_ path: Located<String>, issuer: String, algorithms: [Located<Algorithm>]) {
        let findings = context.findings
        let name = "JWK Set \(Shown.value(path.value)) of \(issuer)"
        guard files.isReadable(path, "JWK Set") else { return }
        let bytes: [UInt8]
        switch context.files.read(context.path(path.value), bytesMax: Self.fileBytesMax) {
        case .success(let read): bytes = read
        case .failure(let failure):
            let why = failure.reason == .tooLarge ? "is larger than 1 MiB" : "cannot be read"
            findings.error(.badKeySet, at: path.position, "\(name) \(why)")
            return
        }
        let set: JWKSet
        do {
            set = try JWKSet.parse(bytes)
        } catch {
            findings.error(.badKeySet, at: path.position, "\(name) cannot be used: \(error.reason)")
            return
        }
        for skipped in set.skipped {
            findings.warning(
                .keySkipped, at: path.position, "\(name): key \(skipped.index + 1) is not used: \(skipped.reason)")
        }
        guard !set.keys.isEmpty else {
            findings.error(.badKeySet, at: path.position, "\(name) holds no key that can be used")
            return
        }
        let unserved = algorithms.filter { algorithm in !set.keys.contains { $0.permits(algorithm.value) } }
        if unserved.count == algorithms.count, !algorithms.isEmpty {
            findings.error(
                .badKeySet, at: path.position,
                "\(name) holds no key for \(Shown.choice(algorithms.map(\.value.rawValue))); no token of this issuer could be verified"
            )
        }
    }
}
