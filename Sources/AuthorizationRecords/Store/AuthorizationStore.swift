/// Where the authorization server keeps what it must not forget: the port behind which SQLite or PostgreSQL lies.
///
/// An error means that nothing is known now, never that there is no such thing. Expired records may still be returned;
/// whoever reads one asks `StoredRecord.isExpired`. Keys and search fields are compared octet by octet.
package protocol AuthorizationStore: Sendable {
    /// nil if there is no such record. Throws `DamagedRecord` if it cannot be read.
    func record(_ kind: RecordKind, _ key: String) async throws -> StoredRecord?

    /// Records that cannot be read are in the page, too, as errors.
    /// - Parameter most: from 1 to `recordsMax`.
    func page(_ query: RecordQuery, most: Int) async throws -> RecordPage

    /// Makes all changes, in their order and in one step for everybody who reads; durable once it returns. False: for
    /// one of them something else was true, and nothing was changed. Throws `UnstorableRecord`, with nothing changed, if one
    /// of them would write what nobody could read. A damaged record has its version and its end as any
    /// other.
    /// - Parameter now: seconds since 1970, for what is expired.
    func commit(_ changes: [StoreChange], now: Int64) async throws -> Bool

    /// Removes some of what is expired, `most` records at most, and says how many.
    func removeExpired(now: Int64, most: Int) async throws -> Int

    /// Yields soon after a record of this kind was written, by this process or by another, and may yield without a
    /// reason. Ends with the store.
    func writes(of kind: RecordKind) -> AsyncStream<Void>

    /// How many records this process has removed by `StoreChange.removeOldest` since the store was opened.
    var displaced: Int { get }

    /// Gives some of the room that removed records have left back to the system, in a step that holds up nobody for
    /// long. False: there is nothing to give back.
    func releaseSpace() async throws -> Bool
}

extension AuthorizationStore {
    /// Of a store that does not count.
    package var displaced: Int { 0 }
    /// Of a store that gives room back by itself.
    package func releaseSpace() async throws -> Bool { false }
}

extension AuthorizationStore {
    /// Records in one answer at most.
    package static var recordsMax: Int { 1_000 }
}
