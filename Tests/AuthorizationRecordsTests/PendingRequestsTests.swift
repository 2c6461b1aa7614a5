import AuthorizationTesting
import JSON
import Testing

@testable import AuthorizationRecords

@Suite("What waits for somebody to log in is bounded")
struct PendingRequestsTests {
    @Test(
        "an address is one sender, and so is the /64 of an IPv6 address",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"), ("2001:db8::9", "2001:db8:0:0::/64"),
            ("2001:db8::1:2:3:4", "2001:db8:0:0::/64"), ("2001:db8:1::2:3:4:5", "2001:db8:1:0::/64"),
            ("::1", "0:0:0:0::/64"), ("::", "0:0:0:0::/64"), ("1::", "1:0:0:0::/64"),
            ("::ffff:192.0.2.1", "192.0.2.1"), ("fe80::1%eth0", "fe80:0:0:0::/64"), ("", ""), (":::::", "0:0:0:0::/64"),
        ])
    func blocks(address: String, block: String) { #expect(AddressBlock(of: address).text == block) }

    private static func record(_ key: String, _ sender: RequestSender?, user: String? = nil) -> StoredRecord {
        var record = StoredRecord(.interaction, key, expiresAt: 9_999, client: "shop", subject: user, body: [:])
        record.mark(sender)
        return record
    }

    private static func address(_ number: Int) -> RequestSender { .address(AddressBlock(of: "192.0.2.\(number)")) }

    @Test("what is too much for an address displaces its own oldest, and nobody else's")
    func share() async throws {
        let store = MemoryStore()
        let pending = PendingRequests(perAddress: 4, total: 100)
        func insert(_ record: StoredRecord) async throws {
            #expect(try await store.commit(pending.insertion(of: record), now: 0))
        }
        try await insert(Self.record("theirs", Self.address(2)))
        try await insert(Self.record("logged in", nil, user: "user-1"))
        for number in 0..<20 { try await insert(Self.record("own \(number)", Self.address(1))) }
        #expect(store.count(.interaction) == 6)
        #expect(store.displaced == 16)
        for key in ["theirs", "logged in", "own 19", "own 16"] {
            #expect(try await store.record(.interaction, key) != nil, "\(key)")
        }
        #expect(try await store.record(.interaction, "own 15") == nil)
    }

    @Test("many addresses together have a bound, too, and what somebody has logged in for does not count")
    func total() async throws {
        let store = MemoryStore()
        let pending = PendingRequests(perAddress: 4, total: 32)
        for number in 0..<40 {
            let record = Self.record("user \(number)", nil, user: "user-\(number)")
            #expect(try await store.commit(pending.insertion(of: record), now: 0))
        }
        for number in 0..<1_000 {
            let record = Self.record("\(number)", .address(AddressBlock(of: "10.0.\(number / 250).\(number % 250)")))
            #expect(try await store.commit(pending.insertion(of: record), now: 0))
            #expect(store.count(.interaction) <= 40 + 32 + PendingRequests.countedEvery)
        }
        #expect(try await store.record(.interaction, "999") != nil)
        #expect(try await store.record(.interaction, "user 0") != nil)
    }

    @Test("clients that have authenticated and users who have logged in have shares of their own")
    func others() {
        let pending = PendingRequests(perAddress: 4, total: 100)
        let client = Self.record("a", .client("shop"))
        #expect(client.subject == nil)
        #expect(
            pending.insertion(of: client) == [
                .insert(client),
                .removeOldest(
                    RecordQuery(.interaction, grant: "from client shop"), above: PendingRequests.perClient,
                    keeping: PendingRequests.perClient - PendingRequests.perClient / 16),
            ])
        let user = Self.record("a", nil, user: "user-1")
        #expect(
            pending.insertion(of: user) == [
                .insert(user),
                .removeOldest(
                    RecordQuery(.interaction, subject: "user-1"), above: PendingRequests.perUser,
                    keeping: PendingRequests.perUser - PendingRequests.perUser / 16),
            ])
    }

    @Test("a record says who began it, and that is no user and no grant")
    func marks() throws {
        for sender in [Self.address(1), .address(AddressBlock(of: "2001:db8::1")), .client("shop")] {
            let record = Self.record("a", sender)
            #expect(record.sender == sender)
            #expect(record.user == nil)
            #expect(record.grant?.contains(" ") == true)
        }
        #expect(Self.record("a", nil, user: "user-1").sender == nil)
        var ordinary = Self.record("a", nil)
        ordinary.grant = "0123456789abcdefABCDEF"
        #expect(ordinary.sender == nil)
    }

    @Test("an interaction is its sender's until somebody has logged in")
    func interaction() throws {
        let digest = SecretDigest.text(of: "browser")
        var interaction = Interaction(
            id: "i", clientID: "shop", browserKey: digest, subject: .device(userCode: "WDJBMJHT", user: nil),
            expiresAt: 1_800, sender: Self.address(1))
        #expect(interaction.record.sender == Self.address(1))
        #expect(try #require(Interaction(interaction.record, id: "i")) == interaction)
        interaction.logIn(AuthenticatedUser(id: "user-1", UserAuthentication(time: 5)))
        #expect(interaction.record.sender == nil)
        #expect(interaction.record.subject == "user-1")
        #expect(interaction.record.grant == nil)
    }

    @Test("a device is its sender's until a user has let it in")
    func device() throws {
        var device = DeviceRequest(
            deviceCode: "d", userCode: "WDJBMJHT", clientID: "tv", scopes: [], resources: [], now: 5,
            sender: Self.address(1))
        #expect(device.record.sender == Self.address(1) && device.userCodeRecord.sender == Self.address(1))
        #expect(DeviceRequest(device.record) == device)
        device.state = .denied
        #expect(device.record.sender == Self.address(1))
        device.state = .approved(
            .init(userID: "user-1", authentication: UserAuthentication(time: 5), scopes: []))
        #expect(device.record.sender == nil && device.record.subject == "user-1")
        device.state = .used(grantID: "g")
        #expect(device.record.sender == nil && device.record.grant == "g" && device.record.subject == nil)
    }
}
