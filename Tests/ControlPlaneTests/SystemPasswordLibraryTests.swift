import Testing

@testable import Gateway
@testable import LogIn

@Suite("bcrypt and argon2id by the system's libraries")
struct SystemPasswordLibraryTests {
    private let library = SystemPasswordLibrary()

    @Test("the test vectors of crypt_blowfish and of the reference implementation of Argon2")
    func vectors() throws {
        let bcrypt = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
        #expect(try library.bcrypt(Array("U*U".utf8), setting: bcrypt) == bcrypt)
        #expect(try ImportedPasswordHash(text: bcrypt).recognises("U*U", library))
        #expect(try !ImportedPasswordHash(text: bcrypt).recognises("U*V", library))
        // What a C string would end at counts.
        #expect(try !ImportedPasswordHash(text: bcrypt).recognises("U*U\0x", library))
        let hash = try library.argon2id(
            Array("password".utf8), .init(memoryKiB: 65_536, iterations: 2, lanes: 1), salt: Array("somesalt".utf8),
            octets: 32)
        let expected: [UInt8] = [
            0x09, 0x31, 0x61, 0x15, 0xd5, 0xcf, 0x24, 0xed, 0x5a, 0x15, 0xa3, 0x1a, 0x3b, 0xa3, 0x26, 0xe5, 0xcf, 0x32,
            0xed, 0xc2, 0x47, 0x02, 0x98, 0x7c, 0x02, 0xb6, 0x56, 0x6f, 0x61, 0x91, 0x3c, 0xf7,
        ]
        #expect(hash == expected)
    }

    @Test(
        "each is recognised with the password that it was made from",
        arguments: [
            "$2b$04$CCCCCCCCCCCCCCCCCCCCC.0uP/2zHIr81tVya45gVnDFLBmqu9l4W",
            "$2y$04$CCCCCCCCCCCCCCCCCCCCC.0uP/2zHIr81tVya45gVnDFLBmqu9l4W",
            "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4",
        ])
    func recognised(text: String) throws {
        let hash = try ImportedPasswordHash(text: text)
        #expect(hash.missing(in: library) == nil)
        #expect(try hash.recognises("correct horse battery staple", library))
        #expect(try !hash.recognises("correct horse battery", library))
    }

    @Test("what bcrypt cannot read is no hash")
    func malformed() throws {
        #expect(try library.bcrypt(Array("x".utf8), setting: "$2b$99$") == nil)
        #expect(
            try library.argon2id([], .init(memoryKiB: 1, iterations: 0, lanes: 0), salt: [], octets: 32) == nil)
    }
}
