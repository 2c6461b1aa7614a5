@testable import Certificates

/// Reads the input as a certificate in DER, and as a subject's name in text.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: data, count: count))
    let text = String(decoding: octets, as: UTF8.self)
    if let name = SubjectName(text) {
        precondition(SubjectName(text) == name && !text.isEmpty)
    }
    if let address = IPAddressText.octets(text), let written = IPAddressText.text(address) {
        precondition(IPAddressText.octets(written) == address, "an address that was written reads as another")
    }
    _ = try? PEMCertificates(PEMFile(text: text))
    guard let facts = try? CertificateFacts(der: octets) else { return 0 }
    precondition((try? CertificateFacts(der: octets)) == facts, "a certificate reads in two ways")
    precondition((try? CertificateFacts(der: octets + [0])) == nil, "octets behind a certificate are passed over")
    precondition((try? CertificateFacts(der: Array(octets.dropLast()))) == nil, "a certificate cut short was read")
    precondition(facts.sha256.count == 32 && facts.publicKeySHA256.count == 32 && !facts.publicKeyInfo.isEmpty)
    precondition(!facts.identity.isEmpty)
    if let id = facts.spiffeID {
        precondition(facts.identity == id && PeerIdentity.spiffe(id).matches(facts))
    } else {
        precondition(!facts.identity.hasPrefix("spiffe:"), "something else poses as a SPIFFE ID")
    }
    for uri in facts.uris where facts.uris.count > 1 {
        precondition(!PeerIdentity.spiffe(uri).matches(facts), "one of several URIs counts as the SPIFFE ID")
    }
    for address in facts.ipAddresses where address != "invalid" { precondition(facts.hasIPAddress(address)) }
    if facts.dnsNames.isEmpty, let commonName = facts.subjectCommonName {
        precondition(!PeerIdentity.dns(commonName).matches(facts), "a common name counts")
    }
    return 0
}
