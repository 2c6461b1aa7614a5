import AuthorizationRecords
import JOSE
import Policy

/// What every database of the authorization server must hold: signing keys, and the key of its client secrets.
struct StoreContents: Sendable {
    let keys: [StoredSigningKey]
    let ring: SigningKeyRing
    let pepper: SecretPepper

    /// Throws `StorageError` where something is missing or cannot be read.
    /// - Parameters:
    ///   - name: of the database, for messages.
    ///   - seal: opens private keys that are encrypted.
    ///   - preference: what is signed with.
    init(
        signingKeys: RecordList<StoredSigningKey>, pepper: StoredRecord?, name: String, seal: KeySeal?,
        preference: [Algorithm]
    ) throws(StorageError) {
        if let damaged = signingKeys.damaged.first { throw Self.unreadable(damaged.key, name) }
        keys = signingKeys.values
        guard !keys.isEmpty else {
            throw StorageError(
                name, "has lost its signing keys; restore it from a backup (new keys would make every token worthless)")
        }
        ring = try Self.ring(of: keys, name: name, seal: seal, preference: preference)
        guard let octets = pepper.flatMap(ServerKey.octets(of:)), let pepper = SecretPepper(octets: octets) else {
            throw StorageError(name, "has lost the key of its client secrets; restore it from a backup")
        }
        self.pepper = pepper
    }

    static func ring(of keys: [StoredSigningKey], name: String, seal: KeySeal?, preference: [Algorithm])
        throws(StorageError) -> SigningKeyRing
    {
        var dated: [DatedSigningKey] = []
        for key in keys {
            do throws(StoredKeyError) {
                dated.append(try key.key(seal))
            } catch {
                switch error {
                case .sealed:
                    throw StorageError(
                        name, "has encrypted signing keys; say with what, under authorization_server.key_encryption_key"
                    )
                case .otherSeal:
                    throw StorageError(
                        name,
                        "has a signing key that authorization_server.key_encryption_key does not open (\(key.kid)); use the one that it was encrypted with"
                    )
                case .unreadable: throw unreadable(key.kid, name)
                }
            }
        }
        guard let ring = SigningKeyRing(dated, preference: preference) else {
            throw StorageError(name, "holds a signing key twice")
        }
        return ring
    }

    private static func unreadable(_ kid: String, _ name: String) -> StorageError {
        StorageError(name, "holds a signing key that cannot be read (\(kid)); restore it from a backup")
    }

    /// What a new database is given: a key for each algorithm, which signs from now on, and the key of client secrets.
    static func birth(algorithms: [Algorithm], seal: KeySeal?, now: Int64, random: Randomness) throws -> [StoredRecord]
    {
        try [
            ServerKey.record(purpose: ServerKey.pepper, octets: random.octets(SecretPepper.octetCount), createdAt: now)
        ]
            + algorithms.map { algorithm in
                try StoredSigningKey(
                    SigningKey.generate(algorithm), createdAt: now, signsFrom: now, seal: seal, random: random
                ).record
            }
    }
}
