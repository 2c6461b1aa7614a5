@testable import AuthorizationRecords
@testable import LogIn

extension UserDirectory {
    /// A new account with a password.
    func add(
        name: String, password: String, email: String? = nil, displayName: String? = nil, now: Int64, random: Randomness
    ) async throws -> StoredUser {
        try await add(name: name, .password(password), email: email, displayName: displayName, now: now, random: random)
    }
}
