import AuthorizationRecords
import JOSE
import Policy

/// What every database of the authorization server must hold: signing keys, and the key of its client secrets.
struct StoreContents: Sendable {
    /// Those that cannot be read are among them.
    let keys: RecordList<StoredSigningKey>
    let pepper: SecretPepper

    /// Throws `StorageError` where something is missing. Whether the keys serve is a question of its own
    /// (`SigningKeyCheck`).
    /// - Parameter name: of the database, for messages.
    init(signingKeys: RecordList<StoredSigningKey>, pepper: StoredRecord?, name: String) throws(StorageError) {
        keys = signingKeys
        guard !keys.isEmpty else {
            throw StorageError(
                name, "has lost its signing keys; restore it from a backup (new keys would make every token worthless)")
        }
        guard let octets = pepper.flatMap(ServerKey.octets(of:)), let pepper = SecretPepper(octets: octets) else {
            throw StorageError(name, "has lost the key of its client secrets; restore it from a backup")
        }
        self.pepper = pepper
    }

    /// Whether the database was made with these first records: nobody else has the same.
    func isBorn(with birth: [StoredRecord]) -> Bool {
        birth.contains { record in record.kind == .signingKey && keys.values.contains { $0.kid == record.key } }
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
