package import AuthorizationRecords
import AuthorizationServer
package import JSON

// What is shown of things to whoever runs the server, and written into records of changes. Of secrets only when they
// were made and last used; never what one is recognised by.

extension RegisteredClient {
    /// The client's metadata (RFC 7591 §2), and what only operators see of it.
    package var managementDocument: JSONObject {
        var document = metadataDocument
        document["first_party"] = .bool(isFirstParty)
        document["open_until"] = openUntil.map { .integer($0) }
        document["resources"] = resources.map { .strings($0) }
        document["served_resources"] = servedResources.map { .strings($0) }
        document["may_act"] = mayAct.map { .string($0) }
        document["minimum_acr"] = leastLevel.map { .string($0.rawValue) }
        document["secrets"] = .array(
            secrets.map { secret in
                var members: JSONObject = ["created_at": .integer(secret.createdAt)]
                members["last_used_at"] = secret.lastUsedAt.map { .integer($0) }
                return .object(members)
            })
        return document
    }
}

extension StoredUser {
    /// The account, with `has_password` in place of the password's hash.
    package var managementDocument: JSONObject {
        var document: JSONObject = ["id": .string(id), "name": .string(name)]
        document["email"] = email.map { .string($0) }
        if email != nil { document["email_verified"] = .bool(isEmailVerified) }
        document["display_name"] = displayName.map { .string($0) }
        document["disabled"] = .bool(isDisabled)
        document["has_password"] = .bool(passwordHash != nil)
        document["identity"] = identity.map { ["issuer": .string($0.issuer), "subject": .string($0.subject)] }
        document["may"] = may.map { .strings($0) }
        if !groups.isEmpty { document["groups"] = .strings(groups) }
        if !attributes.isEmpty {
            document["attributes"] = .object(
                JSONObject(
                    attributes.sorted { $0.key < $1.key }.map {
                        ($0.key, $0.value.count == 1 ? .string($0.value[0]) : .strings($0.value))
                    }))
        }
        document["provider_claims"] = providerClaims.map { .object($0.claims) }
        document["created_at"] = .integer(createdAt)
        return document
    }
}

extension UserBelongings {
    /// How many of each there were; none that is 0.
    package var document: JSON {
        var members: JSONObject = [:]
        for (name, count) in counts { members[name] = .integer(Int64(count)) }
        return .object(members)
    }
}

extension Grant {
    /// What was granted to whom, until when.
    package var managementDocument: JSONObject {
        var document: JSONObject = [
            "id": .string(id), "client_id": .string(clientID), "subject": .string(subject),
            "scope": .string(scopes.joined(separator: " ")),
            "resources": .strings(resources), "created_at": .integer(createdAt), "expires_at": .integer(expiresAt),
        ]
        document["authorization_details"] = authorizationDetails
        document["claims"] = claims?.json
        document["auth_time"] = authentication.flatMap {
            $0.time == UserAuthentication.unknownTime ? nil : .integer($0.time)
        }
        document["cnf"] = binding.map { .object($0.confirmation) }
        return document
    }
}
