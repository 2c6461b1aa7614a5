/// An honest HTTP client: libcurl on OpenSSL. It keeps its connections open and uses them again, runs one request after
/// the other (use several clients for requests side by side), and blocks only a thread of its own.
package actor CurlClient {
    private nonisolated let executor = ThreadExecutor(name: "curl")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let handle: CurlHandle
    private let settings: CurlSettings

    /// Connects to nothing yet.
    package init(_ settings: CurlSettings) throws {
        handle = try CurlHandle()
        self.settings = settings
    }

    /// - Throws: `CurlFailure`, with what had arrived until then.
    package func send(_ request: CurlRequest) throws -> CurlResponse { try handle.perform(request, settings) }

    /// Any status is an answer; see `send`.
    package func get(_ url: String, fields: [HeaderField] = []) throws -> CurlResponse {
        try send(CurlRequest("GET", url, fields: fields))
    }

    /// Any status is an answer; see `send`.
    package func head(_ url: String, fields: [HeaderField] = []) throws -> CurlResponse {
        try send(CurlRequest("HEAD", url, fields: fields))
    }

    /// Any status is an answer; see `send`.
    package func post(_ url: String, fields: [HeaderField] = [], _ body: CurlBody) throws -> CurlResponse {
        try send(CurlRequest("POST", url, fields: fields, body: body))
    }

    /// Any status is an answer; see `send`.
    package func put(_ url: String, fields: [HeaderField] = [], _ body: CurlBody) throws -> CurlResponse {
        try send(CurlRequest("PUT", url, fields: fields, body: body))
    }
}
