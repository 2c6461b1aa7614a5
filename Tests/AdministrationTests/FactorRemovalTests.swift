import HTTP
import JSON
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("second factors through the management interface")
struct FactorRemovalTests {
    private static func prepared() async throws -> (AdministrationHarness, id: String, etag: String) {
        let admin = try AdministrationHarness()
        let (id, etag) = try await admin.user()
        let secret = try StoredCodeSecret(
            Array("12345678901234567890".utf8), of: id, lastStep: 7, seal: nil, random: .system)
        let factors = [
            StoredFactor(of: id, .totp(secret), label: "", createdAt: newYear2026),
            StoredFactor(
                of: id, .recoveryCodes(RecoveryCode.generate(.system).map(RecoveryCode.digest)), label: "",
                createdAt: newYear2026),
        ]
        #expect(try await admin.store.commit(factors.map { .insert($0.record) }, now: newYear2026))
        return (admin, id, etag)
    }

    @Test("they are listed with nothing that opens anything")
    func listed() async throws {
        let (admin, id, _) = try await Self.prepared()
        let answer = await admin.send("GET", "users/\(id)/factors")
        #expect(answer.status == 200)
        let text = String(decoding: JSON.object(answer.body).serialized(), as: UTF8.self)
        #expect(text.contains("\"method\":\"totp\"") && text.contains("\"left\":10"))
        for key in ["octets", "\"codes\"", "sealed\":\"", "MTIzNDU2Nzg5MDEy"] { #expect(!text.contains(key), "\(key)") }
        #expect(await admin.send("GET", "users/user-x/factors").status == 404)
    }

    @Test("without the last one recovery codes go as well, and what was begun ends")
    func removed() async throws {
        for isAll in [true, false] {
            let (admin, id, etag) = try await Self.prepared()
            try await admin.grant(subject: id)
            let factors = try await admin.store.factors(of: id)
            let path = "users/\(id)/factors" + (isAll ? "" : "/" + (factors.totp?.key ?? ""))
            #expect(await admin.send("DELETE", path, nil, [("if-match", "\"stale\"")]).status == 412)
            let answer = await admin.send("DELETE", path, nil, [("if-match", etag)])
            #expect(answer.status == 204, "\(answer.body)")
            #expect(try await admin.store.factors(of: id).all.isEmpty)
            #expect(admin.store.count(.grant) == 0)
            #expect(try await admin.store.user(id: id)?.epoch == 1)
            let change = try #require(admin.log.changes.last ?? nil)
            #expect(change.action == .factorsRemoved && change.settling == ManagedChange.overtaking)
            let now = try #require(await admin.send("GET", "users/\(id)").field("etag"))
            #expect(await admin.send("DELETE", path, nil, [("if-match", now)]).status == 404)
        }
    }

    @Test("one that cannot be read goes with all")
    func damaged() async throws {
        let (admin, id, etag) = try await Self.prepared()
        let key = try #require(try await admin.store.factors(of: id).totp?.key)
        admin.store.damage(.factor, key)
        #expect(await admin.send("DELETE", "users/\(id)/factors", nil, [("if-match", etag)]).status == 204)
        #expect(admin.store.count(.factor) == 0)
    }
}
