import Policy

/// One value of the document: where it stands and what it is. Yams' nodes end where these begin.
struct DocumentNode {
    indirect enum Content {
        case scalar(DocumentScalar)
        case list([DocumentNode])
        case mapping([DocumentMember])
        /// Something was wrong with it and has been noted; whoever reads it passes over it in silence.
        case refused
    }
    var position: SourcePosition
    var content: Content

    /// For "found …" in messages.
    var kind: String {
        switch content {
        case .scalar(let scalar): scalar.isNull ? "nothing" : "a single value"
        case .list: "a list"
        case .mapping: "a mapping"
        case .refused: "something refused"
        }
    }

    /// The text under a key of this mapping, to name things in messages before they are read.
    func text(under key: String) -> String? {
        guard case .mapping(let members) = content,
            case .scalar(let scalar)? = members.first(where: { $0.key == key })?.value.content
        else {
            return nil
        }
        return scalar.text.isEmpty ? nil : scalar.text
    }

    var isRefused: Bool {
        if case .refused = content { true } else { false }
    }
}

/// One `key: value`.
struct DocumentMember {
    var key: String
    var position: SourcePosition
    var value: DocumentNode
}
