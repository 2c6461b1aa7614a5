import AsyncHTTPClient
package import HTTP
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization
import Transport

/// One place that the gateway asks again and again on its own account: connections to it are kept.
///
/// Everything else is as with `OutgoingHTTP`: https, no redirects, bounded in time and size, only to addresses that are
/// allowed. The name is resolved anew once a minute, and what was judged is what is connected to.
package final class OutgoingConnections: Sendable {
    package let url: AbsoluteURL
    private let http: OutgoingHTTP
    private let connectionsMax: Int
    private let state = Mutex(State())

    private struct State {
        /// By address; the proxy's is empty.
        var clients: [String: HTTPClient] = [:]
        /// In the order of the resolver; the one that is under way or came to its end last.
        var resolving: (number: Int, task: Task<[HTTPClient], any Error>)?
        var freshUntil: Int64 = 0
        var number = 0
        var isClosed = false
    }

    /// Nanoseconds.
    private static let resolvedFor: Int64 = 60_000_000_000
    /// So long whoever is still at it has an old connection.
    private static let leavingTime: Duration = .seconds(2)

    /// - Parameters:
    ///   - settings: `timeout` is for one request.
    ///   - connectionsMax: to each of its addresses.
    package init(_ url: AbsoluteURL, _ settings: OutgoingHTTP.Settings, connectionsMax: Int) {
        self.url = url
        http = OutgoingHTTP(settings)
        self.connectionsMax = connectionsMax
    }

    deinit { Self.end(Array(state.withLock { $0.clients.values })) }

    /// Ends its connections, a little while later.
    package func close() {
        let clients = state.withLock { state in
            state.isClosed = true
            state.resolving = nil
            defer { state.clients = [:] }
            return Array(state.clients.values)
        }
        Self.end(clients)
    }

    /// - Parameters:
    ///   - fields: besides `Content-Type`.
    ///   - attempt: from 0; another one goes to another address, where there are several.
    package func postForm(
        _ form: [UInt8], fields: [(String, String)], attempt: Int
    ) async throws(OutgoingHTTP.Failure) -> OutgoingAnswer {
        try http.check(url)
        do {
            let clients = try await clients()
            guard !clients.isEmpty else { throw OutgoingHTTP.Failure(.unreachable, "\(url): its name has no address") }
            return try await http.exchange(
                url, .POST, [("Content-Type", "application/x-www-form-urlencoded")] + fields, form,
                through: clients[abs(attempt) % clients.count])
        } catch let failure as OutgoingHTTP.Failure {
            throw failure
        } catch {
            throw OutgoingHTTP.Failure(OutgoingHTTP.reason(of: error), "\(url): \(OutgoingHTTP.words(for: error))")
        }
    }

    // MARK: Addresses

    private func clients() async throws -> [HTTPClient] {
        let now = Clock.monotonicNanoseconds()
        let (number, task) = state.withLock { state in
            if let resolving = state.resolving, now < state.freshUntil { return resolving }
            state.number += 1
            let resolving = (number: state.number, task: Task { try await self.resolve() })
            state.resolving = resolving
            state.freshUntil = now &+ Self.resolvedFor
            return resolving
        }
        do { return try await task.value } catch {
            state.withLock { if $0.resolving?.number == number { $0.resolving = nil } }
            throw error
        }
    }

    private func resolve() async throws -> [HTTPClient] {
        let tls = try http.tlsConfiguration()
        let addresses = try await http.permittedAddresses(of: url).prefix(OutgoingHTTP.addressesMax)
        let (clients, leaving) = try state.withLock { state in
            guard !state.isClosed else { throw OutgoingHTTP.Failure(.unreachable, "\(url): closed") }
            var kept: [String: HTTPClient] = [:]
            let clients = addresses.map { address in
                let client =
                    state.clients[address ?? ""]
                    ?? http.client(for: url, tls, at: address, connectionsMax: connectionsMax)
                kept[address ?? ""] = client
                return client
            }
            let leaving = state.clients.filter { kept[$0.key] == nil }.map(\.value)
            state.clients = kept
            return (clients, leaving)
        }
        Self.end(leaving)
        return clients
    }

    private static func end(_ clients: [HTTPClient]) {
        guard !clients.isEmpty else { return }
        Task {
            try? await Task.sleep(for: leavingTime)
            for client in clients { try? await client.shutdown() }
        }
    }
}
