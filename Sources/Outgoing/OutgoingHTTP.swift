import AsyncHTTPClient
package import HTTP
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Octets
package import Transport

/// Requests that the gateway, or its command line, makes on its own account: off the request path, https only, no
/// redirects, bounded in time and size, and only to addresses that are allowed.
package struct OutgoingHTTP: Sendable {
    /// Why there is no answer. The description begins with the URL.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        /// For deciding; the description is for logs.
        package let reason: OutgoingFailure
        package let description: String

        init(_ reason: OutgoingFailure, _ description: String) {
            self.reason = reason
            self.description = description
        }
    }

    /// Whom to trust, where to connect, and the bounds. The defaults are the strict ones.
    package struct Settings: Sendable {
        /// PEM file of the authorities to trust; nil: the system's.
        package var authorities: String?
        /// What is shown to the other side; nil: nothing.
        package var certificate: ServerTLSFiles.Pair?
        /// Where to connect in place of the URL's host and port. TLS and `Host` keep to the URL.
        package var connectTo: Place?
        /// An HTTP proxy that is asked to connect. It resolves names itself: only addresses in URLs are judged then.
        package var proxy: Place?
        /// Whether an address (4 or 16 octets) may be connected to. What was judged is what is connected to.
        package var permits: @Sendable ([UInt8]) -> Bool = { _ in true }
        /// `http` to loopback hosts.
        package var allowsPlaintext = false
        /// For the whole of a request, from resolving the name to the last octet.
        package var timeout: Duration = .seconds(10)
        /// A longer body is a failure; nothing of it is returned.
        package var bodyBytesMax = 1_048_576

        package init() {}
    }

    /// Where to connect.
    package struct Place: Sendable {
        /// A name or an IP address, which without brackets.
        package var host: String
        /// TCP.
        package var port: Int
        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// Addresses of one name that are tried, one after the other.
    static let addressesMax = 4
    private static let connectTimeout: TimeAmount = .seconds(3)

    let settings: Settings

    package init(_ settings: Settings) { self.settings = settings }

    /// - Parameter authorities: PEM file of the authorities to trust; nil: the system's.
    package init(authorities: String?) {
        var settings = Settings()
        settings.authorities = authorities
        self.settings = settings
    }

    /// The same, from a text that may not be a URL: then the failure is `badSettings`.
    package func get(_ url: String) async throws(Failure) -> OutgoingAnswer {
        guard let url = AbsoluteURL(url) else { throw Failure(.badSettings, "\(url) is no URL") }
        return try await get(url)
    }

    /// - Parameter fields: `Accept` and the like.
    package func get(_ url: AbsoluteURL, fields: [(String, String)] = []) async throws(Failure) -> OutgoingAnswer {
        try await send(url, .GET, fields, body: nil)
    }

    /// - Parameter fields: besides `Content-Type`.
    package func postForm(_ url: String, form: [UInt8], fields: [(String, String)] = []) async throws(Failure)
        -> OutgoingAnswer
    {
        guard let url = AbsoluteURL(url) else { throw Failure(.badSettings, "\(url) is no URL") }
        return try await postForm(url, form: form, fields: fields)
    }

    /// - Parameter fields: besides `Content-Type`.
    package func postForm(_ url: AbsoluteURL, form: [UInt8], fields: [(String, String)] = []) async throws(Failure)
        -> OutgoingAnswer
    {
        try await send(url, .POST, [("Content-Type", "application/x-www-form-urlencoded")] + fields, body: form)
    }

    // MARK: Inside

    private func send(
        _ url: AbsoluteURL, _ method: HTTPMethod, _ fields: [(String, String)], body: [UInt8]?
    ) async throws(Failure) -> OutgoingAnswer {
        try check(url)
        let tls = try tlsConfiguration()
        let timeout = settings.timeout
        do {
            return try await withThrowingTaskGroup(of: OutgoingAnswer.self) { group in
                group.addTask {
                    try await self.attempt(url, method, fields, body, tls)
                }
                group.addTask {
                    try await Task.sleep(for: timeout)
                    throw Failure(.timeout, "\(url): no whole answer in time")
                }
                defer { group.cancelAll() }
                guard let answer = try await group.next() else { throw Failure(.timeout, "\(url): no answer") }
                return answer
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(Self.reason(of: error), "\(url): \(Self.words(for: error))")
        }
    }

    func check(_ url: AbsoluteURL) throws(Failure) {
        guard url.isHTTPS || settings.allowsPlaintext && url.isLoopback else {
            throw Failure(.badSettings, "\(url): only https is used")
        }
    }

    /// One address after the other, until one can be connected to.
    private func attempt(
        _ url: AbsoluteURL, _ method: HTTPMethod, _ fields: [(String, String)], _ body: [UInt8]?,
        _ tls: TLSConfiguration
    ) async throws -> OutgoingAnswer {
        let addresses = try await permittedAddresses(of: url)
        var last: any Error = Failure(.unreachable, "\(url): its name has no address")
        for address in addresses.prefix(Self.addressesMax) {
            do {
                return try await exchange(url, method, fields, body, tls, at: address)
            } catch  where Self.reason(of: error) == .unreachable {
                last = error
            }
        }
        throw last
    }

    /// As texts; a single nil: the proxy resolves the name.
    func permittedAddresses(of url: AbsoluteURL) async throws -> [String?] {
        let host = settings.proxy == nil ? settings.connectTo?.host ?? url.host : url.host
        if settings.proxy != nil {
            if let literal = ResolvedAddress(literal: host), !settings.permits(literal.octets) {
                throw Failure(.forbiddenAddress, "\(url): its address is not allowed")
            }
            return [nil]
        }
        let addresses = try await NIOThreadPool.singleton.runIfActive { ResolvedAddress.all(of: host) }
        let permitted = addresses.filter { settings.permits($0.octets) }
        if permitted.isEmpty, !addresses.isEmpty {
            throw Failure(.forbiddenAddress, "\(url): its address \(addresses[0].text) is not allowed")
        }
        return permitted.map(\.text)
    }

    private func exchange(
        _ url: AbsoluteURL, _ method: HTTPMethod, _ fields: [(String, String)], _ body: [UInt8]?,
        _ tls: TLSConfiguration,
        at address: String?
    ) async throws -> OutgoingAnswer {
        let client = client(for: url, tls, at: address)
        let result: Result<OutgoingAnswer, any Error>
        do { result = .success(try await exchange(url, method, fields, body, through: client)) } catch {
            result = .failure(error)
        }
        try? await client.shutdown()
        return try result.get()
    }

    /// Connects to this address and no other. Whoever makes it must shut it down.
    /// - Parameter connectionsMax: nil: as many as the library thinks right.
    func client(
        for url: AbsoluteURL, _ tls: TLSConfiguration, at address: String?, connectionsMax: Int? = nil
    ) -> HTTPClient {
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.timeout.connect = min(Self.connectTimeout, .nanoseconds(settings.timeout.nanoseconds))
        configuration.connectionPool.retryConnectionEstablishment = false
        if let connectionsMax {
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsMax
        }
        configuration.httpVersion = .http1Only
        if let address { configuration.dnsOverride = [Self.hostText(url): address] }
        if let proxy = settings.proxy { configuration.proxy = .server(host: proxy.host, port: proxy.port) }
        return HTTPClient(configuration: configuration)
    }

    private static func hostText(_ url: AbsoluteURL) -> String { url.host.contains(":") ? "[\(url.host)]" : url.host }

    func exchange(
        _ url: AbsoluteURL, _ method: HTTPMethod, _ fields: [(String, String)], _ body: [UInt8]?,
        through client: HTTPClient
    ) async throws -> OutgoingAnswer {
        let port = settings.proxy == nil ? settings.connectTo?.port ?? url.port : url.port
        var request = HTTPClientRequest(
            url: "\(url.isHTTPS ? "https" : "http")://\(Self.hostText(url)):\(port)\(url.target)")
        request.method = method
        request.headers.add(name: "Host", value: url.authority)
        for (name, value) in fields { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await client.execute(request, timeout: .nanoseconds(settings.timeout.nanoseconds))
        let octets = try await response.body.collect(upTo: settings.bodyBytesMax)
        func value(_ name: String) -> String? {
            let values = response.headers[name]
            return values.isEmpty ? nil : values.joined(separator: ", ")
        }
        return OutgoingAnswer(
            status: Int(response.status.code), contentType: value("content-type"),
            cacheControl: value("cache-control"), age: value("age"), body: Array(octets.readableBytesView))
    }

    func tlsConfiguration() throws(Failure) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        // An answer that is broken off (it was too large) leaves a peer that writes on and does not say goodbye.
        tls.shutdownTimeout = .milliseconds(100)
        do {
            if let authorities = settings.authorities {
                tls.trustRoots = .certificates(try TLSFiles.authorities(authorities))
            }
            if let pair = settings.certificate {
                tls.certificateChain = try TLSFiles.certificates(pair.chain).map { .certificate($0) }
                tls.privateKey = .privateKey(try TLSFiles.privateKey(pair.key))
            }
        } catch {
            throw Failure(.badSettings, error.description)
        }
        return tls
    }

    /// As `ErrorInWords`, with what is known of the client only here.
    static func words(for error: any Error) -> String {
        switch error {
        case is NIOTooManyBytesError: return "its answer is too large"
        case is HTTPParserError: return "what answered does not speak HTTP/1.1"
        case let error as HTTPClientError:
            return switch error {
            case .connectTimeout: "no connection in time"
            case .tlsHandshakeTimeout: "no TLS handshake in time"
            case .deadlineExceeded, .readTimeout, .writeTimeout: "no whole answer in time"
            case .remoteConnectionClosed: "it closed the connection without an answer"
            case .uncleanShutdown: "it closed the connection in the middle of TLS"
            case .cancelled, .alreadyShutdown: "it was cancelled"
            case .invalidProxyResponse, .httpProxyHandshakeTimeout: "the proxy did not connect"
            case .proxyAuthenticationRequired: "the proxy wants a password"
            default: "what it answered cannot be read"
            }
        default: return ErrorInWords.text(error)
        }
    }

    static func reason(of error: any Error) -> OutgoingFailure {
        switch error {
        case let failure as Failure: failure.reason
        case is NIOTooManyBytesError: .tooLarge
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: .tlsFailed
        case is NIOConnectionError, is IOError: .unreachable
        case let error as ChannelError:
            if case .connectTimeout = error { .unreachable } else { .badAnswer }
        case let error as HTTPClientError:
            if error == .connectTimeout {
                .unreachable
            } else if error == .deadlineExceeded || error == .readTimeout || error == .writeTimeout {
                .timeout
            } else if error == .tlsHandshakeTimeout {
                .tlsFailed
            } else {
                .badAnswer
            }
        default: .badAnswer
        }
    }
}
