import Policy

/// Reads one mapping: remembers which keys were asked for, so that what nobody asked for is an unknown key.
///
/// Every method notes what is wrong and returns nil; the caller goes on with the next key. `finish()` comes last.
final class MappingReader {
    /// `route "orders.read"`, for messages.
    let name: String
    let position: SourcePosition
    let findings: FindingCollector
    private let members: [DocumentMember]
    private var asked: [String] = []

    /// `position`: where a missing key is reported; where the mapping begins unless given.
    init?(
        _ node: DocumentNode, name: String, at position: SourcePosition? = nil, expected: String = "a mapping of keys",
        findings: FindingCollector
    ) {
        guard case .mapping(let members) = node.content else {
            if !node.isRefused {
                findings.error(.wrongType, at: node.position, "\(name): found \(node.kind), expected \(expected)")
            }
            return nil
        }
        self.name = name
        self.findings = findings
        self.position = position ?? node.position
        self.members = members
    }

    // MARK: Keys

    func node(_ key: String) -> DocumentNode? {
        if !asked.contains(key) { asked.append(key) }
        return members.first { $0.key == key }?.value
    }

    func has(_ key: String) -> Bool { node(key) != nil }

    /// Where the key stands; where the mapping stands when it does not.
    func keyPosition(_ key: String) -> SourcePosition {
        members.first { $0.key == key }?.position ?? position
    }

    func require(_ key: String, _ why: String) {
        if !has(key) { findings.error(.missingKey, at: position, "\(name) has no \"\(key)\"; \(why)") }
    }

    /// The names that operators chose, for mappings of names. Asks for all of them.
    var entries: [DocumentMember] {
        asked += members.map(\.key)
        return members
    }

    /// Notes the keys that nobody asked for.
    /// - Parameter elsewhere: keys of other sections, and what to write here, as in `it is called first_byte here`.
    func finish(elsewhere: [String: String] = [:]) {
        for member in members where !asked.contains(member.key) {
            let hint =
                elsewhere[member.key].map { "; \($0)" } ?? KnownHabits.hint(for: member.key)
                ?? Spelling.hint(for: member.key, among: asked)
            findings.error(.unknownKey, at: member.position, "unknown key \(Shown.value(member.key)) in \(name)\(hint)")
        }
    }

    // MARK: Values

    func value<Value>(_ key: String, _ kind: ValueKind<Value>) -> Located<Value>? {
        node(key).flatMap { value(of: $0, key, kind) }
    }

    func value<Value>(_ key: String, _ kind: ValueKind<Value>, default standard: Value) -> Value {
        value(key, kind)?.value ?? standard
    }

    /// True only when written so.
    func flag(_ key: String) -> Bool { value(key, .flag, default: false) }

    /// Whether `false` is written there.
    func isPlainFalse(_ key: String) -> Bool {
        guard case .scalar(let scalar)? = node(key)?.content else { return false }
        return scalar.isPlain && scalar.text == "false"
    }

    /// A list of distinct values, at least one; with `orOne`, a single value stands for a list of it.
    func list<Value: Hashable>(_ key: String, of kind: ValueKind<Value>, orOne: Bool = false) -> [Located<Value>]? {
        guard let node = node(key) else { return nil }
        var nodes = [node]
        switch node.content {
        case .refused: return nil
        case .list(let items): nodes = items
        case .scalar(let scalar) where orOne && !scalar.isNull: break
        case .scalar, .mapping:
            let list =
                kind.words.first.map { "a list of \(Shown.choice(kind.words)), such as [\($0)]" }
                ?? "a list such as [a, b]"
            wrongType(node, key, orOne ? "\(kind.expected), or a list of such" : list)
            return nil
        }
        if nodes.isEmpty {
            findings.error(
                .badValue, at: node.position,
                "\"\(key)\" in \(name) is an empty list; leave the key out or name something")
            return nil
        }
        var values: [Located<Value>] = []
        var seen: Set<Value> = []
        for node in nodes {
            guard let value = value(of: node, key, kind) else { continue }
            if seen.insert(value.value).inserted {
                values.append(value)
            } else {
                findings.warning(.duplicateValue, at: value.position, "\"\(key)\" in \(name) names this twice")
            }
        }
        return values
    }

    /// A list of mappings or the like.
    func items(_ key: String) -> [DocumentNode]? {
        guard let node = node(key) else { return nil }
        guard case .list(let items) = node.content else {
            wrongType(node, key, "a list, each item beginning with \"- \"")
            return nil
        }
        return items
    }

    func nested(_ key: String, name: String? = nil, expected: String = "a mapping of keys") -> MappingReader? {
        node(key).flatMap {
            MappingReader(
                $0, name: name ?? "\"\(key)\" in \(self.name)", at: keyPosition(key), expected: expected,
                findings: findings)
        }
    }

    /// Notes a mapping with nothing in it, where every key can be left out: something was forgotten.
    /// - Parameter what: to name in it.
    func refuseEmpty(_ what: String = "something") {
        if members.isEmpty {
            findings.error(.badValue, at: position, "\(name) is empty; leave the key out or name \(what)")
        }
    }

    func value<Value>(of node: DocumentNode, _ key: String, _ kind: ValueKind<Value>) -> Located<Value>? {
        guard case .scalar(let scalar) = node.content, !scalar.isNull else {
            wrongType(node, key, kind.expected)
            return nil
        }
        do {
            return Located(value: try kind.parse(scalar), position: node.position)
        } catch {
            findings.error(error.code, at: node.position, "\"\(key)\" in \(name): \(error.message)")
            return nil
        }
    }

    func wrongType(_ node: DocumentNode, _ key: String, _ expected: String) {
        if node.isRefused { return }
        findings.error(.wrongType, at: node.position, "\"\(key)\" in \(name): found \(node.kind), expected \(expected)")
    }

    func error(_ code: FindingCode, at key: String, _ message: String) {
        findings.error(code, at: keyPosition(key), message)
    }

    func warning(_ code: FindingCode, at key: String, _ message: String) {
        findings.warning(code, at: keyPosition(key), message)
    }
}
