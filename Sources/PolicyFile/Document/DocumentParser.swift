import Policy
import Yams

/// YAML text to `DocumentNode`: the only place that knows Yams.
///
/// What is refused of YAML, and why: aliases and anchors (a small file can mean a huge one), tags (`!!binary`, `!!int`:
/// types are this schema's business), merge keys, more than one document, keys that are not text, repeated keys (the
/// second of two would win silently), nesting deeper than 32. Errors of Yams are never printed as they are, because
/// they quote the file.
struct DocumentParser {
    static let depthMax = 32

    let findings: FindingCollector
    /// What an empty file lacks.
    var needed = "at least listeners and routes"

    /// The document's root, or nil; what is wrong is among the findings.
    func parse(_ bytes: [UInt8]) -> DocumentNode? {
        guard var text = DocumentText(bytes, findings: findings) else { return nil }
        var firstOfRepeated: [SourcePosition] = []
        while true {
            do {
                let (root, repetitions) = try document(in: text)
                if repetitions < firstOfRepeated.count {
                    findings.error(
                        .duplicateKey, at: firstOfRepeated[0], "this key stands more than once in its mapping")
                }
                return root
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                // Yams stops at the first repeated key. Disguise one and parse again, to find the others as well.
                guard Self.yamsOrders(keys) else {
                    findings.error(
                        .duplicateKey, at: .start,
                        "keys that are no plain words stand more than once in one mapping; a key must be a word, and stand once"
                    )
                    return nil
                }
                let position = SourcePosition(context.mark)
                if text.disguiseKey(at: position) {
                    firstOfRepeated.append(position)
                } else {
                    findings.error(.duplicateKey, at: position, "this key stands more than once in its mapping")
                    return nil
                }
            } catch {
                note(error)
                return nil
            }
        }
    }

    /// Whether the key at which Yams stops is the same each time. It takes the least of the repeated ones, but among keys
    /// that it cannot compare (lists, mappings, one text with two tags) the least is whichever its hash table yields.
    private static func yamsOrders(_ keys: [String]) -> Bool {
        keys.count < 2 || (Set(keys).count == keys.count && !keys.contains("<uncovertable>"))
    }

    private func document(in text: DocumentText) throws -> (DocumentNode?, repetitions: Int) {
        let parser = try Parser(yaml: text.string, resolver: .basic, encoding: .utf8)
        // An anchor lives as long as the parser: it is asked for below.
        return try withExtendedLifetime(parser) {
            guard let root = try parser.nextRoot() else {
                findings.error(.missingKey, at: .start, "the file is empty; it needs \(needed)")
                return (nil, 0)
            }
            if let second = try parser.nextRoot() {
                findings.error(
                    .severalDocuments, at: SourcePosition(second.mark),
                    "a second YAML document begins here; the file must hold exactly one")
            }
            var conversion = Conversion(text: text, findings: findings)
            let document = conversion.node(root, depth: 1)
            return (document, conversion.repetitions)
        }
    }

    private func note(_ error: any Error) {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            findings.error(.syntax, at: SourcePosition(mark), "not YAML here: \(Self.inOurWords(problem))")
        default:
            findings.error(.syntax, at: .start, "the file cannot be read as YAML")
        }
    }

    /// libyaml's fixed sentences, where they need a hint.
    private static func inOurWords(_ problem: String) -> String {
        if problem.hasPrefix("Maximum nesting level") { return "nested too deeply" }
        switch problem {
        case "found character that cannot start any token":
            return
                "this character cannot begin a value; a tab cannot indent, and a value that begins with @ or ` or % needs quotes"
        case "mapping values are not allowed in this context":
            return "a \": \" where none can be; check the indentation, or put the value into quotes"
        case "did not find expected ',' or '}'", "did not find expected ',' or ']'":
            return
                "\(problem); between { } or [ ] a value with a brace, bracket or comma needs quotes, as in {path: \"/orders/{id}\"}"
        case "could not find expected ':'":
            return "a key without \":\"; check the line before"
        default: return problem
        }
    }
}

