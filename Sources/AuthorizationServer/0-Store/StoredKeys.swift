package import JOSE
internal import JSON

/// Secret octets that the server has for a purpose of its own, kept beside everything else.
package enum ServerKey {
    /// Of `SecretPepper`.
    package static let pepper = "secret_pepper"

    package static func record(purpose: String, octets: [UInt8], createdAt: Int64) -> StoredRecord {
        StoredRecord(.serverKey, purpose, body: ["octets": .string(Base64URL.encode(octets)), "created_at": .integer(createdAt)])
    }

    /// nil: the record holds none.
    package static func octets(of record: StoredRecord) -> [UInt8]? {
        record.kind == .serverKey ? record.body["octets"]?.string.flatMap { Base64URL.decode($0) } : nil
    }
}

/// A signing key in its record.
package enum StoredSigningKey {
    package static func record(
        kid: String, algorithm: String, pem: String, createdAt: Int64, signsFrom: Int64, publishedUntil: Int64?
    ) -> StoredRecord {
        var body: JSONObject = [
            "algorithm": .string(algorithm), "private_pem": .string(pem), "created_at": .integer(createdAt), "signs_from": .integer(signsFrom),
        ]
        body["published_until"] = publishedUntil.map { .integer($0) }
        return StoredRecord(.signingKey, kid, body: body)
    }

    package static func record(_ key: SigningKey, createdAt: Int64, signsFrom: Int64) -> StoredRecord {
        record(
            kid: key.kid, algorithm: key.algorithm.rawValue, pem: key.pemRepresentation, createdAt: createdAt, signsFrom: signsFrom,
            publishedUntil: nil)
    }

    /// nil: it cannot be read, or is not the key that it is called.
    package static func key(of record: StoredRecord) -> DatedSigningKey? {
        let body = record.body
        guard let algorithm = body["algorithm"]?.string.flatMap(Algorithm.init(rawValue:)), let pem = body["private_pem"]?.string,
            let key = try? SigningKey(pem: pem, algorithm: algorithm), key.kid == record.key, let signsFrom = body["signs_from"]?.int
        else { return nil }
        return DatedSigningKey(key: key, signsFrom: signsFrom, publishedUntil: body["published_until"]?.int)
    }
}
