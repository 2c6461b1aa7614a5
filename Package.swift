// swift-tools-version: 6.2
import PackageDescription

// A module is a target. What a module may import is its `dependencies` below and nothing else; scripts/architecture
// compares every `import` in Sources/ with this file. ARCHITECTURE.md says what each module is for.

// Tests look into modules (`@testable`), in release builds too, since those are what is tested. What ships is built with
// PORTCULLIS_SHIP=1 (scripts/ship), without it.
let testable: [SwiftSetting] =
    Context.environment["PORTCULLIS_SHIP"] == nil ? [.unsafeFlags(["-enable-testing"])] : []

// For --version; nothing but hexadecimal digits. Empty: not known.
let commit = String((Context.environment["PORTCULLIS_COMMIT"] ?? "").filter(\.isHexDigit).prefix(12))

let strict: [SwiftSetting] =
    [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + testable

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A module that decides: time, randomness, keys and stores come in as arguments. It reads no clock, starts no task and
/// imports nothing of the system; scripts/architecture finds these modules by the name that is defined here.
func deciding(_ name: String, _ dependencies: [Target.Dependency] = [], _ more: [SwiftSetting] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict + more + [.define("DECIDES")])
}

/// For a module of small functions that others call for each octet. `@inlinable package` by itself changes nothing in other
/// modules (Swift 6.3: only `public` functions are inlined there); with this they are, as `nm` shows.
let inlinedElsewhere: [SwiftSetting] = [.unsafeFlags(["-enable-cmo-everything"], .when(configuration: .release))]

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "portcullis",
    products: [
        .executable(name: "portcullis", targets: ["portcullis"]),
        .executable(name: "portcullis-demo", targets: ["portcullis-demo"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // Level 0: values and rules that know nothing of each other.
        deciding("Octets", [], inlinedElsewhere),
        deciding("JSON", ["Octets"]),
        deciding("HTTP", ["Octets"]),
        deciding("Texts"),
        deciding("JOSE", ["Octets", "JSON", crypto, cryptoExtras]),
        module("Audit", ["JSON", crypto]),
        module("Certificates", ["Octets", crypto, x509, asn1]),
        // Level 1
        module("Transport", ["Octets", "HTTP", "Certificates", nioTLS] + nio),
        deciding("Policy", ["Octets", "HTTP", "JOSE", "Texts"]),
        deciding("Issuers", ["Octets", "HTTP", "JSON", "JOSE", crypto]),
        deciding("Proof", ["Octets", "HTTP", "JSON", "JOSE", crypto]),
        deciding("Authenticators", ["Octets", "JSON", "JOSE", crypto]),
        deciding("AuthorizationRecords", ["Octets", "HTTP", "JSON", "JOSE", crypto]),
        // Level 2
        module("Outgoing", ["Octets", "HTTP", "Transport", httpClient, nioHTTP1, nioTLS] + nio),
        deciding("PolicyFile", ["Octets", "HTTP", "JOSE", "Texts", "Policy", yams]),
        deciding("Admission", ["Octets", "HTTP", "JSON", "JOSE", "Policy", "Proof", crypto]),
        module("Storage", ["JSON", "JOSE", "Policy", "AuthorizationRecords", grdb]),
        deciding(
            "LogIn",
            [
                "Octets", "HTTP", "JSON", "JOSE", "Texts", "Policy", "Proof", "Authenticators", "AuthorizationRecords",
                crypto,
                cryptoExtras, mustache,
            ]),
        // Level 3
        deciding(
            "AuthorizationServer",
            [
                "Octets", "HTTP", "JSON", "JOSE", "Texts", "Policy", "Proof", "Certificates", "AuthorizationRecords",
                "LogIn", crypto,
            ]),
        // Level 4: what operators change; the path of a request.
        deciding(
            "Administration",
            ["Octets", "HTTP", "JSON", "JOSE", "Policy", "AuthorizationRecords", "LogIn", "AuthorizationServer"]),
        module(
            "DataPlane",
            ["Octets", "HTTP", "JSON", "JOSE", "Audit", "Certificates", "Transport", "Policy", "Issuers", "Admission"]),
        // Level 5: joins the modules.
        module(
            "Gateway",
            [
                "Octets", "HTTP", "JSON", "JOSE", "Audit", "Certificates", "Transport", "Outgoing", "Policy",
                "PolicyFile",
                "Issuers", "Admission", "AuthorizationRecords", "LogIn", "AuthorizationServer", "Administration",
                "Storage", "DataPlane", "CCommit", crypto, logging, lifecycle, unixSignals,
            ]),
        // Level 6: what operators do, as functions; below both programs.
        module(
            "OperatorTools",
            [
                "Octets", "HTTP", "JSON", "JOSE", "Audit", "Policy", "PolicyFile", "Transport", "Outgoing", "Admission",
                "AuthorizationRecords", "Storage", "LogIn", "AuthorizationServer", "Administration", "Gateway", crypto,
            ]),
        // Which commit the program was built from, for --version, metrics and the log: scripts/build and scripts/ship say it in the environment.
        .target(
            name: "CCommit", path: "Sources/CCommit",
            cSettings: commit.isEmpty ? [] : [.define("PORTCULLIS_COMMIT", to: "\"\(commit)\"")]),
        // Level 7: the command line; and the demonstration, which does not ship.
        .executableTarget(
            name: "portcullis",
            dependencies: [
                "Gateway", "OperatorTools", "JSON", "JOSE", "Policy", "PolicyFile", "Certificates", arguments,
                logging, lifecycle, unixSignals,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "portcullis-demo",
            dependencies: [
                "HTTP", "JSON", "Gateway", "OperatorTools", "Transport", "Certificates", "Policy", "PolicyFile",
                arguments, logging, unixSignals,
            ],
            swiftSettings: strict),

        // The test kit: its client and servers speak TLS through OpenSSL and HTTP through libcurl, so that the two
        // ends of a test never share an implementation.
        .systemLibrary(
            name: "CLibCURL", path: "Sources/CLibCURL", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "COpenSSL", path: "Sources/COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        // The authorization server on a store in memory, for the tests of its four modules.
        module(
            "AuthorizationTesting",
            [
                "Administration", "AuthorizationServer", "LogIn", "AuthorizationRecords", "Authenticators",
                "Certificates", "Octets", "HTTP", "JSON", "JOSE", "Policy", crypto,
            ]),
        module("GatewayTesting", ["JSON", "Gateway", "CLibCURL", "COpenSSL", logging]),

        // Micro-benchmarks of the steps of the request pipeline: bench/micro.
        .target(name: "CAllocationCount", path: "Benchmarks/CAllocationCount"),
        .executableTarget(
            name: "micro",
            dependencies: [
                "CAllocationCount", "Octets", "HTTP", "JSON", "JOSE", "Policy", "Admission", "Audit", crypto,
                cryptoExtras,
            ],
            path: "Benchmarks/Micro", swiftSettings: strict),

        tests("ArchitectureTests", []),
        tests("OctetsTests", ["Octets"]),
        tests("JSONTests", ["JSON"]),
        tests("HTTPTests", ["HTTP"]),
        tests("JOSETests", ["JOSE", "Octets", "JSON", crypto, cryptoExtras]),
        tests("AuditTests", ["Audit", "JSON"]),
        tests(
            "AuthenticatorsTests", ["Authenticators", "AuthorizationTesting", "Octets", "JSON", "JOSE", crypto]),
        tests("CertificatesTests", ["Certificates", x509, asn1]),
        tests("TextsTests", ["Texts"]),
        tests("PolicyTests", ["Policy"]),
        .testTarget(
            name: "PolicyFileTests", dependencies: ["Policy", "PolicyFile", "HTTP", "JOSE", "Texts"],
            exclude: ["Golden"],
            swiftSettings: strict),
        tests("IssuersTests", ["Issuers", "HTTP", "JSON", "JOSE"]),
        tests("AdmissionTests", ["Admission", "Octets", "Policy", "Proof", "JOSE", "JSON", "HTTP", crypto]),
        tests(
            "AuthorizationRecordsTests",
            ["AuthorizationRecords", "AuthorizationTesting", "Administration", "JOSE", "JSON"]),
        tests(
            "LogInTests",
            [
                "LogIn", "AuthorizationRecords", "AuthorizationTesting", "Authenticators", "Administration", "Octets",
                "HTTP", "JSON", "JOSE", "Policy", "Proof", "Texts",
            ]),
        tests(
            "AuthorizationServerTests",
            [
                "AuthorizationServer", "AuthorizationRecords", "LogIn", "AuthorizationTesting", "Certificates",
                "Octets", "JOSE", "JSON", "HTTP", "Policy", "Proof", crypto,
            ]),
        tests(
            "AdministrationTests",
            [
                "Administration", "AuthorizationServer", "AuthorizationRecords", "LogIn", "AuthorizationTesting",
                "HTTP", "JSON", "JOSE", "Policy",
            ]),
        tests(
            "TransportTests",
            [
                "Transport", "HTTP", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        tests(
            "ControlPlaneTests",
            [
                "Gateway", "GatewayTesting", "DataPlane", "Admission", "AuthorizationRecords", "AuthorizationServer",
                "Issuers", "JOSE",
                "JSON", "HTTP", "LogIn", "Octets", "Outgoing", "Policy", logging,
            ]),
        tests(
            "DataPlaneTests",
            [
                "Gateway", "GatewayTesting", "DataPlane", "Octets", "HTTP", "JSON", "JOSE", "Transport", "Outgoing",
                "Certificates",
            ]),
        tests(
            "GatewayTests",
            [
                "Gateway", "GatewayTesting", "HTTP", "JSON", "JOSE", "Audit", "Policy", "PolicyFile", "Admission",
                "Certificates", "AuthorizationRecords", "LogIn", "AuthorizationServer", "AuthorizationTesting",
                "OperatorTools", "Storage", grdb, logging,
            ]),
        tests(
            "StorageTests",
            [
                "Storage", "Gateway", "GatewayTesting", "JSON", "JOSE", "Policy", "Admission", "Administration",
                "AuthorizationRecords", "AuthorizationServer", "AuthorizationTesting", "OperatorTools", grdb, logging,
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// While you work on one module, PORTCULLIS_TESTS=HTTPTests,JSONTests builds these test targets and no others.
if let wanted = Context.environment["PORTCULLIS_TESTS"]?.split(separator: ",") {
    package.targets.removeAll { target in target.type == .test && !wanted.contains { $0 == target.name } }
}
