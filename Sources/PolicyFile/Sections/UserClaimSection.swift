import Policy

/// `claims` of `authorization_server`: what tokens say of users besides.
struct UserClaimSection {
    let findings: FindingCollector

    struct Draft {
        /// In the order of the file, each with the place of its name.
        var rules: [Located<UserClaimRule>] = []
        /// Where the provider is asked.
        var sources: [Located<String>] = []
        /// Scopes and audiences on which something depends, with what names them.
        var scopes: [(scope: Located<String>, owner: String)] = []
        var audiences: [(audience: Located<String>, owner: String)] = []
    }

    func read(_ server: MappingReader) -> Draft {
        var draft = Draft()
        guard let reader = server.nested("claims", expected: "claims by name, as in groups: {from: groups}") else {
            return draft
        }
        reader.refuseEmpty("a claim")
        for entry in reader.entries { read(entry, &draft) }
        if draft.rules.count > UserClaimRule.countMax {
            findings.error(
                .outOfRange, at: reader.position,
                "\(reader.name): found \(draft.rules.count) claims, \(UserClaimRule.countMax) at most")
        }
        return draft
    }

    private func read(_ entry: DocumentMember, _ draft: inout Draft) {
        let name = "claim \(Shown.value(entry.key)) of tokens"
        guard isName(entry, name),
            let reader = MappingReader(entry.value, name: name, at: entry.position, findings: findings)
        else { return }
        let type = reader.value("type", ValueKind<UserClaimRule.ValueType>.word)
        let places = reader.list("in", of: ValueKind<UserClaimRule.Place>.word, orOne: true)
        let scopes = reader.list("scopes", of: .scopeToken) ?? []
        let audiences = reader.list("audiences", of: .audience) ?? []
        let clients = reader.list("clients", of: .text) ?? []
        let found = source(reader, type, &draft)
        reader.finish()
        guard let (source, standard) = found else { return }
        if let own = UserClaimRule.own(entry.key), own.source != source {
            return findings.error(
                .badValue, at: entry.position,
                "\(name): OpenID Connect says what it means (Core §5.1), so it comes from what it means: write from: \(own.written), or choose another name"
            )
        }
        var rule = UserClaimRule(name: entry.key, source: source, type: type?.value ?? standard)
        if let places { rule.places = Set(places.map(\.value)) }
        rule.scopes = scopes.map(\.value)
        rule.audiences = audiences.map(\.value)
        rule.clients = clients.map(\.value)
        if !audiences.isEmpty {
            if places == nil { rule.places = [.accessToken] }
            if rule.places != [.accessToken] {
                reader.error(
                    .contradiction, at: "in",
                    "\(name): \"audiences\" are those of access tokens; ID tokens and userinfo are for the client, which \"clients\" names"
                )
            }
        }
        draft.scopes += scopes.map { ($0, name) }
        draft.audiences += audiences.map { ($0, name) }
        draft.rules.append(Located(value: rule, position: entry.position))
    }

    private func isName(_ entry: DocumentMember, _ name: String) -> Bool {
        let isToken =
            (1...UserClaimRule.textBytesMax).contains(entry.key.utf8.count)
            && entry.key.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
        guard isToken else {
            findings.error(
                .badValue, at: entry.position,
                "\(name): a name has 1 to \(UserClaimRule.textBytesMax) octets of printable ASCII without space, \" and \\"
            )
            return false
        }
        guard !UserClaimRule.isReserved(entry.key) else {
            findings.error(
                .badValue, at: entry.position,
                "\(name): this name is the protocol's or the server's, and what it says decides who may what; choose another, such as https://example.com/\(entry.key)"
            )
            return false
        }
        return true
    }

    /// - Returns: also the type, unless one is written.
    private func source(
        _ reader: MappingReader, _ type: Located<UserClaimRule.ValueType>?, _ draft: inout Draft
    ) -> (UserClaimRule.Source, UserClaimRule.ValueType)? {
        let ways = ["from", "attribute", "provider_claim", "value"].filter(reader.has)
        guard ways.count == 1 else {
            findings.error(
                ways.isEmpty ? .missingKey : .contradiction, at: reader.position,
                "\(reader.name): write one of from: groups (or scopes, username, name, email), attribute: NAME (of the account), provider_claim: NAME, and value: … (the same for everybody)"
            )
            return nil
        }
        if let word = reader.value("from", ValueKind<UserMember>.word) {
            let standard = word.value.type
            if let type, type.value != standard {
                findings.error(
                    .contradiction, at: type.position,
                    "\"type\" in \(reader.name): what comes from \(word.value.rawValue) is of the type \(standard.rawValue)"
                )
            }
            return (word.value.source, standard)
        }
        if let attribute = reader.value("attribute", .attributeName) { return (.attribute(attribute.value), .string) }
        if let claim = reader.value("provider_claim", .claimName), let path = try? ClaimPath.parse(claim.value) {
            draft.sources.append(claim)
            return (.provider(claim.value, path: path), .string)
        }
        return constant(reader, type)
    }

    private func constant(_ reader: MappingReader, _ type: Located<UserClaimRule.ValueType>?)
        -> (UserClaimRule.Source, UserClaimRule.ValueType)?
    {
        guard let values = reader.list("value", of: .claimScalar(in: nil, isOfRoute: false), orOne: true),
            !values.isEmpty
        else { return nil }
        var isList = false
        if case .list? = reader.node("value")?.content { isList = true }
        let scalars = values.map(\.value)
        let found: UserClaimRule.ValueType? = isList ? .strings : scalars.first?.type
        let isWhole =
            scalars.count <= UserClaimRule.constantsMax
            && scalars.allSatisfy { ($0.textBytes ?? 0) <= UserClaimRule.textBytesMax }
            && (!isList || scalars.allSatisfy { $0.textBytes != nil })
        guard let found, isWhole else {
            reader.error(
                .badValue, at: "value",
                "\"value\" in \(reader.name): write a text, a number, true, false, or a list of at most \(UserClaimRule.constantsMax) texts; a text has at most \(UserClaimRule.textBytesMax) octets"
            )
            return nil
        }
        let wanted = type?.value ?? found
        // One text is a list of it, if that is what is wanted.
        guard wanted == found || wanted == .strings && found == .string else {
            reader.error(
                .badValue, at: "value",
                "\"value\" in \(reader.name) is of the type \(found.rawValue), and \"type\" says \(wanted.rawValue)")
            return nil
        }
        return (.constant(scalars), wanted)
    }
}

/// Words of `from`.
private enum UserMember: String, CaseIterable, Sendable {
    case groups, scopes, username, name, email

    var source: UserClaimRule.Source {
        switch self {
        case .groups: .groups
        case .scopes: .scopes
        case .username: .username
        case .name: .name
        case .email: .email
        }
    }

    var type: UserClaimRule.ValueType {
        switch self {
        case .groups, .scopes: .strings
        case .username, .name, .email: .string
        }
    }
}

extension ClaimScalar {
    fileprivate var type: UserClaimRule.ValueType {
        switch self {
        case .string, .capture: .string
        case .number: .number
        case .bool: .boolean
        }
    }

    /// nil: it is no text.
    fileprivate var textBytes: Int? {
        guard case .string(let text) = self else { return nil }
        return text.utf8.count
    }
}

extension ValueKind where Value == String {
    /// Of what operators note of accounts.
    fileprivate static var attributeName: ValueKind {
        ValueKind("an attribute's name") { scalar throws(ValueProblem) in
            if let problem = OperatorName.problem(scalar.text, dots: true) { throw ValueProblem(problem) }
            return scalar.text
        }
    }
}
