import Admission
import Audit
import Certificates
import Glibc
import Policy
import Transport

/// What a connection contributes to each of its requests: made once, when it opens.
final class ConnectionFacts: ConnectionDelegate {
    let loop: GatewayLoop
    private let shown: PeerFacts
    /// The same without a certificate.
    private let unknown: PeerFacts
    private let tls: Peer.TLSFacts?
    let fields: ConnectionFields
    /// The server name of the TLS handshake, lower-case, without a trailing dot.
    let serverName: [UInt8]?
    let isTLS: Bool
    /// Its listener is one that only this machine can reach.
    let isFromThisMachine: Bool
    /// As whom its refusals are counted.
    let sender: AuditSender
    /// What each of its records says of the connection.
    let record: AuditFragment

    init(_ peer: Peer, on loop: GatewayLoop) {
        self.loop = loop
        let shown =
            peer.tls?.clientCertificate.map { facts in
                Digest256(facts.sha256).map { thumbprint in
                    ClientCertificate(
                        identity: facts.identity, uris: facts.uris, dnsNames: facts.dnsNames, thumbprint: thumbprint)
                }
            } ?? nil
        // The same as of a verified one: who holds it is all that it says.
        let held = shown?.thumbprint ?? peer.tls?.unverifiedCertificate.flatMap { Digest256($0.sha256) }
        tls = peer.tls
        let address = ClientAddress(text: peer.address)
        let addressText = AuditText(peer.address)
        sender = AuditSender(key: address.counted, address: addressText)
        self.shown = PeerFacts(address: address, certificate: shown, held: held, isTLS: peer.tls != nil)
        unknown = PeerFacts(address: address, certificate: nil, isTLS: peer.tls != nil)
        isTLS = peer.tls != nil
        isFromThisMachine = Listener.isForThisMachine(peer.listenerHost)
        fields = ConnectionFields(address: peer.address, isTLS: isTLS)
        serverName = peer.tls?.serverName.map { name in Array(name.utf8.reversed().drop { $0 == 0x2E }.reversed()) }
        let instance = loop.ledgers.audit.instance
        let listenerHost = peer.listenerHost.contains(":") ? "[\(peer.listenerHost)]" : peer.listenerHost
        record = AuditFragment { record in
            if let instance { record.add(.instance, instance) }
            record.add(.listener, AuditText("\(listenerHost):\(peer.localPort)"))
            record.add(.clientAddress, addressText)
            record.add(.clientPort, peer.port)
            if let version = peer.tls?.version { record.add(.tlsVersion, AuditText(version)) }
            if let name = peer.tls?.serverName { record.add(.serverName, AuditText(name)) }
            if let shown { record.add(.clientCertificate, AuditText(shown.identity)) }
        }
    }

    /// What is known of the client now: a certificate that has expired, or whose authority is not trusted any more, is
    /// none, on every request.
    var peer: PeerFacts { certificateHasEnded ? unknown : shown }

    /// A certificate was shown, and does not count any more.
    var certificateHasEnded: Bool {
        guard let tls, shown.heldThumbprint != nil else { return false }
        return !tls.certificateCounts(unixSeconds: loop.transport.unixSeconds)
    }

    /// Why the certificate that was shown does not count any more, where a request was refused for want of one.
    func certificateFault(for code: RefusalCode) -> Difference? {
        guard code == .certificateRequired || code == .wrongCertificate, certificateHasEnded,
            let facts = tls?.clientCertificate
        else { return nil }
        let now = loop.transport.unixSeconds
        let found =
            if facts.notAfter < now {
                "expired: notAfter \(facts.notAfter)"
            } else if facts.notBefore > now {
                "not yet valid: notBefore \(facts.notBefore)"
            } else { "authority not trusted any more" }
        return Difference(found: found, expected: "valid at \(now)")
    }

    func makeDelegate(for exchange: Exchange) -> any ExchangeDelegate {
        RequestPipeline(exchange: exchange, connection: self)
    }
}

extension ClientAddress {
    /// An IP address in text. What is none (a socket without an address) counts as one address of its own.
    init(text: String) {
        self = Self.parsed(text, AF_INET, count: 4) ?? Self.parsed(text, AF_INET6, count: 16) ?? Self.unknown
    }

    private static func parsed(_ text: String, _ family: Int32, count: Int) -> ClientAddress? {
        var octets = [UInt8](repeating: 0, count: count)
        return inet_pton(family, text, &octets) == 1 ? ClientAddress(octets: octets) : nil
    }
}
