import AuthorizationRecords
import JSON

/// The parameter `claims` (OpenID Connect Core §5.5). Claims that do not exist here are passed over, and so are those of
/// scopes that the client may not have: asking one by one gives no more than asking by scope.
enum ClaimsParameter {
    /// Depth of the object, and members and elements in it, at most; its octets are bounded as those of other parameters.
    private static let limits = JSONLimits(bytesMax: 4_096, depthMax: 6, membersMax: 128)
    /// Of `values`.
    static let valuesMax = 16

    /// One member of `userinfo` or `id_token`.
    private struct Wish {
        var isEssential = false
        /// Empty: any.
        var values: [JSON] = []

        init(_ json: JSON) throws(OAuthError) {
            if json.isNull { return }
            guard let members = json.object else { throw .badClaims }
            if let essential = members["essential"] {
                guard let flag = essential.bool else { throw .badClaims }
                isEssential = flag
            }
            guard members["value"] == nil || members["values"] == nil else { throw .badClaims }
            if let value = members["value"] { values = [value] }
            if let several = members["values"] {
                guard let array = several.array, (1...valuesMax).contains(array.count) else { throw .badClaims }
                values = array
            }
        }

        /// Of a claim that is a text.
        func texts() throws(OAuthError) -> [String] {
            let texts = values.compactMap(\.string)
            guard texts.count == values.count,
                texts.allSatisfy({ $0.utf8.count <= AuthorizationRequest.textBytesMax })
            else { throw .badClaims }
            return texts
        }
    }

    /// Reads it into a request that has its scopes, and everything that `acr_values` says.
    static func read(_ text: String?, for client: RegisteredClient, into request: inout AuthorizationRequest)
        throws(OAuthError)
    {
        guard let text else { return }
        guard let object = (try? JSON.parse(Array(text.utf8), limits: limits))?.object else { throw .badClaims }
        var claims = ClaimsRequest()
        for (place, path) in [("userinfo", \ClaimsRequest.userInfo), ("id_token", \ClaimsRequest.idToken)] {
            guard let json = object[place], !json.isNull else { continue }
            guard let members = json.object?.members else { throw .badClaims }
            for member in members {
                let wish = try Wish(member.value)
                switch member.name {
                case "sub": try narrow(&claims, to: wish)
                case "acr" where place == "id_token": try demand(wish, of: &request)
                default:
                    guard let claim = UserClaim(rawValue: member.name), client.scopes.contains(claim.scope) else {
                        continue
                    }
                    claims[keyPath: path].append(ClaimsRequest.Item(claim, values: wish.values))
                }
            }
        }
        // Without openid it is no request of OpenID Connect, and claims have nowhere to go.
        guard !claims.isEmpty, request.scopes.contains(IdentityScope.openID) else { return }
        request.claims = claims
    }

    /// Both places may name users; nobody is asked for who would have to be two.
    private static func narrow(_ claims: inout ClaimsRequest, to wish: Wish) throws(OAuthError) {
        let subjects = try wish.texts()
        guard !subjects.isEmpty else { return }
        claims.subjects = claims.subjects.isEmpty ? subjects : claims.subjects.filter(subjects.contains)
        guard !claims.subjects.isEmpty else { throw .badClaims }
    }

    /// §5.5.1.1: essential values have to be met; others are what the client prefers, as `acr_values` is.
    private static func demand(_ wish: Wish, of request: inout AuthorizationRequest) throws(OAuthError) {
        let values = try wish.texts()
        guard !values.isEmpty, values.reduce(0, { $0 + $1.utf8.count }) <= AuthorizationRequest.textBytesMax else {
            guard values.isEmpty else { throw .badClaims }
            return
        }
        if wish.isEssential {
            request.acrValues = values
            request.requiresACR = true
        } else if request.acrValues.isEmpty {
            request.acrValues = values
        }
    }
}

extension OAuthError {
    static let badClaims = OAuthError(
        "invalid_request", "claims is no object as OpenID Connect Core 5.5 has it, or asks for what cannot be")
}
