/// What a client sends as a body.
package enum CurlBody: Sendable {
    case none
    /// With Content-Length.
    case octets([UInt8])
    /// So many octets of `OctetPattern`, made as they are sent; with Content-Length or in chunks.
    case pattern(Int, chunked: Bool = false)
    /// In chunks, with trailers behind them.
    case chunked([UInt8], trailers: [HeaderField] = [])

    /// The UTF-8 of a text, with Content-Length.
    package static func text(_ text: String) -> CurlBody { .octets(Array(text.utf8)) }
}

/// One request of a client on libcurl.
package struct CurlRequest: Sendable {
    /// As it goes out: not checked.
    package var method: String
    /// The path goes out as it stands here: `..` and the like are not tidied up.
    package var url: String
    package var fields: [HeaderField]
    package var body: CurlBody
    /// Sends `Expect: 100-continue`, and holds the body back until the answer or that time has come; nil: does not ask.
    package var waitsForContinue: Duration?
    /// Octets a second at most.
    package var sendSpeedMax: Int?
    /// Octets a second at most; nil: as fast as they come.
    package var receiveSpeedMax: Int?
    /// Breaks off after so many octets of the answer's body.
    package var abortsAfterReceiving: Int?
    /// Breaks off after so many octets of the request's body.
    package var abortsAfterSending: Int?
    /// Does not use a connection that is open already.
    package var onNewConnection = false
    /// For the whole transfer.
    package var timeout: Duration = .seconds(60)

    package init(
        _ method: String = "GET", _ url: String, fields: [HeaderField] = [], body: CurlBody = .none
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }

    /// Adds `Authorization: Bearer …`.
    package func bearer(_ token: String) -> CurlRequest {
        var request = self
        request.fields.append(HeaderField("Authorization", "Bearer \(token)"))
        return request
    }
}

/// How a client on libcurl connects; the same for all its requests.
package struct CurlSettings: Sendable {
    /// Certificates (PEM) that vouch for the server. Its name is checked as well; there is no way to switch that off.
    package var authorities: String
    /// What it shows; nil: no certificate.
    package var certificate: TestCertificate?
    /// The oldest version that it offers.
    package var minimum = TLSVersionChoice.tls12
    /// The newest version that it offers.
    package var maximum = TLSVersionChoice.tls13
    /// Connects to this port of 127.0.0.1 whatever host and port the URL names; nil: `localhost` as it is.
    package var port: Int?

    package init(authorities: String, certificate: TestCertificate? = nil, port: Int? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.port = port
    }
}
