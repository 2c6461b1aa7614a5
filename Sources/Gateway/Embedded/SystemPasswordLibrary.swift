import Glibc
package import LogIn

/// bcrypt by libcrypt, which every Debian has, and argon2id by libargon2: opened when an imported account logs in for
/// the first time, and never before. Whoever imports no such hashes needs neither, to build or to run.
package struct SystemPasswordLibrary: PasswordLibrary {
    package init() {}

    private typealias Text = UnsafePointer<CChar>
    /// libxcrypt: `crypt_rn(phrase, setting, data, size)`.
    private typealias Crypt =
        @convention(c) (Text, Text, UnsafeMutableRawPointer, Int32) -> UnsafeMutablePointer<CChar>?
    /// `argon2_hash(t, m, p, password, length, salt, length, hash, length, encoded, length, type, version)`.
    private typealias Argon2 =
        @convention(c) (
            UInt32, UInt32, UInt32, UnsafeRawPointer?, Int, UnsafeRawPointer?, Int, UnsafeMutableRawPointer?, Int,
            UnsafeMutablePointer<CChar>?, Int, Int32, UInt32
        ) -> Int32

    /// Opened once, and kept: libraries are not closed under threads.
    private static let crypt: Crypt? = function("crypt_rn", of: ["libcrypt.so.1", "libcrypt.so.2"])
    private static let argon2: Argon2? = function("argon2_hash", of: ["libargon2.so.1", "libargon2.so.0"])

    /// Octets of `struct crypt_data`, which has 32 KiB since libxcrypt 4.
    private static let cryptOctets = 65_536
    /// `Argon2_id`.
    private static let argon2id: Int32 = 2

    private static func function<Function>(_ name: String, of libraries: [String]) -> Function? {
        for library in libraries {
            guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL), let address = dlsym(handle, name) else {
                continue
            }
            return unsafeBitCast(address, to: Function.self)
        }
        return nil
    }

    package func bcrypt(_ password: [UInt8], setting: String) throws(PasswordLibraryMissing) -> String? {
        guard let crypt = Self.crypt else {
            throw PasswordLibraryMissing(library: "libcrypt.so.1", package: "libcrypt1")
        }
        let data = UnsafeMutableRawPointer.allocate(byteCount: Self.cryptOctets, alignment: 16)
        data.initializeMemory(as: UInt8.self, repeating: 0, count: Self.cryptOctets)
        defer {
            explicit_bzero(data, Self.cryptOctets)
            data.deallocate()
        }
        let phrase = password.map { CChar(bitPattern: $0) } + [0]
        guard let text = crypt(phrase, setting, data, Int32(Self.cryptOctets)) else { return nil }
        return String(cString: text)
    }

    package func argon2id(
        _ password: [UInt8], _ cost: ImportedPasswordHash.Argon2Cost, salt: [UInt8], octets: Int
    ) throws(PasswordLibraryMissing) -> [UInt8]? {
        guard let argon2 = Self.argon2 else {
            throw PasswordLibraryMissing(library: "libargon2.so.1", package: "libargon2-1")
        }
        var hash = [UInt8](repeating: 0, count: octets)
        let status = argon2(
            UInt32(clamping: cost.iterations), UInt32(clamping: cost.memoryKiB), UInt32(clamping: cost.lanes), password,
            password.count, salt, salt.count, &hash, octets, nil, 0, Self.argon2id, UInt32(clamping: cost.version))
        return status == 0 ? hash : nil
    }
}
