package import Certificates
import NIOCore
import NIOSSL

/// How the gateway speaks TLS to an upstream, as files; read when made.
package struct ClientTLSFiles: Sendable {
    /// PEM file of the certificate authorities to trust. There is no falling back on the system's.
    package var authorities: String
    /// What is shown to the upstream; nil: no certificate.
    package var certificate: ServerTLSFiles.Pair?
    /// nil only where the policy says `insecure_any_identity`.
    package var identity: PeerIdentity?
    /// TLS 1.3 only; otherwise 1.2 as well.
    package var minimumTLS13: Bool
    /// Those that are offered, in the order in which the gateway prefers them.
    package var protocols: [ApplicationProtocol] = [.http1]
    package init(authorities: String, certificate: ServerTLSFiles.Pair?, identity: PeerIdentity?, minimumTLS13: Bool) {
        self.authorities = authorities
        self.certificate = certificate
        self.identity = identity
        self.minimumTLS13 = minimumTLS13
    }
}

/// The TLS side of an upstream: whom to trust, what to show, and who must answer.
package final class ClientTLS: Sendable {
    let context: NIOSSLContext
    let identity: PeerIdentity?
    /// Sent as SNI.
    let serverName: String?

    /// Reads the files. The error names the file that is missing or does not hold what it should.
    package init(_ files: ClientTLSFiles) throws(TLSSetupError) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = files.minimumTLS13 ? .tlsv13 : .tlsv12
        configuration.cipherSuites = ServerTLS.tls12CipherSuites
        configuration.curves = [.x25519_MLKEM768, .x25519, .secp256r1]
        // The chain is verified by TLS; the name in it by `identity`, which also knows SPIFFE IDs.
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates(try TLSFiles.authorities(files.authorities))
        configuration.applicationProtocols = files.protocols.map(\.wireName)
        configuration.renegotiationSupport = .none
        configuration.shutdownTimeout = .milliseconds(500)
        if let pair = files.certificate {
            configuration.certificateChain = try TLSFiles.certificates(pair.chain).map { .certificate($0) }
            configuration.privateKey = .privateKey(try TLSFiles.privateKey(pair.key))
        }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSSetupError(description: "TLS context for \(files.authorities): \(error)")
        }
        identity = files.identity
        if case .dns(let name) = files.identity { serverName = name } else { serverName = nil }
    }

    /// The handler for a new connection.
    func makeHandler() throws -> NIOSSLClientHandler {
        var configuration = NIOSSLHandler.Configuration()
        configuration.maximumPreservedOutboundBufferCapacity = TransportBounds.preservedTLSBytes
        return try NIOSSLClientHandler(context: context, serverHostname: serverName, configuration: configuration)
    }

    /// After the handshake: TLS has verified the chain; here the certificate must carry the identity that the policy
    /// names.
    func accepts(_ handler: NIOSSLClientHandler) -> Bool {
        guard let identity else { return true }
        guard let facts = Self.certificate(of: handler) else { return false }
        return identity.matches(facts)
    }

    /// What the other end has shown so far.
    static func certificate(of handler: NIOSSLClientHandler) -> CertificateFacts? {
        handler.peerCertificate.flatMap { try? $0.toDERBytes() }.flatMap { try? CertificateFacts(der: $0) }
    }
}
