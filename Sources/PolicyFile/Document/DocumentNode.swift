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

    /// Where the keys below stand, by their paths.
    func addPlaces(to places: inout [String: SourcePosition], below path: String, depth: Int) {
        guard depth > 0 else { return }
        switch content {
        case .mapping(let members):
            for member in members where path != "" || member.key != "routes" {
                let name = path.isEmpty ? member.key : "\(path).\(member.key)"
                places[name] = member.position
                member.value.addPlaces(to: &places, below: name, depth: depth - 1)
            }
        case .list(let items):
            for (index, item) in items.prefix(256).enumerated() {
                places["\(path)[\(index)]"] = item.position
                item.addPlaces(to: &places, below: "\(path)[\(index)]", depth: depth - 1)
            }
        case .scalar, .refused: break
        }
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
