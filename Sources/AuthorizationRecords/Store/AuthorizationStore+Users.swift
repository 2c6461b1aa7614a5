extension AuthorizationStore {
    /// nil: there is no such user. Throws `DamagedRecord` where the record cannot be read.
    package func user(id: String) async throws -> StoredUser? { try await value(.user, id, StoredUser.init) }

    /// - Parameter name: normalised.
    package func user(name: String) async throws -> StoredUser? {
        guard let id = try await record(.userName, name)?.subject else { return nil }
        return try await user(id: id)
    }

    /// In the order of their ids.
    package func users() async throws -> RecordList<StoredUser> { try await all(RecordQuery(.user), StoredUser.init) }
}
