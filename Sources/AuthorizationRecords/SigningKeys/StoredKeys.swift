package import JOSE
import JSON
import Octets

/// Secret octets that the server has for a purpose of its own, kept beside everything else.
package enum ServerKey {
    /// Of `SecretPepper`.
    package static let pepper = "secret_pepper"

    /// - Parameter createdAt: seconds since 1970.
    package static func record(purpose: String, octets: [UInt8], createdAt: Int64) -> StoredRecord {
        StoredRecord(
            .serverKey, purpose, body: ["octets": .string(Base64URL.encode(octets)), "created_at": .integer(createdAt)])
    }

    /// nil: the record holds none.
    package static func octets(of record: StoredRecord) -> [UInt8]? {
        record.kind == .serverKey ? record.body["octets"]?.string.flatMap { Base64URL.decode($0) } : nil
    }
}

/// A signing key in its record: what of it is public and when it serves in clear, the private key sealed or not.
package struct StoredSigningKey: Sendable, Equatable {
    /// Key ID: the thumbprint of the public key (RFC 7638).
    package var kid: String
    package var algorithm: Algorithm
    /// Seconds since 1970.
    package var createdAt: Int64
    /// Seconds since 1970. Before, it is only published.
    package var signsFrom: Int64
    /// nil: until a newer one signs. Together with `publishedUntil`: see `end(signing:published:)`.
    package var signsUntil: Int64?
    /// nil: not decided.
    package var publishedUntil: Int64?
    /// It was made because clients want their ID tokens signed by its algorithm (see `DatedSigningKey`).
    package var isForClients = false
    private var privateKey: PrivateKey
    /// Of its record: 0 when it is not stored.
    package var version: Int64 = 0

    private enum PrivateKey: Sendable, Equatable {
        /// PKCS #8.
        case pem(String)
        case sealed(String)
    }

    /// - Parameter seal: nil: the private key is stored as it is.
    package init(_ key: SigningKey, createdAt: Int64, signsFrom: Int64, seal: KeySeal?, random: Randomness)
        throws(KeySealError)
    {
        kid = key.kid
        algorithm = key.algorithm
        self.createdAt = createdAt
        self.signsFrom = signsFrom
        privateKey =
            if let seal { .sealed(try seal.seal(key.pemRepresentation, kid: key.kid, random: random)) } else {
                .pem(key.pemRepresentation)
            }
    }

    /// nil: the record is not a signing key, or is damaged.
    package init?(_ record: StoredRecord) {
        let body = record.body
        guard record.kind == .signingKey, let algorithm = body["algorithm"]?.string.flatMap(Algorithm.init(rawValue:)),
            let createdAt = body["created_at"]?.int, let signsFrom = body["signs_from"]?.int,
            let isForClients = body.flag("for_clients")
        else { return nil }
        if let sealed = body["sealed_pem"]?.string {
            privateKey = .sealed(sealed)
        } else if let pem = body["private_pem"]?.string {
            privateKey = .pem(pem)
        } else {
            return nil
        }
        kid = record.key
        self.algorithm = algorithm
        self.createdAt = createdAt
        self.signsFrom = signsFrom
        self.isForClients = isForClients
        publishedUntil = body["published_until"]?.int
        // Versions before 0.1 was finished stored only how long it is published: a day longer than it signs, or more.
        signsUntil = body["signs_until"]?.int ?? publishedUntil.map { $0 &- KeySchedule.retainSecondsMin }
        version = record.version
    }

    package var record: StoredRecord {
        var body: JSONObject = [
            "algorithm": .string(algorithm.rawValue), "created_at": .integer(createdAt),
            "signs_from": .integer(signsFrom),
        ]
        switch privateKey {
        case .pem(let pem): body["private_pem"] = .string(pem)
        case .sealed(let text): body["sealed_pem"] = .string(text)
        }
        if isForClients { body["for_clients"] = true }
        body["signs_until"] = signsUntil.map { .integer($0) }
        body["published_until"] = publishedUntil.map { .integer($0) }
        var record = StoredRecord(.signingKey, kid, body: body)
        record.version = version
        return record
    }

    package var isSealed: Bool {
        if case .sealed = privateKey { true } else { false }
    }

    /// The key, ready to sign.
    /// - Parameter seal: needed where the private key is sealed.
    package func key(_ seal: KeySeal?) throws(StoredKeyError) -> DatedSigningKey {
        let pem: String
        switch privateKey {
        case .pem(let text): pem = text
        case .sealed(let text):
            guard let seal else { throw .sealed }
            guard let opened = try? seal.open(text, kid: kid) else { throw .otherSeal }
            pem = opened
        }
        guard let key = try? SigningKey(pem: pem, algorithm: algorithm), key.kid == kid else { throw .unreadable }
        return DatedSigningKey(
            key: key, signsFrom: signsFrom, signsUntil: signsUntil, publishedUntil: publishedUntil,
            isForClients: isForClients)
    }

    /// The same with the private key sealed; unchanged where it is already.
    package func sealed(by seal: KeySeal, random: Randomness) throws(KeySealError) -> StoredSigningKey {
        guard case .pem(let pem) = privateKey else { return self }
        var copy = self
        copy.privateKey = .sealed(try seal.seal(pem, kid: kid, random: random))
        return copy
    }
}

extension AuthorizationStore {
    /// In the order of their ids.
    package func signingKeys() async throws -> RecordList<StoredSigningKey> {
        try await all(RecordQuery(.signingKey), StoredSigningKey.init)
    }
}

/// Why a stored key is none that can sign.
package enum StoredKeyError: Error, Equatable, Sendable {
    /// It is encrypted, and there is no key to open it with.
    case sealed
    /// It was encrypted with another key, or altered.
    case otherSeal
    /// It is no key, or not the one that it is called.
    case unreadable
}

extension StoredSigningKey: SigningPeriod {
    /// It is to sign from a time on that others can prepare for, and has not begun. One that was made to sign at once
    /// has begun, whatever the clock says: what it replaced does not come back.
    func isAnnounced(at now: Int64) -> Bool { signsFrom > now && signsFrom > createdAt }
}
