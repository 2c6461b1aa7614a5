package import JSON

// What is written must be readable, by this version and by those beside it: a record that grew past the bounds of the
// reader would be lost with all that depends on it. Escapes grow, and others' documents have members that nobody counted,
// so it is the encoded body that is judged.

extension StoredRecord {
    /// What is written keeps to these; every version reads as much.
    package static let writtenLimits = JSONLimits(bytesMax: 65_536, depthMax: 16, membersMax: 1_024)
    /// What is read may be larger: earlier versions wrote without a bound.
    private static let readLimits = JSONLimits(bytesMax: 4_194_304, depthMax: 64, membersMax: 65_536)
    /// Octets of the key and of each field that is searched by; an index of PostgreSQL takes less than 2,704 in a row.
    package static let nameBytesMax = 1_024

    /// As it is stored.
    package var encodedBody: String { String(decoding: JSON.object(body).serialized(), as: UTF8.self) }

    /// What `encodedBody` has written; nil: it is damaged.
    package static func body(encoded text: String) -> JSONObject? {
        (try? JSON.parse(Array(text.utf8), limits: readLimits))?.object
    }

    /// Whether it can be read again.
    /// - Parameter room: octets that it may yet grow by.
    package func isStorable(room: Int = 0) -> Bool {
        guard [key, client, subject, grant].allSatisfy({ ($0?.utf8.count ?? 0) <= Self.nameBytesMax }) else {
            return false
        }
        var limits = Self.writtenLimits
        limits.bytesMax -= room
        // No member of ours takes less.
        limits.membersMax -= room / 64
        let octets = JSON.object(body).serialized()
        return (try? JSON.parse(octets, limits: limits)) != nil
    }
}

/// A record that could not be read again: nothing was written.
package struct UnstorableRecord: Error, Sendable, Equatable, CustomStringConvertible {
    package let kind: RecordKind
    /// As in `StoredRecord`.
    package let key: String

    package var description: String {
        "the record \"\(key.prefix(128))\" (\(kind.rawValue)) would be too large: \(StoredRecord.writtenLimits.bytesMax) octets of JSON with \(StoredRecord.writtenLimits.membersMax) members and elements are the most"
    }
}

extension [StoreChange] {
    /// For stores, before they write anything.
    package func checkStorable() throws(UnstorableRecord) {
        for change in self {
            switch change {
            case .insert(let record), .replace(let record):
                guard record.isStorable() else { throw UnstorableRecord(kind: record.kind, key: record.key) }
            case .expect, .remove, .removeAll, .removeOldest: break
            }
        }
    }
}
