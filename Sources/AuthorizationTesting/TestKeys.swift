import JOSE
import JSON

enum TestKeys {
    /// A JWT that somebody else signed.
    static func foreign(_ claims: JSONObject) throws -> String {
        try SigningKey.generate(.es256).sign(header: ["typ": "at+jwt"], claims: claims)
    }
}
