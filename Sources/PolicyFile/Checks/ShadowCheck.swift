import HTTP
import Policy

/// Routes that can never match, because earlier ones take all that they would.
///
/// The matching rule: an exact host beats a wildcard (a longer one a shorter one), which beats any host; a literal
/// segment beats a capture, which beats a rest capture; between equal patterns the first wins. So an *equal* pattern on
/// an *equal* host entry takes requests away, for the methods that it serves, if it stands before; and wherever they
/// stand, more specific patterns that together take in all of a rest capture: what is below it, it itself, and it with a
/// slash.
struct ShadowCheck {
    let draft: PolicyDraft

    func run() {
        checkOrder()
        for route in draft.routes { checkRest(route) }
    }

    private func checkOrder() {
        var takers: [Place: [Taker]] = [:]
        for route in draft.routes {
            guard let match = route.match else { continue }
            let methods = match.methods.isEmpty ? [Self.anyMethod] : match.methods
            let hosts = match.hosts.isEmpty ? [Self.anyHost] : match.hosts
            var lost: [(host: String, method: String, to: Taker)] = []
            for host in hosts {
                let place = Place(host: host, shape: match.path.segments.map(\.shape))
                if match.methods.isEmpty { noteRemainder(route, takers[place] ?? [], on: host) }
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

    /// A route for any method gets what is left: that may be what was meant, or the reason why it is never asked.
    private func noteRemainder(_ route: RouteDraft, _ takers: [Taker], on host: String) {
        guard let first = takers.first, !takers.contains(where: { $0.method == Self.anyMethod }) else { return }
        let methods = takers.map(\.method)
        let text =
            methods.count == 1
            ? methods[0] : methods.dropLast().joined(separator: ", ") + " or " + methods[methods.count - 1]
        draft.context.findings.warning(
            .partlyShadowedRoute, at: route.pathPosition,
            "\(route.name) is for any method and never gets \(text) on \(Self.shown(host)): \(first.name) in line \(first.line) has the same path before it; name its methods if that is meant"
        )
    }

    /// `/orders/{rest...}` where `/orders`, `/orders/` and `/orders/{id}/{rest...}` are routes of their own.
    private func checkRest(_ route: RouteDraft) {
        guard let match = route.match, case .rest = match.path.segments.last,
            !route.allowPath.contains(.emptySegments)
        else { return }
        let before = match.path.segments.dropLast().map(\.shape)
        var parts: [[PathPattern.Segment]] = [before + [.literal("")], before + [.capture(""), .rest("")]]
        if !before.isEmpty { parts.append(before) }
        var first: RouteDraft?
        for host in match.hosts.isEmpty ? [Self.anyHost] : match.hosts {
            for method in match.methods.isEmpty ? [Self.anyMethod] : match.methods {
                for part in parts {
                    guard
                        let taker = draft.routes.first(where: { other in
                            guard let rule = other.match, rule.path.segments.map(\.shape) == part else { return false }
                            return (rule.hosts.isEmpty ? [Self.anyHost] : rule.hosts).contains(host)
                                && (rule.methods.isEmpty || rule.methods.contains(method))
                        })
                    else { return }
                    first = first ?? taker
                }
            }
        }
        guard let first else { return }
        draft.context.findings.error(
            .unreachableRoute, at: route.pathPosition,
            "\(route.name) can never match: \(first.name) in line \(first.position.line), and others that are more specific, take all of its paths"
        )
    }

    private static func shown(_ host: String) -> String { host == anyHost ? "any host" : host }

    private func note(_ route: RouteDraft, _ lost: [(host: String, method: String, to: Taker)], of all: Int) {
        guard let first = lost.first else { return }
        if lost.count == all {
            draft.context.findings.error(
                .unreachableRoute, at: route.pathPosition,
                "\(route.name) can never match: \(first.to.name) in line \(first.to.line) takes the same hosts, methods and path before it"
            )
        } else {
            let method = first.method == Self.anyMethod ? "a request" : first.method
            draft.context.findings.warning(
                .partlyShadowedRoute, at: route.pathPosition,
                "\(route.name) never gets \(method) on \(Self.shown(first.host)): \(first.to.name) in line \(first.to.line) has the same path before it"
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
