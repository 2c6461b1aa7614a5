import JSON

extension Interaction {
    /// As it is stored, under the digest of its id.
    package var record: StoredRecord {
        var body: JSONObject = ["browser": .string(browserKey)]
        body["authentication"] = user?.authentication.json
        body["first_factor"] = firstFactor.map(\.json)
        switch subject {
        case .device(let code, _): body["user_code"] = .string(code)
        case .account(let place, _): body["account"] = .string(place.rawValue)
        case .authorization(let request, let pushed, let progress):
            body["request"] = .object(request.json)
            body["pushed"] = pushed.map { ["key": .string($0.key), "version": .integer($0.version)] }
            switch progress {
            case .begun, .loggedIn: break
            case .decided(_, let consent): body["consent"] = .string(consent.rawValue)
            case .turnedAway(let refusal): body["login_refused"] = .string(refusal.rawValue)
            }
        }
        var record = StoredRecord(
            .interaction, RandomText.interaction.key(of: id), expiresAt: expiresAt, client: clientID,
            subject: user?.id ?? firstFactor?.userID,
            body: body)
        if user == nil, firstFactor == nil { record.mark(sender) }
        record.version = version
        return record
    }

    /// nil if the record is not exactly one of these.
    /// - Parameter id: what the record was found by.
    package init?(_ record: StoredRecord, id: String) {
        guard record.kind == .interaction, record.key == RandomText.interaction.key(of: id),
            let client = record.client, let expiresAt = record.expiresAt
        else { return nil }
        do {
            var body = RecordMembers(record.body)
            let browser = try body.text("browser")
            guard SecretDigest.isWellFormed(browser) else { return nil }
            let first = try body.optionalObject("first_factor").map { members throws(RecordMembers.Malformed) in
                try FirstFactor(members, of: record.user)
            }
            let user = try Self.user(first == nil ? record.user : nil, body.optionalObject("authentication"))
            let subject = try Self.subject(&body, user, client: client)
            try body.end()
            self.init(
                id: id, clientID: client, browserKey: browser, subject: subject, expiresAt: expiresAt,
                sender: record.sender)
            firstFactor = first
        } catch {
            return nil
        }
        version = record.version
    }

    /// Both are there, or neither.
    private static func user(_ id: String?, _ authentication: JSONObject?) throws(RecordMembers.Malformed)
        -> AuthenticatedUser?
    {
        guard id != nil || authentication != nil else { return nil }
        guard let id, let authentication = authentication.flatMap(UserAuthentication.stored) else {
            throw RecordMembers.Malformed()
        }
        return AuthenticatedUser(id: id, authentication)
    }

    private static func subject(_ body: inout RecordMembers, _ user: AuthenticatedUser?, client: String)
        throws(RecordMembers.Malformed) -> Subject
    {
        if let code = try body.optionalText("user_code") {
            guard UserCode.normalised(code) == code else { throw RecordMembers.Malformed() }
            return .device(userCode: code, user: user)
        }
        if let place: AccountPlace = try body.optionalWord("account") { return .account(place, user: user) }
        guard let request = try body.optionalObject("request").flatMap({ AuthorizationRequest($0, clientID: client) })
        else { throw RecordMembers.Malformed() }
        let pushed = try body.optionalObject("pushed").map(PushedReference.init(members:))
        let consent: Consent? = try body.optionalWord("consent")
        let refusal: LogInRefusal? = try body.optionalWord("login_refused")
        let progress: Progress =
            switch (user, consent, refusal) {
            case (nil, nil, nil): .begun
            case (let user?, nil, nil): .loggedIn(user)
            case (let user?, let consent?, nil): .decided(user, consent)
            case (nil, nil, let refusal?): .turnedAway(refusal)
            default: throw RecordMembers.Malformed()
            }
        return .authorization(request, pushed: pushed, progress)
    }
}

extension FirstFactor {
    fileprivate var json: JSON {
        ["authentication": authentication.json, "epoch": .integer(epoch), "ends_at": .integer(endsAt)]
    }

    fileprivate init(_ members: JSONObject, of userID: String?) throws(RecordMembers.Malformed) {
        var members = RecordMembers(members)
        guard let userID,
            let authentication = try members.optionalObject("authentication").flatMap(UserAuthentication.stored)
        else { throw RecordMembers.Malformed() }
        self.init(
            userID: userID, authentication: authentication, epoch: try members.integer("epoch", in: 0 ... .max),
            endsAt: try members.integer("ends_at", in: 0 ... .max))
        try members.end()
    }
}

extension PushedReference {
    fileprivate init(members: JSONObject) throws(RecordMembers.Malformed) {
        var members = RecordMembers(members)
        let key = try members.text("key")
        let version = try members.integer("version", in: 1 ... .max)
        try members.end()
        guard SecretDigest.isWellFormed(key) else { throw RecordMembers.Malformed() }
        self.init(key: key, version: version)
    }
}
