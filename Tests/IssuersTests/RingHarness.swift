import HTTP
import JOSE
import JSON

@testable import Issuers

let second: Int64 = 1_000_000_000

/// A public key as an issuer publishes it.
struct PublishedKey {
    let kid: String
    let jwk: JSON

    init(_ kid: String) throws {
        self.kid = kid
        var members = try SigningKey.generate(.es256).publicJWK.object ?? [:]
        members["kid"] = .string(kid)
        jwk = .object(members)
    }
}

func keySet(_ keys: [JSON]) -> [UInt8] {
    let document: JSON = ["keys": .array(keys)]
    return document.serialized()
}

func url(_ text: String) -> AbsoluteURL {
    guard let url = AbsoluteURL(text) else { fatalError("\(text) is no URL") }
    return url
}

/// A ring and somebody who drives it: time and answers are given, nothing is fetched.
struct RingHarness {
    static let keySetPlace = url("https://login.example/jwks")
    static let identifier = "https://login.example"

    var ring: KeyRing
    var now: Int64 = 1_000 * second
    var random: UInt64 = 1 << 63
    /// Fetches that the ring asked for and that have not ended.
    private(set) var fetches: [KeyRing.Fetch] = []
    private(set) var fetchCount = 0
    private(set) var notes: [KeyRingNote] = []
    private(set) var settled = 0

    init(
        _ source: KeySource = KeySource(identifier: identifier, place: .keySet(keySetPlace)),
        bounds: KeyRingBounds = KeyRingBounds()
    ) {
        ring = KeyRing(source, bounds: bounds)
    }

    static func discovering(_ identifier: String = identifier, hosts: [String] = [], plaintext: Bool = false)
        -> RingHarness
    {
        RingHarness(
            KeySource(
                identifier: identifier, place: .metadata(MetadataLocation.urls(ofIssuer: identifier)),
                keySetHosts: hosts,
                allowsPlaintextLoopback: plaintext))
    }

    mutating func perform(_ commands: [KeyRing.Command]) {
        for command in commands {
            switch command {
            case .fetch(let fetch):
                fetches.append(fetch)
                fetchCount += 1
            case .settled: settled += 1
            case .note(let note): notes.append(note)
            }
        }
    }

    mutating func wake() { perform(ring.woke(now: now, random: random)) }

    /// Lets time pass, in steps no longer than the ring asks for.
    mutating func pass(_ seconds: Int64) {
        let end = now + seconds * second
        while ring.wakeAt <= end, ring.wakeAt > now {
            now = ring.wakeAt
            wake()
            if !fetches.isEmpty { break }
        }
        if fetches.isEmpty { now = end }
    }

    mutating func want(_ kid: String?) -> KeyRing.Answer {
        let (answer, commands) = ring.wanted(kid: kid, now: now, random: random)
        perform(commands)
        return answer
    }

    mutating func finish(_ result: Result<OutgoingAnswer, KeyFetchFailure>) {
        guard !fetches.isEmpty else { fatalError("nothing is being fetched") }
        perform(ring.finished(fetches.removeFirst().number, result, now: now, random: random))
    }

    mutating func bring(_ keys: [PublishedKey], cacheControl: String? = nil, age: String? = nil) {
        finish(
            .success(OutgoingAnswer(status: 200, cacheControl: cacheControl, age: age, body: keySet(keys.map(\.jwk)))))
    }

    mutating func bringMetadata(issuer: String = identifier, jwks: String? = keySetPlace.description) {
        var document: JSONObject = ["issuer": .string(issuer), "token_endpoint": "https://login.example/token"]
        if let jwks { document["jwks_uri"] = .string(jwks) }
        finish(.success(OutgoingAnswer(status: 200, body: JSON.object(document).serialized())))
    }

    var status: KeyRingStatus { ring.status(now: now) }
    var kids: [String] { ring.keys?.set.keys.compactMap(\.kid) ?? [] }
}
