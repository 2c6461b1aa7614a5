import AuthorizationRecords
import AuthorizationServer
import HTTP
import JSON

/// `/admin/v1/grants`: those that have not ended, also of one client or one subject.
struct GrantCollection: AdminResource {
    let api: AdminAPI
    let methods = ["GET", "HEAD"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        let page = try Page(call, filters: ["client", "subject"])
        func filter(_ name: String) -> String? { page.filters.first { $0.name == name }?.value }
        let query = RecordQuery(.grant, client: filter("client"), subject: filter("subject"))
        return try await page.answer(query, call, in: api.store, path: "/admin/v1/grants", Grant.init) {
            $0.managementDocument
        }
    }
}

/// `/admin/v1/grants/ID`
struct GrantItem: AdminResource {
    let api: AdminAPI
    let id: String
    let methods = ["GET", "HEAD", "DELETE"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        _ = try call.query([])
        guard let record = try await api.store.record(.grant, id), !record.isExpired(at: call.now) else {
            throw AdminRefusal(.noSuchResource)
        }
        let grant = try record.read(Grant.init)
        if call.isReading { return call.shown(grant.managementDocument, record.version) }
        let version = try call.expectedVersion(current: record.version)
        return api.gone(try await api.administration.revokeGrant(id, expected: version, now: call.now), call)
    }
}
