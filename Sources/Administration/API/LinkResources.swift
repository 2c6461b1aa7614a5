import AuthorizationRecords
import HTTP
import JSON

/// `/admin/v1/users/ID/links`: a link by which the user sets a password. It is shown in this one answer, and nothing lists
/// links.
struct LinkCollection: AdminResource {
    let api: AdminAPI
    let user: String
    let methods = ["POST"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        _ = try call.query([])
        let body = try call.document(["purpose"])
        let purposes: [AccountLink.Purpose] = [.invitation, .reset]
        guard let text = try body.optionalText("purpose"), let purpose = purposes.first(where: { $0.rawValue == text })
        else { throw AdminRefusal(.badMember, "purpose must be invitation or reset.") }
        let done = try await api.administration.addLink(user, purpose, now: call.now, random: call.random)
        api.log.record(done.change, of: call.request)
        return AdminAPI.noted(
            ServiceResponse.admin(
                201,
                .object([
                    "user": .string(user), "purpose": .string(purpose.rawValue), "url": .string(done.value.url),
                    "expires_at": .integer(done.value.expiresAt),
                ])),
            done.change)
    }
}
