import HTTP
import JSON
import Policy
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

/// What operators add to tokens never says what the server itself says, whoever chooses its value.
@Suite("Attack: a claim that is added to tokens takes the place of one that decides")
struct ForgedClaimTests {
    @Test("no such claim gets into tokens and userinfo under a name that is the server's, in whatever case")
    func reserved() async throws {
        let names = UserClaimRule.reserved.sorted()
        for names in [names, names.map { $0.uppercased() }] {
            var place = 0
            while place < names.count {
                let some = names[place..<min(place + 20, names.count)]
                place += 20
                var rules = UserRules()
                rules.claims = some.map {
                    UserClaimRule(name: $0, source: .constant([.string("forged")]), type: .string)
                }
                let harness = try await CodeFlowHarness(users: rules)
                let tokens = try await harness.tokens([("scope", "openid orders:read")])
                for member in ["access_token", "id_token"] {
                    let claims = try await harness.claims(tokens, member)
                    for (name, value) in claims.members { #expect(value != "forged", "\(name) in \(member)") }
                }
                let token = try #require(tokens.body["access_token"]?.string)
                for (name, value) in (await harness.userInfo(token)).body.members {
                    #expect(value != "forged", "\(name) at userinfo")
                }
            }
        }
    }

    @Test("every claim that tokens of this server have is reserved, or comes from what it means")
    func complete() async throws {
        let harness = try await CodeFlowHarness { $0.mayAct = "other" }
        let tokens = try await harness.tokens([("scope", "openid orders:read"), ("nonce", "n")])
        for member in ["access_token", "id_token"] {
            for name in try await harness.claims(tokens, member).names {
                #expect(UserClaimRule.isReserved(name), "\(name)")
            }
        }
        for claim in UserClaim.allCases {
            #expect(UserClaimRule.isReserved(claim.rawValue) || UserClaimRule.own(claim.rawValue) != nil)
        }
        #expect(UserClaimRule.isReserved(TokenOrigin.claim))
    }

    @Test("userinfo says of name and address what the protocol says, also where a claim of that name is added")
    func userInfo() async throws {
        var rules = UserRules()
        rules.claims = [UserClaimRule(name: "name", source: .constant([.string("forged")]), type: .string)]
        let harness = try await CodeFlowHarness(users: rules)
        let token = try #require(
            try await harness.tokens([("scope", "openid profile")]).body["access_token"]?.string)
        #expect((await harness.userInfo(token)).body["name"] == "Ada Lovelace")
    }
}
