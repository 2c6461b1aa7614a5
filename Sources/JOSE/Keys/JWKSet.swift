package import JSON

/// The public keys of one issuer (RFC 7517 §5). Keys that cannot be used are left out one by one, and reported.
package struct JWKSet: Sendable {
    /// A key that is not used.
    package struct Skipped: Sendable, Equatable {
        /// Place in `keys`, from 0.
        package let index: Int
        package let error: KeyError
        /// A fixed sentence, for logs.
        package var reason: String { error.reason }
    }

    package let keys: [VerificationKey]
    package let skipped: [Skipped]

    /// Octets of a document at most.
    package static let bytesMax = 1_048_576
    /// Keys of a set at most, usable or not.
    package static let keysMax = 100
    /// Signatures checked for one token at most, where its `kid` does not single out a key.
    package static let candidatesMax = 4

    private static let limits = JSONLimits(bytesMax: bytesMax, depthMax: 16, membersMax: 100 * 64)

    /// A set of keys that are known to be usable.
    package init(_ keys: [VerificationKey]) {
        self.keys = keys
        skipped = []
    }

    private init(keys: [VerificationKey], skipped: [Skipped]) {
        self.keys = keys
        self.skipped = skipped
    }

    /// Reads a JWK Set. A set without any usable key is one all the same: the caller decides what that means.
    package static func parse(_ octets: [UInt8]) throws(KeyError) -> JWKSet {
        guard octets.count <= bytesMax else { throw .setTooLarge }
        guard let document = try? JSON.parse(octets, limits: limits) else { throw .setNotJSON }
        return try JWKSet(document)
    }

    /// Reads a JWK Set that stands in another document, such as a client's metadata.
    package init(_ document: JSON) throws(KeyError) {
        guard let array = document.object?["keys"]?.array else { throw .noKeysArray }
        guard array.count <= Self.keysMax else { throw .tooManyKeys }
        var keys: [VerificationKey] = []
        var skipped: [Skipped] = []
        for (index, jwk) in array.enumerated() {
            do throws(KeyError) {
                keys.append(try VerificationKey(jwk: jwk))
            } catch {
                skipped.append(Skipped(index: index, error: error))
            }
        }
        self.init(keys: keys, skipped: skipped)
    }

    /// The keys that may have signed a token: with its `kid`, where it has one, and made for its algorithm.
    ///
    /// None when there are more than `candidatesMax`: trying some of them would accept one token and refuse the next.
    package func candidates(kid: String?, algorithm: Algorithm) -> [VerificationKey] {
        var found: [VerificationKey] = []
        for key in keys where key.permits(algorithm) {
            if let kid {
                guard let own = key.kid, own.hasSameOctets(as: kid) else { continue }
            }
            guard found.count < Self.candidatesMax else { return [] }
            found.append(key)
        }
        return found
    }
}
