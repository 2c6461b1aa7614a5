import Foundation
import JSON
import Testing

@testable import Audit

@Suite("Audit records")
struct AuditRecordTests {
    /// Every field that is not secret, each in the form that the gateway uses.
    private static func fillAll(_ record: inout AuditRecord) {
        for field in AuditField.allCases where field.classification != .secret {
            record.add(field, AuditText("text of \(field.name)"))
        }
        for field in [AuditField.token, .refreshToken, .tokenPresented] {
            record.add(field, SecretDigestKey().digest([1, 2, 3]))
        }
    }

    @Test("a record is one line of JSON with its members in their order")
    func members() throws {
        let text = recordText { record in
            record.add(.requestID, plain: Array("0af7".utf8))
            record.add(.clientAddress, AuditText("192.0.2.1"))
            record.add(.method, clientText: Array("GET".utf8)[...])
            record.add(.decision, "allowed")
            record.add(.bytesIn, 0)
            record.add(.bytesOut, 1_024)
        }
        #expect(
            String(decoding: text, as: UTF8.self)
                == #"{"time":"2026-09-21T14:13:20.123Z","request_id":"0af7","client_address":"192.0.2.1","method":"GET","decision":"allowed","bytes_in":0,"bytes_out":1024}"#
                + "\n")
    }

    @Test("every field that is written is one that the table names and classes")
    func everyFieldIsClassed() throws {
        let record = try recordMembers(Self.fillAll)
        let names = Set(AuditField.allCases.map(\.name))
        #expect(names.count == AuditField.allCases.count)
        #expect(Set(record.names) == names)
        for field in AuditField.allCases { #expect(field.member.utf8CodeUnitCount == field.name.utf8.count + 4) }
    }

    @Test("a set of fields tells all fields apart that it has room for, and there are no more fields than that")
    func fieldSet() {
        #expect(AuditField.allCases.map(\.rawValue) == Array(0..<AuditField.allCases.count))
        #expect(AuditField.allCases.count <= AuditFieldSet.fieldsMax)
        for number in 0..<AuditFieldSet.fieldsMax {
            var set = AuditFieldSet()
            set.insert(number: number)
            #expect((0..<AuditFieldSet.fieldsMax).filter { set.contains(number: $0) } == [number])
        }
    }

    @Test("what points to a person or a machine is classed so, and tokens are secret")
    func classes() {
        let personal = AuditField.allCases.filter { $0.classification == .personal }
        #expect(
            Set(personal) == [
                .issuerClaimed, .found, .expected, .clientAddress, .clientPort, .clientCertificate, .path, .subject,
                .clientID, .target,
                .query,
                .userAgent,
            ])
        #expect(
            AuditField.allCases.filter { $0.classification == .secret } == [.token, .refreshToken, .tokenPresented])
    }

    @Test("a secret field is never written in clear, whatever it is given as")
    func secretsStayOut() throws {
        let record = try recordMembers { record in
            for field in AuditField.allCases where field.classification == .secret {
                record.add(field, AuditText("eyJhbGciOi"))
                record.add(field, clientText: Array("eyJhbGciOi".utf8)[...])
                record.add(field, plain: Array("eyJhbGciOi".utf8))
                record.add(field, "eyJhbGciOi")
                record.add(field, 7)
            }
        }
        #expect(record.names == ["time"])
        let fragment = AuditFragment { $0.add(.token, AuditText("eyJhbGciOi")) }
        #expect(fragment.octets.isEmpty)
    }

    @Test("a token stands in a record as a keyed hash: the same for the same token and key, another for any other")
    func tokenDigest() throws {
        let token = Array("eyJhbGciOiJFUzI1NiJ9.e30.AA".utf8)
        let key = SecretDigestKey(octets: [UInt8](repeating: 7, count: 32))
        func text(_ digest: SecretDigest) throws -> String {
            try #require(try recordMembers { $0.add(.token, digest) }["token"]?.string)
        }
        let digest = try text(key.digest(token))
        #expect(digest.count == 32)
        #expect(digest.allSatisfy { $0.isHexDigit })
        #expect(try text(key.digest(token)) == digest)
        #expect(try text(key.digest(token + [0])) != digest)
        #expect(try text(SecretDigestKey().digest(token)) != digest)
        #expect(try text(SecretDigestKey(octets: [UInt8](repeating: 8, count: 32)).digest(token)) != digest)
    }

    @Test("RFC 4231 test case 2: the hash is HMAC-SHA-256")
    func knownDigest() throws {
        let digest = SecretDigestKey(octets: Array("Jefe".utf8)).digest(Array("what do ya want for nothing?".utf8))
        #expect(try recordMembers { $0.add(.token, digest) }["token"] == "5bdcc146bf60754e6a042426089575c7")
    }

    @Test(
        "what clients send cannot break out of its string",
        arguments: [
            #"","decision":"allowed"#, #"\"#, "a\nb", "\r\n{}", "\u{0}\u{1F}\u{7F}", "\u{2028}", "é", "\"", "\\\"",
        ])
    func escaping(_ text: String) throws {
        for record in try [
            recordMembers { $0.add(.path, clientText: Array(text.utf8)[...]) },
            recordMembers { $0.add(.path, AuditText(text)) },
        ] {
            #expect(record["path"] == .string(text))
            #expect(record.names == ["time", "path"])
        }
        #expect(recordText { $0.add(.path, clientText: Array(text.utf8)[...]) }.count { $0 == 0x0A } == 1)
    }

    @Test(
        "octets that are not UTF-8 are replaced",
        arguments: [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xE2, 0x82]] as [[UInt8]])
    func notUTF8(_ octets: [UInt8]) throws {
        let path = try recordMembers { $0.add(.path, clientText: (Array("/a".utf8) + octets)[...]) }["path"]?.string
        #expect(try #require(path).hasPrefix("/a\u{FFFD}"))
    }

    @Test("a long path is cut, and the record says so")
    func longPath() throws {
        let record = try recordMembers { $0.add(.path, clientText: [UInt8](repeating: 0x61, count: 8_000)[...]) }
        #expect(record["path"]?.string?.utf8.count == AuditRecord.clientTextBytesMax)
        #expect(record["truncated"] == true)
    }

    @Test("a text made ready is cut at 256 octets, between characters")
    func longText() throws {
        for text in [
            String(repeating: "é", count: 500), String(repeating: "😀", count: 500), String(repeating: "a", count: 257),
        ] {
            let kept = try #require(try recordMembers { $0.add(.route, AuditText(text)) }["route"]?.string)
            #expect(kept.utf8.count <= AuditText.bytesMax && kept.utf8.count > AuditText.bytesMax - 8)
            #expect(kept.hasSuffix("…"))
            #expect(text.hasPrefix(kept.dropLast()))
        }
        let exact = String(repeating: "a", count: 256)
        #expect(try recordMembers { $0.add(.route, AuditText(exact)) }["route"] == .string(exact))
    }

    @Test("a record never exceeds its bound, and what does not fit is left out whole", arguments: ["\u{1}", "a", "é"])
    func bound(_ filler: String) throws {
        let long = AuditText(String(repeating: filler, count: 250))
        let client = Array(String(repeating: filler, count: 600).utf8)
        let text = recordText { record in
            for field in [
                AuditField.requestID, .clientAddress, .route, .policy, .issuer, .subject, .clientID, .upstream,
            ] {
                record.add(field, long)
            }
            for field in [AuditField.method, .host, .path] { record.add(field, clientText: client[...]) }
            for field in [AuditField.status, .bytesIn, .bytesOut] { record.add(field, Int.min) }
        }
        #expect(text.count <= AuditRecord.bytesMax)
        let record = try #require(try Scratch.records(text).first)
        #expect(record["truncated"] == true)
        #expect(record["time"] != nil)
    }

    @Test("the worst that all fields together can be stays within the bound")
    func worstCase() throws {
        let text = recordText { record in
            for field in AuditField.allCases {
                record.add(field, clientText: [UInt8](repeating: 0x01, count: 512)[...])
            }
        }
        #expect(text.count <= AuditRecord.bytesMax)
        #expect(try Scratch.records(text).count == 1)
    }

    @Test("a field that is added twice stands there once, as it was first")
    func twice() throws {
        let text = recordText { record in
            record.add(.status, 200)
            record.add(.status, 500)
            record.add(.time, "later")
            record.add(AuditFragment { $0.add(.status, 404) })
        }
        #expect(try Scratch.records(text)[0]["status"] == 200)
    }

    @Test(
        "numbers are written as they are",
        arguments: [
            0, 1, 9, 10, 99, 100, 12_345_678, 99_999_999, 100_000_000, 100_000_005, 1_000_000_050, -1, -10, .max, .min,
        ])
    func numbers(_ number: Int) throws {
        let text = String(decoding: recordText { $0.add(.bytesOut, number) }, as: UTF8.self)
        #expect(text.hasSuffix(",\"bytes_out\":\(number)}\n"))
    }

    @Test("a fragment writes what its members would have written")
    func fragments() {
        func fill(_ record: inout AuditRecord) {
            record.add(.issuer, AuditText("https://issuer.example"))
            record.add(.attempts, 2)
            record.add(.decision, "allowed")
        }
        let fragment = AuditFragment(fill)
        #expect(
            recordText {
                $0.add(.status, 1); $0.add(fragment)
            }
                == recordText {
                    $0.add(.status, 1); fill(&$0)
                })
    }

    @Test("a fragment that does not fit is left out whole, and the record says so")
    func fragmentTooLarge() throws {
        let long = AuditText(String(repeating: "\u{1}", count: 250))
        let fragment = AuditFragment {
            $0.add(.issuer, long); $0.add(.subject, long)
        }
        let record = try recordMembers {
            $0.add(.route, long); $0.add(.policy, long); $0.add(fragment); $0.add(.status, 200)
        }
        #expect(record["issuer"] == nil)
        #expect(record["status"] == 200)
        #expect(record["truncated"] == true)
    }

    @Test(
        "times are RFC 3339 in UTC with milliseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_164_800_001, "2024-02-29T00:00:00.001Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_798_761_599_010, "2026-12-31T23:59:59.010Z"), (-2_208_988_800_000, "1900-01-01T00:00:00.000Z"),
        ])
    func times(_ milliseconds: Int64, _ text: String) {
        var clock = RecordClock()
        var out: [UInt8] = []
        clock.append(milliseconds * 1_000_000, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == text)
    }

    @Test("times agree with Foundation's over four centuries, and no clock breaks the writer")
    func timesAgree() {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime]
        var clock = RecordClock()
        for day in stride(from: -36_525, to: 106_000, by: 7) {
            let seconds = Int64(day) * 86_400 + 43_201
            var out: [UInt8] = []
            clock.append(seconds * 1_000_000_000, to: &out)
            let expected = formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds))).dropLast()
            #expect(String(decoding: out.prefix(19), as: UTF8.self) == expected)
        }
        for extreme in [Int64.min, .max] {
            var out: [UInt8] = []
            clock.append(extreme, to: &out)
            #expect(out.count == 24)
        }
    }
}
