import Policy

/// Routes that can never match, because earlier ones take all that they would.
///
/// The matching rule: an exact host beats a wildcard (a longer one a shorter one), which beats any host; a literal
/// segment beats a capture, which beats a rest capture; between equal patterns the first wins. So only an *equal*
/// pattern on an *equal* host entry takes requests away, for the methods that it serves.
struct ShadowCheck {
    let draft: PolicyDraft

    func run() {
        var takers: [Place: [Taker]] = [:]
        for route in draft.routes {
            guard let match = route.match else { continue }
            let methods = match.methods.isEmpty ? [Self.anyMethod] : match.methods
            let hosts = match.hosts.isEmpty ? [Self.anyHost] : match.hosts
            var lost: [(host: String, method: String, to: Taker)] = []
            for host in hosts {
                let place = Place(host: host, shape: match.path.segments.map(\.shape))
                for method in methods {
                    if let taker = takers[place]?.first(where: { $0.method == method || $0.method == Self.anyMethod }) {
                        lost.append((host, method, taker))
                    } else {
                        takers[place, default: []].append(
                            Taker(method: method, name: route.name, line: route.position.line))
                    }
                }
            }
            note(route, lost, of: hosts.count * methods.count)
        }
    }

    private func note(_ route: RouteDraft, _ lost: [(host: String, method: String, to: Taker)], of all: Int) {
        guard let first = lost.first else { return }
        if lost.count == all {
            draft.context.findings.error(
                .unreachableRoute, at: route.pathPosition,
                "\(route.name) can never match: \(first.to.name) in line \(first.to.line) takes the same hosts, methods and path before it"
            )
        } else {
            let method = first.method == Self.anyMethod ? "a request" : first.method
            let host = first.host == Self.anyHost ? "any host" : first.host
            draft.context.findings.warning(
                .partlyShadowedRoute, at: route.pathPosition,
                "\(route.name) never gets \(method) on \(host): \(first.to.name) in line \(first.to.line) has the same path before it"
            )
        }
    }

    private static let anyMethod = "*"
    private static let anyHost = "*"

    private struct Place: Hashable {
        var host: String
        var shape: [PathPattern.Segment]
    }

    private struct Taker {
        var method: String
        var name: String
        var line: Int
    }
}

extension PathPattern.Segment {
    /// The segment without the capture's name, which does not matter for matching.
    var shape: PathPattern.Segment {
        switch self {
        case .literal: self
        case .capture: .capture("")
        case .rest: .rest("")
        }
    }
}
