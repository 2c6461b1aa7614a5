package import JSON
import Octets

/// Something besides the password by which a user shows who it is. Each is a record of its own about the user, so that it
/// ends with the account; whoever adds, changes or removes one writes the account in the same step, so that no log-in is
/// decided by what was there before.
package struct StoredFactor: Sendable, Equatable {
    /// What kind it is; the raw value stands in records and in lists.
    package enum Method: String, Sendable, CaseIterable { case passkey, totp, recoveryCodes = "recovery_codes" }

    /// What it is recognised by.
    package enum Content: Sendable, Equatable {
        /// By its public key.
        case passkey(StoredPasskey)
        /// By the secret that it shares with the server.
        case totp(StoredCodeSecret)
        /// Digests of those that have not been used.
        case recoveryCodes([String])
    }

    /// Of its record, and its name in lists.
    package let key: String
    /// Whose it is.
    package let userID: String
    package var content: Content
    /// What the user calls it.
    package var label: String
    /// Seconds since 1970.
    package let createdAt: Int64
    /// Seconds since 1970; nil: never.
    package var lastUsedAt: Int64?
    /// Of its record: 0 when it is not stored.
    package var version: Int64 = 0

    /// Passkeys of one user at most.
    package static let passkeysMax = 20
    /// Octets of a label at most.
    package static let labelBytesMax = 96

    /// A new one. There is one authenticator app and one set of recovery codes for each user.
    package init(of userID: String, _ content: Content, label: String, createdAt: Int64) {
        switch content {
        case .passkey(let passkey): key = Self.key(ofCredential: passkey.credentialID)
        case .totp: key = Self.key(.totp, of: userID)
        case .recoveryCodes: key = Self.key(.recoveryCodes, of: userID)
        }
        self.userID = userID
        self.content = content
        self.label = label
        self.createdAt = createdAt
    }

    package var method: Method {
        switch content {
        case .passkey: .passkey
        case .totp: .totp
        case .recoveryCodes: .recoveryCodes
        }
    }

    /// Of the record of a passkey: credentials are unique, whoever has them (WebAuthn §7.1).
    package static func key(ofCredential id: [UInt8]) -> String {
        SecretDigest.text(of: "passkey " + Base64URL.encode(id))
    }

    private static func key(_ method: Method, of userID: String) -> String {
        SecretDigest.text(of: method.rawValue + " of " + userID)
    }

    package var record: StoredRecord {
        var body: JSONObject = [
            "method": .string(method.rawValue), "label": .string(label), "created_at": .integer(createdAt),
        ]
        body["last_used_at"] = lastUsedAt.map { .integer($0) }
        switch content {
        case .passkey(let passkey): body["passkey"] = .object(passkey.json)
        case .totp(let secret): body["secret"] = .object(secret.json)
        case .recoveryCodes(let digests): body["codes"] = .strings(digests)
        }
        var record = StoredRecord(.factor, key, subject: userID, body: body)
        record.version = version
        return record
    }

    /// nil: the record is not a factor, or is damaged.
    package init?(_ record: StoredRecord) {
        guard record.kind == .factor, let userID = record.subject else { return nil }
        do {
            var body = RecordMembers(record.body)
            guard let method: Method = try body.optionalWord("method") else { return nil }
            label = try body.text("label", bytesMax: Self.labelBytesMax)
            createdAt = try body.integer("created_at", in: 0 ... .max)
            lastUsedAt = try body.optionalInteger("last_used_at", in: 0 ... .max)
            switch method {
            case .passkey:
                guard let passkey = try body.optionalObject("passkey").flatMap(StoredPasskey.init) else { return nil }
                content = .passkey(passkey)
            case .totp:
                guard let secret = try body.optionalObject("secret").flatMap(StoredCodeSecret.init) else { return nil }
                content = .totp(secret)
            case .recoveryCodes:
                let digests = try body.texts("codes")
                guard digests.count <= RecoveryCode.count, digests.allSatisfy(SecretDigest.isWellFormed) else {
                    return nil
                }
                content = .recoveryCodes(digests)
            }
            try body.end()
        } catch {
            return nil
        }
        key = record.key
        self.userID = userID
        version = record.version
    }
}