/// One pass over Yams' tree.
private struct Conversion {
    let text: DocumentText
    let findings: FindingCollector
    /// Keys that stood before in their mapping.
    var repetitions = 0

    mutating func node(_ node: Node, depth: Int) -> DocumentNode {
        let position = SourcePosition(node.mark)
        guard depth <= DocumentParser.depthMax else {
            findings.error(.tooDeep, at: position, "nested deeper than \(DocumentParser.depthMax) levels")
            return DocumentNode(position: position, content: .refused)
        }
        if node.anchor != nil {
            findings.error(
                .aliasRefused, at: position, "YAML anchors (&name) are refused; write the value out where it is needed")
        }
        switch node {
        case .scalar(let scalar): return self.scalar(scalar, at: position)
        case .sequence(let list):
            refuseTag(list.tag, at: position)
            var items: [DocumentNode] = []
            for item in list { items.append(self.node(item, depth: depth + 1)) }
            return DocumentNode(position: position, content: .list(items))
        case .mapping(let mapping):
            refuseTag(mapping.tag, at: position)
            return DocumentNode(position: position, content: .mapping(members(mapping, depth: depth)))
        case .alias:
            findings.error(.aliasRefused, at: position, "YAML aliases (*name) are refused; write the value out")
            return DocumentNode(position: position, content: .refused)
        }
    }

    private mutating func scalar(_ scalar: Node.Scalar, at position: SourcePosition) -> DocumentNode {
        let refused = DocumentNode(position: position, content: .refused)
        let value = text.restored(scalar.string)
        if scalar.style == .plain, text.wasAlias(scalar.string) {
            findings.error(
                .aliasRefused, at: position,
                "a plain * begins a YAML alias, and aliases are refused; if the star is meant, write \(Shown.value(value)) in quotes"
            )
            return refused
        }
        if !refuseTag(scalar.tag, at: position) { return refused }
        if Shown.isPrivateMatter(value) {
            findings.error(
                .inlineSecret, at: position,
                "a key or certificate stands in the file itself (not shown here); put it into a file of its own and name that file"
            )
            return refused
        }
        return DocumentNode(
            position: position, content: .scalar(DocumentScalar(text: value, isPlain: scalar.style == .plain)))
    }

    private mutating func members(_ mapping: Node.Mapping, depth: Int) -> [DocumentMember] {
        var members: [DocumentMember] = []
        var firstPosition: [String: SourcePosition] = [:]
        for (keyNode, valueNode) in mapping {
            let position = SourcePosition(keyNode.mark)
            let value = node(valueNode, depth: depth + 1)
            guard case .scalar(let keyScalar) = keyNode else {
                findings.error(.wrongType, at: position, "a key must be a word, found a list or a mapping")
                continue
            }
            let keyContent = scalar(keyScalar, at: position).content
            guard case .scalar(let key) = keyContent else { continue }
            if keyScalar.anchor != nil {
                findings.error(
                    .aliasRefused, at: position,
                    "YAML anchors (&name) are refused; write the value out where it is needed")
            }
            if let first = firstPosition[key.text] {
                repetitions += 1
                findings.error(
                    .duplicateKey, at: position,
                    "the key \(Shown.value(key.text)) stands twice in one mapping; the first is in line \(first.line)")
                continue
            }
            firstPosition[key.text] = position
            if key.text == "<<", key.isPlain {
                findings.error(.aliasRefused, at: position, "YAML merge keys (<<) are refused; write the values out")
                continue
            }
            members.append(DocumentMember(key: key.text, position: position, value: value))
        }
        return members
    }

    /// Whether there was none to refuse. `!!str`, `!!map` and `!!seq` change nothing and pass.
    @discardableResult
    private func refuseTag(_ tag: Tag, at position: SourcePosition) -> Bool {
        let harmless = ["", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"]
        if harmless.contains(tag.description) { return true }
        findings.error(
            .tagRefused, at: position, "YAML tags (!name) are refused; a value that begins with ! needs quotes")
        return false
    }
}

extension SourcePosition {
    fileprivate init(_ mark: Mark?) {
        self.init(line: mark?.line ?? 1, column: mark?.column ?? 1)
    }
}
