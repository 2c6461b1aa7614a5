import AuthorizationRecords
import AuthorizationServer
import HTTP
import JSON
import LogIn

/// `/admin/v1/users`
struct UserCollection: AdminResource {
    let api: AdminAPI
    let methods = ["GET", "HEAD", "POST"]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        if call.isReading {
            return try await Page(call).answer(
                RecordQuery(.user), call, in: api.store, path: "/admin/v1/users", StoredUser.init
            ) { $0.managementDocument }
        }
        _ = try call.query([])
        let body = try call.document([
            "name", "password", "identity", "email", "email_verified", "display_name", "invited", "attributes",
        ])
        let isInvited = try body.optionalFlag("invited") ?? false
        let password = try body.optionalText("password")
        let identity = try Self.identity(body)
        guard let name = try body.optionalText("name"),
            [password != nil, identity != nil, isInvited].count(where: { $0 }) == 1
        else {
            throw AdminRefusal(.badMember, "name must be there, and one of password, identity and invited: true.")
        }
        let credential =
            password.map(NewUserCredential.password) ?? identity.map(NewUserCredential.identity) ?? .byLink
        var attributes = Administration.UserChange()
        if let given = body["attributes"] { try UserItem.read(given, into: &attributes) }
        let done = try await api.administration.addUser(
            name: name, credential, email: try body.optionalText("email"),
            isEmailVerified: try body.optionalFlag("email_verified") ?? false,
            displayName: try body.optionalText("display_name"),
            attributes: attributes.attributes.compactMapValues { $0 }, now: call.now, random: call.random)
        api.record(done.change, call)
        return Self.response(201, done, fields: [("Location", "/admin/v1/users/\(done.value.id)")])
    }

    /// Who it is at an OpenID provider: `issuer` and `subject`.
    private static func identity(_ body: JSONObject) throws(AdminRefusal) -> UserIdentity? {
        guard let value = body["identity"], !value.isNull else { return nil }
        guard let members = value.object, members.names.allSatisfy(["issuer", "subject"].contains),
            let issuer = members["issuer"]?.string,
            let subject = members["subject"]?.string
        else { throw AdminRefusal(.badMember, "identity must have issuer and subject, both texts.") }
        return UserIdentity(issuer: issuer, subject: subject)
    }

    static func response(_ status: Int, _ done: Administration.Done<StoredUser>, fields: [ServiceResponse.Field] = [])
        -> ServiceResponse
    {
        var document = done.value.managementDocument
        if done.ended != UserBelongings() { document["ended"] = done.ended.document }
        return AdminAPI.noted(
            ServiceResponse.admin(status, .object(document), fields: [EntityTag.field(done.value.version)] + fields),
            done.change)
    }
}

/// `/admin/v1/users/ID`; the id is `sub` of tokens, not the name.
struct UserItem: AdminResource {
    let api: AdminAPI
    let id: String
    let methods = ["GET", "HEAD", "PATCH", "DELETE"]
    private static let changeable: Set<String> = [
        "disabled", "password", "display_name", "email", "email_verified", "may", "groups", "attributes",
    ]

    func answer(_ call: AdminCall) async throws -> ServiceResponse {
        _ = try call.query([])
        guard let user = try await api.store.user(id: id) else { throw AdminRefusal(.noSuchResource) }
        if call.isReading { return call.shown(user.managementDocument, user.version) }
        let version = try call.expectedVersion(current: user.version)
        if call.request.method == "DELETE" {
            return api.gone(try await api.administration.removeUser(id, expected: version, now: call.now).change, call)
        }
        let body = try call.document(
            Self.changeable.union(["keep_grants"]), types: ["application/json", "application/merge-patch+json"])
        var change = Administration.UserChange(
            isDisabled: try body.optionalFlag("disabled"), password: try body.optionalText("password"),
            keepsGrants: try body.optionalFlag("keep_grants") ?? false,
            isEmailVerified: try body.optionalFlag("email_verified"))
        // As a merge patch has it (RFC 7396): null takes away.
        if body["display_name"] != nil { change.displayName = .some(try body.optionalText("display_name")) }
        if body["email"] != nil { change.email = .some(try body.optionalText("email")) }
        if body["may"] != nil { change.may = .some(try body.optionalTexts("may")) }
        if body["groups"] != nil { change.groups = try body.optionalTexts("groups") ?? [] }
        if let attributes = body["attributes"] { try Self.read(attributes, into: &change) }
        guard !change.isEmpty else {
            throw AdminRefusal(.badMember, "One of \(Self.changeable.sorted().joined(separator: ", ")) must be there.")
        }
        let done = try await api.administration.changeUser(
            id, change, expected: version, now: call.now, random: call.random)
        api.record(done.change, call)
        return UserCollection.response(200, done)
    }

    /// Merged, too: null for an attribute takes it away, null for all of them all.
    static func read(_ value: JSON, into change: inout Administration.UserChange) throws(AdminRefusal) {
        if value.isNull {
            change.dropsAttributes = true
            return
        }
        guard let members = value.object, members.count > 0 else {
            throw AdminRefusal(.badMember, "attributes must have names with texts or lists of texts, or null.")
        }
        for (name, value) in members.members {
            if value.isNull {
                change.attributes[name] = .some(nil)
            } else if let text = value.string {
                change.attributes[name] = [text]
            } else if let texts = value.array?.map(\.string), !texts.isEmpty, !texts.contains(nil) {
                change.attributes[name] = texts.compactMap { $0 }
            } else {
                throw AdminRefusal(.badMember, "The attribute \(name) must be a text, a list of texts, or null.")
            }
        }
    }
}
