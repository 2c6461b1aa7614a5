import Foundation
import Testing

/// What each room may import, beside itself: the table of ARCHITECTURE.md. `Package.swift` lets a target link what it
/// depends on; this test sees to it that the sources say no more than the table, and that no room reaches for
/// something that it must not know.
private let allowed: [String: Set<String>] = [
    "JSON": [],
    "HTTP": [],
    "JOSE": ["JSON", "Crypto", "CryptoExtras"],
    "Audit": ["JSON", "Crypto", "Synchronization", "Glibc"],
    "Certificates": ["Crypto", "CryptoExtras", "X509", "SwiftASN1", "Foundation", "Glibc", "JSON"],
    "Transport": [
        "HTTP", "Certificates", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOTLS", "NIOSSL", "AsyncHTTPClient",
        "Synchronization", "Glibc",
    ],
    "Policy": ["HTTP", "JOSE", "JSON", "Yams", "Foundation", "Crypto"],
    "Issuers": ["HTTP", "JSON", "JOSE", "Crypto"],
    "Proof": ["HTTP", "JSON", "JOSE", "Crypto"],
    "Admission": ["HTTP", "JSON", "JOSE", "Policy", "Proof", "Crypto", "Synchronization"],
    "AuthorizationServer": [
        "HTTP", "JSON", "JOSE", "Policy", "Proof", "Certificates", "Crypto", "CryptoExtras", "Mustache",
        "Synchronization",
    ],
    "Admin": ["HTTP", "JSON", "JOSE", "AuthorizationServer"],
    "Gateway": [
        "HTTP", "JSON", "JOSE", "Audit", "Certificates", "Transport", "Policy", "Issuers", "Admission",
        "AuthorizationServer", "Admin",
        "Crypto", "GRDB", "Logging", "ServiceLifecycle", "UnixSignals", "Foundation", "CoreFoundation",
        "Synchronization", "Glibc",
    ],
    "Demo": ["HTTP", "JSON", "Gateway", "Transport", "Certificates", "Policy", "Logging", "Foundation", "Glibc"],
    "portcullis": [
        "Gateway", "Policy", "Certificates", "Demo", "ArgumentParser", "Logging", "Foundation", "JSON", "JOSE", "HTTP",
        "ServiceLifecycle", "UnixSignals", "Glibc",
    ],
]

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

private func sources(of room: String) -> [URL] {
    let folder = root.appending(path: "Sources/\(room)")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
}

private func imports(of file: URL) throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
        let words = line.split(separator: " ").map(String.init)
        guard let at = words.firstIndex(of: "import"), at <= 2, words.count > at + 1,
            words[..<at].allSatisfy({
                ["package", "internal", "private", "fileprivate", "@preconcurrency"].contains($0)
            })
        else { return nil }
        // `import struct Foundation.Data` names the module behind the kind.
        let kinds: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        let module = kinds.contains(words[at + 1]) && words.count > at + 2 ? words[at + 2] : words[at + 1]
        return module.split(separator: ".").first.map(String.init)
    }
}

@Test("each room imports only what the floor plan allows", arguments: allowed.keys.sorted())
func roomsKeepToTheFloorPlan(room: String) throws {
    let files = sources(of: room)
    #expect(!files.isEmpty, "no sources found for \(room)")
    for file in files {
        for module in try imports(of: file) {
            #expect(
                allowed[room]?.contains(module) == true,
                "\(file.lastPathComponent) of \(room) imports \(module), which the floor plan does not allow")
        }
    }
}

@Test("nothing is public: this ships a program, not a library")
func nothingIsPublic() throws {
    for room in allowed.keys {
        for file in sources(of: room) {
            let text = try String(contentsOf: file, encoding: .utf8)
            for line in text.split(separator: "\n") {
                let code = line.trimmingCharacters(in: .whitespaces)
                let isOpen = ["class", "func", "var"].contains { code.hasPrefix("open \($0) ") }
                #expect(!code.hasPrefix("public ") && !isOpen, "\(file.lastPathComponent): \(code)")
            }
        }
    }
}

@Test("the deciding rooms read no clock and hold no rules about sockets")
func decidingRoomsArePure() throws {
    let forbidden = ["clock_gettime", "Date()", "ContinuousClock", "SuspendingClock", "Task {", "Task.detached"]
    for room in ["HTTP", "JSON", "JOSE", "Policy", "Issuers", "Proof", "Admission"] {
        for file in sources(of: room) {
            let text = try String(contentsOf: file, encoding: .utf8)
            for word in forbidden { #expect(!text.contains(word), "\(file.lastPathComponent) uses \(word)") }
        }
    }
}
