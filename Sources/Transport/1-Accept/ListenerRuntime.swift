import Certificates
import HTTP
import NIOCore
import NIOSSL
import Synchronization

/// What a listener needs for each connection: its TLS context, which a reload replaces, and its counts.
final class ListenerRuntime: Sendable {
    let name: String
    /// As it was opened with.
    let host: String
    let isTLS: Bool
    /// As `ListenerSettings` has it.
    let tag: Int?
    let headLimits: HeadLimits
    private let connectionsMax: Int
    private let perAddressMax: Int
    private let security: Mutex<Security?>
    private let counts = Mutex(Counts())
    private let closing = Atomic<Bool>(false)

    /// Connections that open from now on take one request.
    func beginClosing() { closing.store(true, ordering: .relaxed) }
    var isClosing: Bool { closing.load(ordering: .relaxed) }

    /// What a new connection gets.
    struct Security: Sendable {
        let tls: ServerTLS
        let trust: ClientTrust
    }

    private struct Counts {
        var open = 0
        var byAddress: [String: Int] = [:]
    }

    init(
        name: String, host: String, tls: ServerTLS?, headLimits: HeadLimits, connectionsMax: Int, perAddressMax: Int,
        tag: Int? = nil
    ) {
        self.tag = tag
        self.name = name
        self.host = host
        self.isTLS = tls != nil
        self.headLimits = headLimits
        self.connectionsMax = connectionsMax
        self.perAddressMax = perAddressMax
        security = Mutex(tls.map { Security(tls: $0, trust: ClientTrust()) })
    }

    var currentSecurity: Security? { security.withLock { $0 } }

    /// New handshakes use it; connections that are open keep what they have, but for the trust in certificates if an
    /// authority is not there any more.
    func replaceTLS(_ new: ServerTLS) {
        security.withLock { current in
            guard let old = current else { return current = Security(tls: new, trust: ClientTrust()) }
            let isKept = old.tls.clientAuthorities.isSubset(of: new.clientAuthorities)
            if !isKept { old.trust.withdraw() }
            current = Security(tls: new, trust: isKept ? old.trust : ClientTrust())
        }
    }

    /// A handshake has brought a certificate that does not count: a session was resumed with it, since a whole handshake
    /// would have refused it. No session of that time is resumed any more; each client shows what it has.
    func endSessions(of used: ServerTLS) {
        security.withLock { current in
            guard let now = current, now.tls === used, let renewed = try? used.withoutSessions() else { return }
            current = Security(tls: renewed, trust: now.trust)
        }
    }

    var openConnections: Int { counts.withLock { $0.open } }

    /// False: too many are open already, in all or from this address.
    func connectionOpened(address: String) -> Bool {
        counts.withLock { counts in
            let ofAddress = counts.byAddress[address, default: 0]
            guard counts.open < connectionsMax, ofAddress < perAddressMax else { return false }
            counts.open += 1
            counts.byAddress[address] = ofAddress + 1
            return true
        }
    }

    func connectionClosed(address: String) {
        counts.withLock { counts in
            counts.open -= 1
            if let ofAddress = counts.byAddress[address], ofAddress > 1 {
                counts.byAddress[address] = ofAddress - 1
            } else {
                counts.byAddress[address] = nil
            }
        }
    }

    /// - Parameter security: as the handshake began with.
    func facts(
        of handler: NIOSSLServerHandler, serverName: String?, certificateIndex: Int, security: Security?
    ) -> Peer.TLSFacts {
        let der = handler.peerCertificate.flatMap { try? $0.toDERBytes() }
        let facts = der.flatMap { try? CertificateFacts(der: $0) }
        // Without it nothing says that the certificate was verified.
        let isVerified = security.map { !$0.tls.takesUnverifiedCertificates } ?? false
        return Peer.TLSFacts(
            version: handler.tlsVersion == .tlsv13 ? "1.3" : "1.2", serverName: serverName,
            certificateIndex: certificateIndex, clientCertificate: isVerified ? facts : nil,
            unverifiedCertificate: isVerified ? nil : facts,
            clientCertificateDER: facts == nil ? nil : der,
            trust: facts == nil ? nil : security?.trust)
    }
}
