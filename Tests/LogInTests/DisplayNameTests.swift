import JSON
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Names for people")
struct DisplayNameTests {
    @Test(
        "names that people have will do",
        arguments: [
            "", "Alice A.", "José Núñez-García", "O’Brien", "D'Arcy", "Groß, Jürgen", "Łukasz Żak", "Πηνελόπη Δέλτα",
            "Владимир Набоков", "山田　太郎", "김민준", "王小明 (David)", "אברהם כהן", "محمد علی‌پور", "ශ්‍රී ලංකා",
            "คำรณ", "กิ่งแก้ว", "राधा शर्मा", "தமிழ்ச்செல்வி", "Nguyễn Thị Hạnh", "Ərəb", "Bjo\u{308}rn", "か\u{3099}", "שָׁלוֹם",
            "Mª Carmen",
            "Anne-Marie 2", "Badminton", "Clara Rootes", "🙂 Bob", "Systema", "Dr. No",
        ])
    func good(name: String) { #expect(DisplayName.fault(name) == nil) }

    @Test(
        "names that say or look as if somebody had a role here will not",
        arguments: [
            "Administrator", "the Support team", "A d m i n", "аdmin", "Аdministrator", "ａｄｍｉｎ", "Ａdmin", "Adm1n",
            "4dm!n",
            "@dmin", "R00t", "5upport", "Supp0rt", "Adm|n", "Ádmin", "A\u{301}dmin", "ADMİN", "admın", "αdmin", "ΑDΜΙΝ",
            "𝐚𝐝𝐦𝐢𝐧", "𝒜𝒹𝓂𝒾𝓃", "ⓐⓓⓜⓘⓝ", "🅰dmin", "ᴀᴅᴍɪɴ", "Admin1", "1admin", "admin_2", "Adm1n3", "adrnin",
            "vvebmaster",
            "ɑdmin", "admɩn", "ɑɗɱɪɳ", "ⲁⲇⲙⲓⲛ", "ѕуѕтем", "Ꭺdmin", "ѕuрроrt", "Alice (admin)", "SUPPORT", "Portcu11is",
            "администратор", "管理员", "Sуstem",
        ])
    func role(name: String) { #expect(DisplayName.fault(name) == .role) }

    @Test(
        "what reads as something else than it is will not",
        arguments: [
            ("Al\u{200B}ice", DisplayName.Fault.invisible), ("Ad\u{200B}min", .invisible), ("Al\u{AD}ice", .invisible),
            ("\u{202E}ecilA", .invisible), ("Alice\nBob", .invisible), ("Alice\u{FE0F}", .invisible),
            ("\u{3164}", .invisible), ("Al\u{200D}ice", .invisible), ("Alice\u{2028}", .invisible),
            ("Alice\u{A0}B", .invisible), ("\u{2800}", .invisible), ("\u{E0041}lice", .invisible),
            ("Alice <b>", .markup), ("Administrator<script>", .markup), ("Ａｌｉｃｅ", .strangeLetters),
            ("𝐀lice", .strangeLetters), ("Alice²", .strangeLetters), ("Аlice", .mixedScripts), ("Pаul", .mixedScripts),
            ("Ρaul", .mixedScripts), ("Al\u{C82}ice", .mixedScripts),
            ("B\(String(repeating: "\u{300}", count: 5))ob", .strangeLetters), ("Ivan Иванов", .mixedScripts),
            ("Al١ce", .mixedScripts),
            (String(repeating: "x", count: 257), .tooLong),
        ])
    func strange(name: String, fault: DisplayName.Fault) { #expect(DisplayName.fault(name) == fault) }

    private static let hostile = ["Аdministrator", "Adm1n", "Ad\u{200B}min", "Administrator<script>"]

    @Test("operators are told why, and nothing is changed", arguments: hostile)
    func operators(name: String) async throws {
        let harness = try await LogInHarness()
        for credential in [
            NewUserCredential.byLink, .imported(nil, isDisabled: false, groups: []),
            .identity(UserIdentity(issuer: "https://idp.example", subject: "1")),
        ] {
            let error = await #expect(throws: ManagementError.self) {
                _ = try await harness.administration.addUser(
                    name: "bob", credential, email: nil, displayName: name, now: newYear2026, random: harness.random)
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains("display name"))
        }
        var change = Administration.UserChange()
        change.displayName = .some(name)
        await #expect(throws: ManagementError.self) { try await harness.change(harness.user, change) }
        #expect(try await harness.store.user(id: harness.user.id)?.displayName == "Alice A.")
    }

    @Test("a name that an account has already may stay when something else is changed")
    func stays() async throws {
        let harness = try await LogInHarness()
        var user = harness.user
        user.displayName = "Administrator"
        #expect(try await harness.store.commit([.replace(user.record)], now: newYear2026))
        var change = Administration.UserChange()
        change.displayName = .some("Administrator")
        change.email = .some("alice@mail.example")
        try await harness.change(user, change)
        #expect(try await harness.store.user(id: user.id)?.email == "alice@mail.example")
    }

    @Test("users are told on the page about their account", arguments: hostile)
    func account(name: String) async throws {
        let harness = try await LogInHarness()
        let browser = harness.browser()
        try await harness.logIn(browser)
        let page = await browser.get("/oauth2/account")
        let refused = await browser.send(page, ["save": "name", "display_name": name])
        #expect(refused.status == 400 && refused.text.contains("This name cannot be used"))
    }

    @Test("of a provider such a name is not taken, and keeps nobody out", arguments: hostile)
    func provider(name: String) {
        let profile = ProviderProfile(["name": .string(name), "preferred_username": "x"], more: nil, isWhole: true)
        #expect(profile.name == nil && profile.preferredName == "x")
    }
}
