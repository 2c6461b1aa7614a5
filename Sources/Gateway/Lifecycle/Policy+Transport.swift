import Certificates
import HTTP
import Policy
import Transport

// The policy's values in the transport's words: the transport knows nothing of policies.

extension CertificateFiles {
    var transport: ServerTLSFiles.Pair { ServerTLSFiles.Pair(chain: chain, key: key) }
}

extension Listener {
    var name: String { "\(host):\(port)" }

    var tlsFiles: ServerTLSFiles? {
        tls.map { tls in
            var files = ServerTLSFiles(
                certificates: tls.certificates.map(\.transport), clientAuthorities: tls.clientAuthorities,
                minimumTLS13: tls.minimumVersion == .tls13)
            files.takesUnverifiedCertificates = tls.takesUnverifiedCertificates
            return files
        }
    }

    func settings(_ bounds: Bounds) -> ListenerSettings {
        ListenerSettings(
            name: name, host: host, port: port, tls: tlsFiles,
            headLimits: HeadLimits(headBytesMax: bounds.headBytesMax, fieldsMax: bounds.fieldsMax),
            connectionsMax: connectionsMax, connectionsPerAddressMax: connectionsPerAddressMax)
    }
}

extension MonitoringListener {
    var name: String { "\(host):\(port)" }

    /// - Parameter tag: its place among them.
    func settings(tag: Int) -> ListenerSettings {
        var settings = ListenerSettings(
            name: name, host: host, port: port, tls: nil,
            headLimits: HeadLimits(headBytesMax: Self.headBytesMax, fieldsMax: Self.fieldsMax),
            connectionsMax: Self.connectionsMax, connectionsPerAddressMax: Self.connectionsPerAddressMax)
        settings.tag = tag
        return settings
    }
}

extension UpstreamTLS {
    var transport: ClientTLSFiles {
        ClientTLSFiles(
            authorities: authorities, certificate: certificate?.transport, identity: identity?.peerIdentity,
            minimumTLS13: minimumVersion == .tls13)
    }
}

extension UpstreamIdentity {
    var peerIdentity: PeerIdentity {
        switch self {
        case .spiffe(let id): .spiffe(id)
        case .dns(let name): .dns(name)
        }
    }
}
