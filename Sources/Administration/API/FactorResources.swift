import AuthorizationRecords
import HTTP
import JSON

/// `/admin/v1/users/ID/factors`: what a user shows besides the password. DELETE takes all of it away.
struct FactorCollection: AdminResource {
    let api: AdminAPI
    let user: String
    let methods = ["GET", "HEAD", "DELETE"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        if call.isReading {
            guard try await api.store.user(id: user) != nil else { throw AdminRefusal(.noSuchResource) }
            return try await Page(call).answer(
                RecordQuery(.factor, subject: user), call, in: api.store, path: "/admin/v1/users/\(user)/factors",
                StoredFactor.init
            ) { $0.managementDocument }
        }
        _ = try call.query([])
        return try await api.removeFactors(of: user, key: nil, call)
    }
}

/// `/admin/v1/users/ID/factors/ID`
struct FactorItem: AdminResource {
    let api: AdminAPI
    let user: String
    let id: String
    let methods = ["DELETE"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        _ = try call.query([])
        return try await api.removeFactors(of: user, key: id, call)
    }
}

extension AdminAPI {
    /// The version that `If-Match` may name is the account's: each change of its factors changes it, too.
    fileprivate func removeFactors(of user: String, key: String?, _ call: AdminCall) async throws -> ServiceResponse {
        guard let stored = try await store.user(id: user) else { throw AdminRefusal(.noSuchResource) }
        let version = try call.expectedVersion(current: stored.version)
        return gone(
            try await administration.removeFactors(ofUser: user, key: key, expected: version, now: call.now).change,
            call)
    }
}
