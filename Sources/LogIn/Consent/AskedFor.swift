import JSON

/// What a client asks for, in words.
struct AskedFor {
    /// What operators say about their scopes (`authorization_server.scope_descriptions`).
    let descriptions: [String: String]

    /// OpenID Connect Core §5.4, §11.
    private static let known: [String: String] = [
        "openid": "Know who you are here", "profile": "See your name", "email": "See your e-mail address",
        "offline_access": "Keep its access while you are away",
    ]

    /// For the pages' templates.
    func content(scopes: [String], resources: [String], details: JSON?) -> [String: Any?] {
        let lines = scopes.map { scope -> [String: Any] in
            guard let text = descriptions[scope] ?? Self.known[scope] else { return ["text": scope.shownOnPage()] }
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
