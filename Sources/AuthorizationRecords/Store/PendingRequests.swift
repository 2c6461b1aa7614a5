import Synchronization

/// Who has begun something that waits in the store for a user, as far as that has to be known to bound it.
package enum RequestSender: Sendable, Equatable {
    /// Somebody who has not shown who they are: by the address.
    case address(AddressBlock)
    /// A client that has authenticated.
    case client(String)

    /// In `StoredRecord.subject` of what nobody has logged in for. No user and no client has an id with spaces, so
    /// nothing is ever revoked by it.
    fileprivate static let nobody = "nobody yet"
    private static let addressPrefix = "from address "
    private static let clientPrefix = "from client "

    /// In `StoredRecord.grant`; no id of a grant has spaces.
    fileprivate var text: String {
        switch self {
        case .address(let block): Self.addressPrefix + block.text
        case .client(let id): Self.clientPrefix + id
        }
    }

    fileprivate init?(text: String) {
        if text.hasPrefix(Self.addressPrefix) {
            self = .address(AddressBlock(stored: String(text.dropFirst(Self.addressPrefix.count))))
        } else if text.hasPrefix(Self.clientPrefix) {
            self = .client(String(text.dropFirst(Self.clientPrefix.count)))
        } else {
            return nil
        }
    }

    fileprivate var isAnonymous: Bool {
        if case .address = self { true } else { false }
    }
}

/// What of an address one sender has: an IPv4 address, or the /64 of an IPv6 address, of which a subscriber has all.
package struct AddressBlock: Sendable, Equatable {
    /// As it stands in records and messages.
    package let text: String

    /// - Parameter address: as the system writes it (RFC 5952), without brackets. What is no IPv6 address is a block of
    ///   its own.
    package init(of address: String) {
        // A zone is this machine's affair.
        let plain = address.prefix { $0 != "%" }
        guard plain.utf8.contains(UInt8(ascii: ":")) else {
            text = String(plain)
            return
        }
        // IPv4 in IPv6 (RFC 4291 §2.5.5): it is that address that somebody has.
        if plain.utf8.contains(UInt8(ascii: ".")), let colon = plain.lastIndex(of: ":") {
            text = String(plain[colon...].dropFirst())
            return
        }
        var groups = plain.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        // `::` stands for as many zeros as are missing.
        if let gap = groups.firstIndex(of: "") {
            let head = groups[..<gap].filter { !$0.isEmpty }
            let tail = groups[gap...].filter { !$0.isEmpty }
            groups = head + Array(repeating: "0", count: max(0, 8 - head.count - tail.count)) + tail
        }
        text = groups.prefix(4).joined(separator: ":") + "::/64"
    }

    fileprivate init(stored: String) { text = stored }
}

extension StoredRecord {
    /// Who began what this record stands for; nil: that is not counted, because a user has logged in for it since.
    package var sender: RequestSender? { grant.flatMap(RequestSender.init(text:)) }

    /// Of a record that is nobody's yet.
    package mutating func mark(_ sender: RequestSender?) {
        guard let sender else { return }
        grant = sender.text
        if sender.isAnonymous { subject = RequestSender.nobody }
    }

    /// `sub` of the user that it is about; nil: nobody has logged in for it.
    package var user: String? { subject == RequestSender.nobody ? nil : subject }
}

/// Bounds what can be stored by whoever has not logged in: log-ins and consents under way, log-ins at a provider, pushed
/// requests and devices that wait.
///
/// All of these have to be stored. A pushed request and a device code are a few octets that lead to what was sent by
/// somebody else before (RFC 9126, RFC 8628); what comes back from a provider is its `state`; and a request that the
/// browser carried, sealed, would have to fit into a cookie or an address beside those of its other tabs. So each sender
/// has a share: what is too much for it displaces its own oldest, and never what others have begun. Because an attacker
/// may have many addresses, there is a bound on all of them together, far above the share of one.
///
/// The database counts, so the bounds hold for all gateways that share it, and after a restart.
package final class PendingRequests: Sendable {
    /// Of one kind from one address, where the settings say nothing else.
    package static let perAddress = 256
    /// Of one kind for one client that has authenticated: minutes of a busy one.
    package static let perClient = 20_000
    /// Of one kind from all addresses together.
    package static let total = 20_000
    /// Consents under way for one user, and codes that are remembered.
    package static let perUser = 1_000
    /// All of a kind are counted when so many more have been stored; counting them takes a millisecond.
    static let countedEvery = 64

    private let perAddress: Int
    private let total: Int
    private let inserted = Mutex<[RecordKind: Int]>([:])

    /// - Parameters:
    ///   - perAddress: of one kind from one address.
    ///   - total: of one kind from all addresses.
    package init(perAddress: Int = PendingRequests.perAddress, total: Int = PendingRequests.total) {
        self.perAddress = perAddress
        self.total = max(total, perAddress)
    }

    /// What stores a new record, and what makes room for it. A record without a sender is bounded by its user, if it has
    /// one.
    package func insertion(of record: StoredRecord) -> [StoreChange] {
        let own: StoreChange
        switch record.sender {
        case .address?:
            own = .removeOldest(
                RecordQuery(record.kind, grant: record.grant), above: perAddress, keeping: perAddress)
        case .client?:
            return [
                .insert(record),
                .removeOldest(
                    RecordQuery(record.kind, grant: record.grant), above: Self.perClient,
                    keeping: Self.perClient - Self.perClient / 16),
            ]
        case nil:
            guard let user = record.user else { return [.insert(record)] }
            return [
                .insert(record),
                .removeOldest(
                    RecordQuery(record.kind, subject: user), above: Self.perUser,
                    keeping: Self.perUser - Self.perUser / 16),
            ]
        }
        return isTimeToCount(record.kind) ? [.insert(record), own, all(record.kind)] : [.insert(record), own]
    }

    /// A sixteenth goes at once here, and of a client's and a user's, so that sorting them is rare.
    private func all(_ kind: RecordKind) -> StoreChange {
        .removeOldest(
            RecordQuery(kind, subject: RequestSender.nobody), above: total, keeping: total - total / 16)
    }

    private func isTimeToCount(_ kind: RecordKind) -> Bool {
        inserted.withLock { inserted in
            let count = inserted[kind, default: 0] + 1
            inserted[kind] = count % Self.countedEvery
            return count == Self.countedEvery
        }
    }
}
