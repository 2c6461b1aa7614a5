import Policy

/// What a section such as `upstreams` declares, in the order of the file.
///
/// A name whose value could not be read is kept without one: references to it are no second mistake.
struct NamedSection<Value> {
    struct Entry {
        var name: Located<String>
        var value: Value?
    }
    /// `upstream`, for messages.
    let noun: String
    private(set) var entries: [Entry] = []

    init(noun: String) {
        self.noun = noun
    }

    mutating func append(_ name: Located<String>, _ value: Value?) {
        entries.append(Entry(name: name, value: value))
    }

    var names: [String] { entries.map(\.name.value) }

    var values: [Value] { entries.compactMap(\.value) }

    /// Index into `entries`, which is the index into `values` when nothing is broken.
    func index(of name: String) -> Int? { entries.firstIndex { $0.name.value == name } }

    /// Reads a mapping of names; every entry is given to `read` with a reader named `upstream "orders"`.
    static func read(
        _ root: MappingReader, _ key: String, noun: String, _ read: (Located<String>, MappingReader) -> Value?
    ) -> NamedSection {
        var section = NamedSection(noun: noun)
        guard let node = root.node(key), let names = MappingReader(node, name: "\"\(key)\"", findings: root.findings)
        else { return section }
        for entry in names.entries {
            if let problem = OperatorName.problem(entry.key, dots: false) {
                root.findings.error(.badValue, at: entry.position, "\(noun) \(problem)")
                continue
            }
            let name = Located(value: entry.key, position: entry.position)
            let reader = MappingReader(
                entry.value, name: "\(noun) \(Shown.value(entry.key))", at: entry.position, findings: root.findings)
            let value = reader.flatMap { read(name, $0) }
            reader?.finish()
            section.append(name, value)
        }
        return section
    }
}
