extension AuthorizationStore {
    package func user(id: String) async throws -> StoredUser? { try await record(.user, id).flatMap(StoredUser.init) }

    /// - Parameter name: normalised.
    package func user(name: String) async throws -> StoredUser? {
        guard let id = try await record(.userName, name)?.subject else { return nil }
        return try await user(id: id)
    }

    /// In the order of their ids, behind `after`.
    package func users(after: String? = nil, most: Int = 1_000) async throws -> [StoredUser] {
        try await records(RecordQuery(.user, afterKey: after), most: most).compactMap(StoredUser.init)
    }
}
