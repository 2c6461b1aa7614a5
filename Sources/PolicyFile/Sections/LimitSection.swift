import Policy

/// `limits`: rate limits, by name; routes say which apply.
struct LimitSection {
    let findings: FindingCollector

    private static let burstMax = 1_000_000
    /// Until an empty bucket is full again. Longer is a quota, which a memory that ends with the process cannot keep.
    private static let refillMax: Duration = .seconds(31 * 86_400)

    func read(_ root: MappingReader) -> NamedSection<RateLimit> {
        NamedSection.read(root, "limits", noun: "limit", limit)
    }

    private func limit(_ name: Located<String>, _ reader: MappingReader) -> RateLimit? {
        reader.require("by", "say whose requests are counted together: client_id, subject, ip, route, or {claim: NAME}")
        reader.require("rate", "write rate: 100/s")
        let keys = keys(reader)
        let rate = reader.value("rate", .rate)
        let burst = reader.value("burst", .number(1...Self.burstMax))
        guard let keys, let rate else { return nil }
        let limit = RateLimit(
            name: name.value, by: keys, count: rate.value.count, period: rate.value.period,
            burst: burst?.value ?? rate.value.count)
        let refill = limit.period / limit.count * limit.burst
        if refill > Self.refillMax {
            reader.error(
                .outOfRange, at: reader.has("burst") ? "burst" : "rate",
                "\(reader.name): after a burst of \(limit.burst) it takes \(Int(refill / .seconds(86_400))) days to fill up again; 31 at most"
            )
        }
        return limit
    }

    private func keys(_ reader: MappingReader) -> [RateLimit.Key]? {
        guard let node = reader.node("by") else { return nil }
        var nodes = [node]
        if case .list(let items) = node.content { nodes = items }
        if nodes.isEmpty {
            findings.error(.badValue, at: node.position, "\"by\" in \(reader.name) is an empty list")
            return nil
        }
        var keys: [RateLimit.Key] = []
        for node in nodes {
            guard let key = key(node, reader) else { return nil }
            if keys.contains(key) {
                findings.warning(.duplicateValue, at: node.position, "\"by\" in \(reader.name) names this twice")
            } else {
                keys.append(key)
            }
        }
        return keys
    }

    private func key(_ node: DocumentNode, _ reader: MappingReader) -> RateLimit.Key? {
        guard case .mapping = node.content else { return reader.value(of: node, "by", .limitKey)?.value }
        guard let claim = MappingReader(node, name: "\"by\" in \(reader.name)", findings: findings) else { return nil }
        claim.require("claim", "write {claim: tenant}")
        let path = claim.value("claim", .claimPath)
        claim.finish()
        return path.map { .claim($0.value) }
    }
}

extension ValueKind where Value == RateLimit.Key {
    static var limitKey: ValueKind {
        word(["client_id", "subject", "ip", "route"]) { word in
            switch word {
            case "client_id": .clientID
            case "subject": .subject
            case "ip": .ip
            case "route": .route
            default: nil
            }
        }
    }
}

extension ValueKind where Value == [String] {
    static var claimPath: ValueKind {
        ValueKind("a claim's name, or a JSON Pointer") { scalar throws(ValueProblem) in try ClaimPath.parse(scalar.text)
        }
    }
}
