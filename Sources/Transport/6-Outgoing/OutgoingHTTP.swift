internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// Requests that the gateway, or its command line, makes on its own account: off the request path, https only, no
/// redirects, bounded in time and size.
package struct OutgoingHTTP: Sendable {
    package struct Answer: Sendable {
        package var status: Int
        package var body: [UInt8]
    }

    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let authorities: String?
    private let timeoutSeconds: Int64
    private let bodyBytesMax: Int

    /// - Parameter authorities: PEM file of the authorities to trust; nil: the system's.
    package init(authorities: String?, timeoutSeconds: Int64 = 10, bodyBytesMax: Int = 1_048_576) {
        self.authorities = authorities
        self.timeoutSeconds = timeoutSeconds
        self.bodyBytesMax = bodyBytesMax
    }

    package func get(_ url: String) async throws(Failure) -> Answer {
        try await send(HTTPClientRequest(url: url))
    }

    /// - Parameter fields: besides `Content-Type`.
    package func postForm(_ url: String, form: [UInt8], fields: [(String, String)] = []) async throws(Failure) -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        for (name, value) in fields { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: form))
        return try await send(request)
    }

    private func send(_ request: HTTPClientRequest) async throws(Failure) -> Answer {
        guard request.url.hasPrefix("https://") else {
            throw Failure(description: "\(request.url): only https is used")
        }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authorities {
            do {
                tls.trustRoots = .certificates(try TLSFiles.authorities(authorities))
            } catch {
                throw Failure(description: error.description)
            }
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(timeoutSeconds)
        configuration.httpVersion = .http1Only
        let client = HTTPClient(configuration: configuration)
        let result: Result<Answer, Failure>
        do {
            let response = try await client.execute(request, timeout: .seconds(timeoutSeconds))
            let body = try await response.body.collect(upTo: bodyBytesMax)
            result = .success(Answer(status: Int(response.status.code), body: Array(body.readableBytesView)))
        } catch {
            result = .failure(Failure(description: "\(request.url): \(error)"))
        }
        try? await client.shutdown()
        return try result.get()
    }
}
