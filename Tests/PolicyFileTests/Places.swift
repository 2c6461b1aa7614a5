import Foundation
import Policy

@testable import PolicyFile

/// Where things lie, from this file's own place.
enum Places {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func bytes(_ path: String) throws -> [UInt8] {
        try Array(Data(contentsOf: root.appendingPathComponent(path)))
    }

    static func text(_ path: String) throws -> String {
        String(decoding: try bytes(path), as: UTF8.self)
    }
}

/// A policy with nothing special in it; a test adds what it is about.
enum Sample {
    static let top = """
        version: 1
        listeners:
          - address: 127.0.0.1:8443
            tls: {certificates: [{chain: certs/gateway.pem, key: certs/gateway.key}]}
        upstreams:
          orders:
            endpoints: [https://127.0.0.1:9443]
            tls: {authorities: certs/upstream-ca.pem, identity: spiffe://example.org/orders}

        """
    static let routes = """
        routes:
          - {id: all, match: {path: "/{rest...}"}, public: true, upstream: orders}

        """

    static func read(_ text: String, path: String = "routes.yaml") -> PolicyReading {
        PolicyReader(files: StubPolicyFiles()).read(Array(text.utf8), path: path)
    }
}
