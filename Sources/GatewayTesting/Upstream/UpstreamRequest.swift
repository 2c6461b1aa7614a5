/// A request as it reached a test upstream.
package struct UpstreamRequest: Sendable {
    /// Connections are numbered from 1 in the order in which they were accepted.
    package let connection: Int
    /// Its place among the requests of its connection, from 1.
    package let place: Int
    package let head: MessageHead
    /// Who the certificate of the other side says it is; nil: it showed none.
    package let peer: PeerCertificate?
    /// `TLSv1.3`; nil: plain HTTP.
    package let tlsVersion: String?

    /// Octets of the body so far, without chunk framing.
    package internal(set) var bodyCount = 0
    /// The first 64 KiB of the body.
    package internal(set) var body: [UInt8] = []
    /// SHA-256 of the whole body, once it has ended.
    package internal(set) var bodySHA256: String?
    /// What came behind a body in chunks.
    package internal(set) var trailers: [HeaderField] = []
    /// The body came to the end that its framing promises.
    package internal(set) var isComplete = false

    /// As it stands in the request line.
    package var method: String { head.words.first ?? "" }
    /// The request target as it stands in the request line.
    package var target: String { head.words.count > 1 ? head.words[1] : "" }
    /// The target without its query.
    package var path: String { String(target.prefix { $0 != "?" }) }
    package var fields: [HeaderField] { head.fields }
    /// The field's first value, whatever the case of its name; nil: there is none.
    package func value(_ name: String) -> String? { head.value(name) }
    /// Of all its occurrences, in their order.
    package func values(_ name: String) -> [String] { head.values(name) }
    /// The body, as UTF-8.
    package var text: String { String(decoding: body, as: UTF8.self) }

    static let bodyKeptMax = 65_536
}
