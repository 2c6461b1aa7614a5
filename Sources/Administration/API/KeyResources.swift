import AuthorizationRecords
import AuthorizationServer
import HTTP
import JOSE
import JSON

/// `/admin/v1/keys`: the few signing keys there are, in one answer; POST makes the next one.
struct KeyCollection: AdminResource {
    let api: AdminAPI
    let methods = ["GET", "HEAD", "POST"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        _ = try call.query([])
        if call.isReading {
            let keys = try await api.administration.signingKeyList()
            let items = keys.values.map { $0.managementDocument(among: keys.values, now: call.now) }
            return .admin(200, .object(Page.body(items, damaged: keys.damaged, now: call.now)))
        }
        let body = try call.document(["algorithm", "at_once"])
        let name = try body.optionalText("algorithm")
        let algorithm = name.flatMap(Algorithm.init(rawValue:))
        guard name == nil || algorithm != nil else { throw AdminRefusal(.badMember, "algorithm must be one as ES256.") }
        let done = try await api.administration.rotateKeys(
            algorithm, atOnce: try body.optionalFlag("at_once") ?? false, now: call.now, random: call.random)
        api.record(done.change, call)
        let keys = try await api.administration.signingKeyList().values
        return AdminAPI.noted(
            ServiceResponse.admin(
                201, .object(done.value.managementDocument(among: keys, now: call.now)),
                fields: [EntityTag.field(done.value.version), ("Location", "/admin/v1/keys/\(done.value.kid)")]),
            done.change)
    }
}

/// `/admin/v1/keys/KID`; DELETE gives it up at once.
struct KeyItem: AdminResource {
    let api: AdminAPI
    let kid: String
    let methods = ["GET", "HEAD", "DELETE"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        _ = try call.query([])
        let list = try await api.administration.signingKeyList()
        let keys = list.values
        guard let key = keys.first(where: { $0.kid == kid }) else {
            if let damaged = list.damaged.first(where: { $0.key == kid }) { throw damaged }
            throw AdminRefusal(.noSuchResource)
        }
        // Its state changes with time and with other keys, so that no version tells whether the document is the same:
        // never 304.
        if call.isReading {
            return .admin(
                200, .object(key.managementDocument(among: keys, now: call.now)), fields: [EntityTag.field(key.version)]
            )
        }
        let version = try call.expectedVersion(current: key.version)
        return api.gone(
            try await api.administration.retireKey(kid, expected: version, now: call.now, random: call.random), call)
    }
}
