import Foundation
import Glibc
import X509

/// `portcullis certs init`: all certificates and keys that `routes.yaml` at the top level names, for development.
///
/// Keys have mode 0600 from their first moment. What is still valid stays, and a second call says so; what has expired
/// is renewed for the key that is there; certificates that somebody else issued are never touched. Two calls at once
/// wait for each other.
package struct DevelopmentCertificates: Sendable {
    /// The host names in the gateway's certificate unless others are asked for: those that `routes.yaml` uses.
    package static let hostNamesDefault = ["localhost", "api.localhost", "api.example.com"]
    /// Its IP addresses unless others are asked for: this machine.
    package static let ipAddressesDefault = ["127.0.0.1", "::1"]

    private let folder: String
    private let hostNames: [String]
    private let ipAddresses: [String]
    private let services: [String]

    /// The names are those of the gateway itself; the authority behind them is constrained to the host names. Names that a
    /// certificate of before has stay in it.
    /// - Parameter services: besides `orders` and `payments`, each with `NAME.pem` as `spiffe://example.org/NAME`; what
    ///   `isServiceName` says is one.
    package init(
        folder: String, hostNames: [String] = hostNamesDefault, ipAddresses: [String] = ipAddressesDefault,
        services: [String] = []
    ) {
        self.services = services
        self.folder = folder
        self.hostNames = hostNames
        self.ipAddresses = ipAddresses
    }

    /// Makes what is missing or no longer good (`now`: seconds since 1970). `force` makes everything anew, keys too,
    /// except for what somebody else issued.
    package func make(now: Int64, force: Bool = false) throws -> [DevelopmentFile] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else { throw NewFileError(path: folder, doing: "lock", code: errno) }
        defer { close(lock) }
        var files: [DevelopmentFile] = []
        let (hosts, addresses) = try namesOfGateway()
        let services = try self.services + servicesThere()
        for hierarchy in DevelopmentHierarchy.all(hostNames: hosts, ipAddresses: addresses, services: services) {
            files += try make(hierarchy, now: now, force: force)
        }
        files += try PartnerKeys(folder: folder).make(force: force)
        return files
    }

    /// Services that were asked for before: their certificates are renewed with the others, and with their authority.
    private func servicesThere() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter { $0.hasSuffix(".pem") }
            .map { String($0.dropLast(4)) }
            .filter { name in
                guard Self.isServiceName(name), let there = try? PairOnDisk(folder: folder, name: name) else {
                    return false
                }
                return !there.isForeign && there.facts?.uris == ["spiffe://example.org/\(name)"]
            }
    }

    /// Those asked for, and those that its certificate has already.
    private func namesOfGateway() throws -> ([String], [String]) {
        let there = try PairOnDisk(folder: folder, name: "gateway")
        guard !there.isForeign, let facts = there.facts else { return (hostNames, ipAddresses) }
        return (
            hostNames + facts.dnsNames.filter { !hostNames.contains($0) },
            ipAddresses + facts.ipAddresses.filter { !ipAddresses.contains($0) }
        )
    }

    private func make(_ hierarchy: DevelopmentHierarchy, now: Int64, force: Bool) throws -> [DevelopmentFile] {
        let there = try PairOnDisk(folder: folder, name: hierarchy.name)
        let leaves = try hierarchy.leaves.map { ($0, try PairOnDisk(folder: folder, name: $0.name)) }
        if there.isForeign {
            let why = "somebody else's authority; nothing is issued under it"
            return ([hierarchy.name] + hierarchy.leaves.map(\.name)).map {
                DevelopmentFile(name: "\($0).pem", outcome: .leftAlone(why))
            }
        }
        var fault = force ? "--force" : there.fault(now: now) ?? constraintFault(of: there, hierarchy)
        if fault == nil, there.keyPEM == nil {
            // Without its key an authority is still good for verifying, until it would have to issue.
            let mustIssue = leaves.contains { leaf, pair in
                !pair.isForeign && self.fault(of: pair, leaf, authority: there.certificate, now: now) != nil
            }
            if mustIssue { fault = "its key is missing" }
        }

        var files: [DevelopmentFile] = []
        var authority: DevelopmentAuthority?
        var authorityCertificate = there.certificate
        if let fault {
            let made = try DevelopmentAuthority.create(
                commonName: hierarchy.commonName, validity: .days(DevelopmentAuthority.authorityDays, from: now),
                permittedDNSNames: hierarchy.permittedDNSNames, keyPEM: there.keyToKeep(force: force))
            files += try write(
                IssuedCertificate(certificatePEM: made.certificatePEM, keyPEM: made.keyPEM), hierarchy.name,
                over: there, fault, force: force)
            authority = made
            authorityCertificate = made.certificate
        } else {
            files.append(DevelopmentFile(name: "\(hierarchy.name).pem", outcome: .kept(until: there.facts?.notAfter)))
            if let certificate = there.certificate, let keyPEM = there.keyPEM {
                authority = try DevelopmentAuthority(certificatePEM: PEMText.certificate(certificate), keyPEM: keyPEM)
            }
        }
        for (leaf, pair) in leaves {
            files += try make(leaf, pair, authority, authorityCertificate, now: now, force: force)
        }
        return files
    }

    private func make(
        _ leaf: DevelopmentLeaf, _ there: PairOnDisk, _ authority: DevelopmentAuthority?,
        _ authorityCertificate: Certificate?, now: Int64,
        force: Bool
    ) throws -> [DevelopmentFile] {
        if there.isForeign {
            return [DevelopmentFile(name: "\(leaf.name).pem", outcome: .leftAlone("somebody else issued it"))]
        }
        guard let fault = force ? "--force" : fault(of: there, leaf, authority: authorityCertificate, now: now),
            let authority
        else {
            return [DevelopmentFile(name: "\(leaf.name).pem", outcome: .kept(until: there.facts?.notAfter))]
        }
        let issued = try leaf.issue(
            by: authority, validity: .days(DevelopmentAuthority.leafDays, from: now),
            keyPEM: there.keyToKeep(force: force))
        return try write(issued, leaf.name, over: there, fault, force: force)
    }

    private func fault(of there: PairOnDisk, _ leaf: DevelopmentLeaf, authority: Certificate?, now: Int64) -> String? {
        if let fault = there.fault(now: now) { return fault }
        guard let certificate = there.certificate, let facts = there.facts, let authority, there.keyPEM != nil else {
            return "its key is missing"
        }
        if !DevelopmentAuthority.hasIssued(certificate, by: authority) { return "its authority is new" }
        return leaf.isCovered(by: facts) ? nil : "it lacks a name"
    }

    /// An authority that is constrained to other names than those asked for now cannot vouch for them.
    private func constraintFault(of there: PairOnDisk, _ hierarchy: DevelopmentHierarchy) -> String? {
        guard let certificate = there.certificate, !hierarchy.permittedDNSNames.isEmpty else { return nil }
        let permitted = try? certificate.extensions.nameConstraints?.permittedDNSDomains
        return Set(hierarchy.permittedDNSNames).isSubset(of: Set(permitted ?? []))
            ? nil : "it may not vouch for the names asked for"
    }

    /// The key first: a certificate without its key helps nobody, the other way round is mended by the next call.
    private func write(
        _ pair: IssuedCertificate, _ name: String, over there: PairOnDisk, _ fault: String, force: Bool
    ) throws -> [DevelopmentFile] {
        if there.keyToKeep(force: force) == nil {
            try NewFile.write(pair.keyPEM, to: there.keyPath, mode: NewFile.privateMode, replacing: there.keyPEM != nil)
        }
        try NewFile.write(
            pair.certificatePEM, to: there.certificatePath, mode: NewFile.publicMode,
            replacing: there.certificate != nil)
        return [DevelopmentFile(name: "\(name).pem", outcome: there.isEmpty ? .created : .renewed(fault))]
    }
}

/// Why `portcullis certs init` stopped.
package struct DevelopmentCertificatesError: Error, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
