import AuthorizationRecords
import AuthorizationServer
import HTTP
import JSON

/// `/admin/v1/sessions`: browsers in which users are logged in, also of one user or one client.
struct SessionCollection: AdminResource {
    let api: AdminAPI
    let methods = ["GET", "HEAD"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        let page = try Page(call, filters: ["user", "client"])
        func filter(_ name: String) -> String? { page.filters.first { $0.name == name }?.value }
        var ofClient: Set<String>?
        if let client = filter("client") { ofClient = try await api.store.sessions(ofClient: client, now: call.now) }
        let wanted = ofClient
        return try await page.answer(
            RecordQuery(.session, subject: filter("user")), call, in: api.store, path: "/admin/v1/sessions",
            UserSession.init
        ) { session in
            guard session.isLive(at: call.now), wanted?.contains(session.sid) ?? true else { return nil }
            return try await api.store.describe(session, now: call.now).document
        }
    }
}

/// `/admin/v1/sessions/SID`
struct SessionItem: AdminResource {
    let api: AdminAPI
    let id: String
    let methods = ["GET", "HEAD", "DELETE"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        _ = try call.query([])
        guard let session = try await api.store.session(sid: id, now: call.now) else {
            throw AdminRefusal(.noSuchResource)
        }
        if call.isReading {
            return call.shown(try await api.store.describe(session, now: call.now).document, session.version)
        }
        let version = try call.expectedVersion(current: session.version)
        return api.gone(try await api.administration.endSession(id, expected: version, now: call.now), call)
    }
}

/// `/admin/v1/users/ID/sessions`: DELETE logs the user out everywhere.
struct UserSessionCollection: AdminResource {
    let api: AdminAPI
    let user: String
    let methods = ["GET", "HEAD", "DELETE"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        guard let stored = try await api.store.user(id: user) else { throw AdminRefusal(.noSuchResource) }
        if call.isReading {
            return try await Page(call).answer(
                RecordQuery(.session, subject: user), call, in: api.store, path: "/admin/v1/users/\(user)/sessions",
                UserSession.init
            ) { session in
                guard session.isLive(at: call.now) else { return nil }
                return try await api.store.describe(session, now: call.now).document
            }
        }
        let endsGrants: Bool
        switch try call.query(["grants"])["grants"] {
        case nil, "keep": endsGrants = false
        case "end": endsGrants = true
        default: throw AdminRefusal(.badQuery, "grants is keep or end.")
        }
        // The account's version: a session has another with each use.
        let version = try call.expectedVersion(current: stored.version)
        let done = try await api.administration.endSessions(
            ofUser: user, endsGrants: endsGrants, expected: version, now: call.now)
        return api.gone(done.change, call)
    }
}
