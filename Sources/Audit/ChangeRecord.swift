package import JSON

/// Every field that a record of a change may have. One table: name, class.
package enum ChangeField: String, Sendable, CaseIterable {
    case time
    case requestID = "request_id"
    case change, outcome, object
    case actorClient = "actor_client"
    case actorSubject = "actor_subject"
    case actorUser = "actor_user"
    case before, after, truncated

    /// Exhaustive on purpose: a new field has to say how much care it needs.
    package var classification: AuditClass {
        switch self {
        case .time, .requestID, .change, .outcome, .truncated: .open
        case .object, .actorClient, .actorSubject, .actorUser, .before, .after: .personal
        }
    }
}

/// A change of what the gateway keeps, as a record of its own beside that of the request that made it: who, what,
/// before and after. It has more to say than fits into the record of a request, and it is never left out.
///
/// Secrets are not in it: whoever makes one hands in descriptions without them.
package struct ChangeRecord: Sendable {
    /// Octets of one record at most, with its line feed.
    package static let bytesMax = 65_536
    /// Octets of `before` and of `after` at most; what is longer is replaced by its member names.
    private static let sideBytesMax = 20_480
    /// Octets of each other text at most.
    private static let textBytesMax = 512

    /// With the line feed.
    package let octets: [UInt8]

    /// - Parameters:
    ///   - wallNanoseconds: since 1970.
    ///   - texts: in their order, each field once; empty ones are left out.
    ///   - before: nil: there was nothing.
    package init(
        at wallNanoseconds: Int64, _ texts: [(field: ChangeField, value: String)], before: JSONObject?,
        after: JSONObject?
    ) {
        var clock = RecordClock()
        var out = Array("{\"time\":\"".utf8)
        clock.append(wallNanoseconds, to: &out)
        out.append(0x22)
        var isTruncated = false
        func begin(_ field: ChangeField) { out += Array(",\"\(field.rawValue)\":".utf8) }
        for (field, value) in texts where !value.isEmpty {
            begin(field)
            let kept = Array(value.utf8.prefix(Self.textBytesMax))
            if kept.count < value.utf8.count { isTruncated = true }
            JSONText.appendEscaped(kept, to: &out)
        }
        for (field, side) in [(ChangeField.before, before), (.after, after)] {
            guard let side else { continue }
            begin(field)
            var octets = JSON.object(side).serialized()
            if octets.count > Self.sideBytesMax {
                isTruncated = true
                octets = JSON.object(Self.shortened(side)).serialized()
            }
            out += octets
        }
        if isTruncated { out += Array(",\"truncated\":true".utf8) }
        octets = out + [0x7D, 0x0A]
    }

    /// The largest members give way first, until the rest fits.
    private static func shortened(_ side: JSONObject) -> JSONObject {
        var rest = side
        let bySize = side.members.map { (name: $0.name, size: $0.value.serialized().count) }.sorted {
            $0.size > $1.size
        }
        var size = JSON.object(side).serialized().count
        for member in bySize where size > sideBytesMax {
            rest[member.name] = .string("left out: \(member.size) octets")
            size = size - member.size + 32
        }
        return rest
    }
}

extension AuditLog {
    /// Whether the record of a change could be kept now. Even where requests go on without records (`drop_and_count`),
    /// changes do not.
    package var takesChanges: Bool { takesRecords }

    /// Kept in any case, whatever has become of the log since `takesChanges` was asked. For any thread.
    package func record(_ change: ChangeRecord) { _ = submit(AuditBatch(octets: change.octets, records: 1)) }
}