/// What is kept of a passkey (WebAuthn §4, credential record).
package struct StoredPasskey: Sendable, Equatable {
    /// Of the authenticator's choice, and unique.
    package let credentialID: [UInt8]
    /// With `alg`.
    package let publicKey: JSON
    /// How often its authenticator had signed when it was used last; 0: it does not count.
    package var signatureCount: UInt32
    /// It may be copied to other devices of the user.
    package let isBackupEligible: Bool
    /// And it was, when it was used last.
    package var isBackedUp: Bool
    /// Hints for browsers.
    package let transports: [String]

    package init(
        credentialID: [UInt8], publicKey: JSON, signatureCount: UInt32, isBackupEligible: Bool, isBackedUp: Bool,
        transports: [String]
    ) {
        self.credentialID = credentialID
        self.publicKey = publicKey
        self.signatureCount = signatureCount
        self.isBackupEligible = isBackupEligible
        self.isBackedUp = isBackedUp
        self.transports = transports
    }

    var json: JSONObject {
        var members: JSONObject = [
            "id": .string(Base64URL.encode(credentialID)), "key": publicKey,
            "count": .integer(Int64(signatureCount)),
        ]
        if isBackupEligible { members["backup_eligible"] = true }
        if isBackedUp { members["backed_up"] = true }
        if !transports.isEmpty { members["transports"] = .strings(transports) }
        return members
    }

    init?(_ members: JSONObject) {
        do {
            var members = RecordMembers(members)
            guard let id = Base64URL.decode(try members.text("id", bytesMax: 2_048)), !id.isEmpty,
                let key = members.optionalValue("key"), key.object != nil,
                let count = UInt32(exactly: try members.integer("count", in: 0...Int64(UInt32.max)))
            else { return nil }
            self.init(
                credentialID: id, publicKey: key, signatureCount: count,
                isBackupEligible: try members.flag("backup_eligible"), isBackedUp: try members.flag("backed_up"),
                transports: try members.texts("transports"))
            try members.end()
        } catch {
            return nil
        }
    }
}

/// The secret that the server shares with an authenticator app, and which of its codes was taken last.
package struct StoredCodeSecret: Sendable, Equatable {
    private enum Kept: Sendable, Equatable {
        case plain([UInt8])
        /// Under `key_encryption_key`.
        case sealed(String)
    }
    private var kept: Kept
    /// Step of the code that was taken last: neither it nor an older one counts again (RFC 6238 §5.2).
    package var lastStep: Int64?

    /// - Parameter seal: nil: the secret is stored as it is, as signing keys are then.
    package init(_ secret: [UInt8], of userID: String, lastStep: Int64?, seal: KeySeal?, random: Randomness)
        throws(KeySealError)
    {
        kept =
            if let seal { .sealed(try seal.seal(secret: secret, of: userID, random: random)) } else { .plain(secret) }
        self.lastStep = lastStep
    }

    /// Whether it is stored as it is.
    package var isPlain: Bool { if case .plain = kept { true } else { false } }

    /// Throws where `key_encryption_key` is not the one that it was sealed with, or missing.
    package func secret(of userID: String, seal: KeySeal?) throws(KeySealError) -> [UInt8] {
        switch kept {
        case .plain(let octets): return octets
        case .sealed(let text):
            guard let seal else { throw KeySealError() }
            return try seal.openSecret(text, of: userID)
        }
    }

    var json: JSONObject {
        var members: JSONObject
        switch kept {
        case .plain(let octets): members = ["octets": .string(Base64URL.encode(octets))]
        case .sealed(let text): members = ["sealed": .string(text)]
        }
        members["last_step"] = lastStep.map { .integer($0) }
        return members
    }

    init?(_ members: JSONObject) {
        do {
            var members = RecordMembers(members)
            let plain = try members.optionalText("octets", bytesMax: 128)
            let sealed = try members.optionalText("sealed", bytesMax: 512)
            switch (plain, sealed) {
            case (let plain?, nil):
                guard let octets = Base64URL.decode(plain), octets.count >= 16 else { return nil }
                kept = .plain(octets)
            case (nil, let sealed?): kept = .sealed(sealed)
            default: return nil
            }
            lastStep = try members.optionalInteger("last_step", in: 0 ... .max)
            try members.end()
        } catch {
            return nil
        }
    }
}
