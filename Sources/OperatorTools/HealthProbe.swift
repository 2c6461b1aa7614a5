import Foundation
import Gateway
import HTTP
import JSON
import Outgoing
import Policy
import PolicyFile

/// Asks a running gateway how it is, at its listener for that (`serves: [health]`): for probes, scripts and people.
package struct HealthProbe: Sendable {
    /// Why nobody could be asked.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// What the gateway answered.
    package struct Told: Sendable, Equatable {
        /// It serves requests; of `live`: it runs.
        package let isGood: Bool
        /// It serves requests, and somebody has to look.
        package let isDegraded: Bool
        /// For people, without a line feed.
        package let text: String
    }

    /// Where a gateway tells how it is unless its policy says otherwise.
    package static let placeDefault = "http://127.0.0.1:9901"

    private let place: OutgoingHTTP.Place
    /// The same, for messages.
    private let shown: String
    private let timeout: Duration

    /// - Parameters:
    ///   - place: `http://127.0.0.1:9901`, or a policy file whose listener is taken.
    ///   - timeout: for an answer.
    /// - Throws: `Failure`: the file has an error, or no such listener.
    package init(_ place: String, timeout: Duration) throws {
        self.timeout = timeout
        if place.hasPrefix("http://") || place.hasPrefix("https://") {
            guard let url = AbsoluteURL(place), !url.isHTTPS else {
                throw Failure(
                    description: "\(place): write it as http://127.0.0.1:9901; a listener with \"serves\" is plain HTTP"
                )
            }
            self.place = .init(host: url.host, port: url.port)
            shown = url.origin
            return
        }
        let reading = PolicyReader(files: DiskPolicyFiles()).read(fileAt: place)
        guard let policy = reading.policy else {
            throw Failure(
                description: (reading.findings.first { $0.severity == .error }.map(\.description)
                    ?? "\(place): cannot be read")
                    + "; the gateway may run by the policy of before: ask it by its URL, such as \(Self.placeDefault)")
        }
        guard let monitor = policy.monitors.first(where: { $0.serves.contains(.health) }) else {
            throw Failure(
                description:
                    "\(place): no listener serves health; add to its listeners: {address: \"127.0.0.1:9901\", serves: [health, metrics]}"
            )
        }
        guard monitor.port > 0 else {
            throw Failure(
                description:
                    "\(place): the listener \(monitor.host):0 has a port of the system's choice; name its URL instead")
        }
        // What listens everywhere is asked on this machine.
        let host = ["0.0.0.0": "127.0.0.1", "::": "::1"][monitor.host] ?? monitor.host
        self.place = .init(host: host, port: monitor.port)
        shown = "http://" + (host.contains(":") ? "[\(host)]" : host) + ":\(monitor.port)"
    }

    /// Whether it runs at all: for who would restart it.
    package func live() async -> Told {
        switch await ask("/livez") {
        case .failure(let failure): silent(failure)
        case .success(let answer):
            Told(
                isGood: answer.status == 200, isDegraded: false,
                text: answer.status == 200 ? "alive" : "HTTP \(answer.status)")
        }
    }

    /// Whether it serves requests, and what is wrong with it.
    package func health() async -> Told {
        switch await ask("/health") {
        case .failure(let failure): return silent(failure)
        case .success(let answer):
            guard let report = (try? JSON.parse(answer.body))?.object, let status = report["status"]?.string else {
                return Told(
                    isGood: false, isDegraded: false,
                    text: "HTTP \(answer.status), and no health document: is this a listener with serves: [health]?")
            }
            return Told(
                isGood: answer.status == 200, isDegraded: status == "degraded",
                text: Self.inWords(status, report))
        }
    }

    private static func inWords(_ status: String, _ report: JSONObject) -> String {
        var reasons = report["reasons"]?.array?.compactMap(\.string) ?? []
        if report["draining"]?.bool == true { reasons.append("draining") }
        if status == "unavailable", let state = report["audit"]?.object?["state"]?.string, state != "ok" {
            reasons.append("the audit log takes no records: \(state)")
        }
        return reasons.isEmpty ? status : "\(status): \(reasons.joined(separator: ", "))"
    }

    private func silent(_ failure: OutgoingHTTP.Failure) -> Told {
        // It begins with the URL that was asked, which has another host.
        let reason = failure.description.split(separator: ": ", maxSplits: 1).last ?? ""
        return Told(isGood: false, isDegraded: false, text: "no answer from \(shown): \(reason)")
    }

    private func ask(_ path: String) async -> Result<OutgoingAnswer, OutgoingHTTP.Failure> {
        var settings = OutgoingHTTP.Settings()
        settings.allowsPlaintext = true
        // Its address may be one of an internal network, to which other requests do not go in plain text.
        settings.connectTo = place
        settings.timeout = timeout
        let http = OutgoingHTTP(settings)
        do throws(OutgoingHTTP.Failure) {
            return .success(try await http.get("http://localhost:\(place.port)\(path)"))
        } catch { return .failure(error) }
    }
}
