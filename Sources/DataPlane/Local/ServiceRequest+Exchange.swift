import HTTP
import Transport

extension ServiceRequest {
    private static func query(_ head: borrowing RequestHead) -> String? {
        guard let query = head.query else { return nil }
        return head.text(query)
    }

    /// The request of an exchange, as a service inside the process reads it.
    /// - Parameter certificateCounts: the client's certificate, if it showed one, is still valid.
    init(_ head: borrowing RequestHead, body: [UInt8], peer: Peer, isTLS: Bool, certificateCounts: Bool) {
        var fields: [ServiceRequest.Field] = []
        for index in 0..<head.fieldCount {
            let field = head.field(index)
            fields.append((head.text(field.name).lowercased(), head.text(field.value)))
        }
        let der = peer.tls?.clientCertificateDER
        let isVerified = peer.tls?.clientCertificate != nil
        self.init(
            method: head.text(head.methodText), path: head.text(head.path), query: Self.query(head),
            host: head.text(head.host), fields: fields, body: body, clientAddress: peer.address, isTLS: isTLS,
            clientCertificateDER: certificateCounts && isVerified ? der : nil)
        unverifiedCertificateDER = certificateCounts && !isVerified ? der : nil
        port = head.port
    }
}
