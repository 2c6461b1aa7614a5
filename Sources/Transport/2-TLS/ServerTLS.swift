import Certificates
import NIOCore
import NIOSSL

/// What a listener shows and whom it trusts, as files; read when made, made anew on reload.
package struct ServerTLSFiles: Sendable {
    /// A certificate with its private key: paths of two PEM files.
    package struct Pair: Sendable {
        /// The certificate, followed by its intermediates.
        package var chain: String
        /// The private key, not encrypted.
        package var key: String
        package init(chain: String, key: String) {
            self.chain = chain
            self.key = key
        }
    }
    /// At least one; the first is the default.
    package var certificates: [Pair]
    /// PEM file of the authorities that client certificates are verified against; nil: clients are not asked for one.
    package var clientAuthorities: String?
    /// Any certificate of a client is taken, whoever signed it: it shows no more than that the client has its key. Excludes
    /// `clientAuthorities`.
    package var takesUnverifiedCertificates = false
    /// A client certificate is demanded from everybody (the gateway itself leaves that to routes).
    package var clientCertificateRequired: Bool
    /// TLS 1.3 only; otherwise 1.2 as well.
    package var minimumTLS13: Bool
    /// In the order in which the gateway prefers them.
    package var protocols: [ApplicationProtocol] = [.http1]

    package init(
        certificates: [Pair], clientAuthorities: String?, clientCertificateRequired: Bool = false, minimumTLS13: Bool
    ) {
        self.certificates = certificates
        self.clientAuthorities = clientAuthorities
        self.clientCertificateRequired = clientCertificateRequired
        self.minimumTLS13 = minimumTLS13
    }
}

/// A reason why TLS cannot be set up: the file and what is wrong with it.
package struct TLSSetupError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// The TLS side of a listener (RFC 8446): one context, certificates chosen by SNI.
final class ServerTLS: Sendable {
    let context: NIOSSLContext
    /// As the handshake names them.
    let protocols: [[UInt8]]
    /// In DER.
    let clientAuthorities: Set<[UInt8]>
    /// Clients' certificates show no more than that they have the key: no authority vouches for them.
    let takesUnverifiedCertificates: Bool
    private let configuration: TLSConfiguration

    /// `loopOf` finds the loop that runs a handshake, so that the connection learns its SNI from the handshake itself:
    /// what BoringSSL read is what the route is judged by, whatever shape the ClientHello had.
    init(_ files: ServerTLSFiles, loopOf: @escaping @Sendable (any EventLoop) -> TransportLoop?) throws(TLSSetupError) {
        let pairs = try files.certificates.map { (pair) throws(TLSSetupError) in try LoadedPair(pair) }
        guard let first = pairs.first else { throw TLSSetupError(description: "a TLS listener needs a certificate") }
        let names = ServerNames(pairs.map(\.names))
        protocols = files.protocols.map { Array($0.wireName.utf8) }

        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: first.chain.map { .certificate($0) }, privateKey: .privateKey(first.key))
        configuration.minimumTLSVersion = files.minimumTLS13 ? .tlsv13 : .tlsv12
        configuration.cipherSuites = Self.tls12CipherSuites
        configuration.curves = [.x25519_MLKEM768, .x25519, .secp256r1]
        configuration.applicationProtocols = files.protocols.map(\.wireName)
        configuration.renegotiationSupport = .none
        configuration.shutdownTimeout = .seconds(2)
        var clientAuthorities: Set<[UInt8]> = []
        if let file = files.clientAuthorities {
            let authorities = try TLSFiles.authorities(file)
            clientAuthorities = Set(authorities.compactMap { try? $0.toDERBytes() })
            configuration.trustRoots = .certificates(authorities)
            configuration.certificateVerification =
                files.clientCertificateRequired ? .noHostnameVerification : .optionalVerification
            configuration.sendCANameList = true
        } else if files.takesUnverifiedCertificates {
            configuration.trustRoots = .certificates([])
            configuration.certificateVerification = .optionalVerification
        }
        configuration.sslContextCallback = { values, promise in
            let name = values.serverHostname.map { $0.lowercased() }
            let index = name.map(names.index(for:)) ?? 0
            let eventLoop = promise.futureResult.eventLoop
            loopOf(eventLoop)?.handshaking?.helloNamed(name, certificateIndex: index)
            guard index != 0, index < pairs.count else {
                promise.succeed(.noChanges)
                return
            }
            var override = NIOSSLContextConfigurationOverride()
            override.certificateChain = pairs[index].chain.map { .certificate($0) }
            override.privateKey = .privateKey(pairs[index].key)
            promise.succeed(override)
        }
        self.clientAuthorities = clientAuthorities
        takesUnverifiedCertificates = files.clientAuthorities == nil && files.takesUnverifiedCertificates
        self.configuration = configuration
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw TLSSetupError(description: "TLS context for \(files.certificates[0].chain): \(error)")
        }
    }

    private init(_ other: ServerTLS) throws {
        (configuration, protocols, clientAuthorities) = (other.configuration, other.protocols, other.clientAuthorities)
        takesUnverifiedCertificates = other.takesUnverifiedCertificates
        context = try NIOSSLContext(configuration: configuration)
    }

    /// The same, with other keys for session tickets.
    func withoutSessions() throws -> ServerTLS { try ServerTLS(self) }

    /// For one connection. That the client has its certificate's key is checked by the handshake itself in either case.
    func handler(_ configuration: NIOSSLHandler.Configuration) -> NIOSSLServerHandler {
        guard takesUnverifiedCertificates else {
            return NIOSSLServerHandler(context: context, configuration: configuration)
        }
        return NIOSSLServerHandler(
            context: context, configuration: configuration,
            customVerificationCallbackWithMetadata: { _, promise in promise.succeed(.certificateVerified(.init(nil))) })
    }

    /// For TLS 1.2: forward secrecy and AEAD only (BCP 195, RFC 9325 §4.2).
    static let tls12CipherSuites = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
    ].joined(separator: ":")
}

/// A certificate chain and key, read and parsed once.
private struct LoadedPair: Sendable {
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey
    let names: [String]

    init(_ files: ServerTLSFiles.Pair) throws(TLSSetupError) {
        chain = try TLSFiles.certificates(files.chain)
        key = try TLSFiles.privateKey(files.key)
        do {
            names = try CertificateFacts(der: try chain[0].toDERBytes()).dnsNames.map { $0.lowercased() }
        } catch {
            throw TLSSetupError(description: "\(files.chain): not a certificate that can be read: \(error)")
        }
    }
}

/// Which certificate serves which name: an exact DNS name first, then a wildcard for one label.
private struct ServerNames: Sendable {
    private var indices: [String: Int] = [:]

    init(_ namesOfPairs: [[String]]) {
        for (index, names) in namesOfPairs.enumerated() {
            for name in names where indices[name] == nil { indices[name] = index }
        }
    }

    func index(for name: String) -> Int {
        if let exact = indices[name] { return exact }
        guard let dot = name.firstIndex(of: ".") else { return 0 }
        return indices["*" + name[dot...]] ?? 0
    }
}
