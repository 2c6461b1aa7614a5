import JSON
import Policy
import Texts

/// What a client asks for, in words.
struct AskedFor {
    /// What operators say about their scopes (`authorization_server.scope_descriptions`).
    let descriptions: [String: LocalisedText]

    /// OpenID Connect Core §5.4, §11.
    private static let known: [String: ConsentText] = [
        "openid": .scopeOpenID, "profile": .scopeProfile, "email": .scopeEmail, "offline_access": .scopeOfflineAccess,
    ]

    /// For the pages' templates.
    func content(scopes: [String], resources: [String], details: JSON?, _ presentation: Presentation) -> [String: Any?]
    {
        let lines = scopes.map { scope -> [String: Any] in
            let known = Self.known[scope].map { presentation[$0] }
            guard let text = descriptions[scope]?[presentation.language] ?? known else {
                return ["text": scope.shownOnPage()]
            }
            return ["text": text.shownOnPage(200), "name": scope.shownOnPage()]
        }
        let objects = (details?.array ?? []).map { String(decoding: $0.serialized(pretty: true), as: UTF8.self) }
        return [
            "hasScopes": !lines.isEmpty, "scopes": lines, "hasResources": !resources.isEmpty,
            "resources": resources.map { $0.shownOnPage(200) },
            "hasDetails": !objects.isEmpty, "details": objects,
        ]
    }
}
