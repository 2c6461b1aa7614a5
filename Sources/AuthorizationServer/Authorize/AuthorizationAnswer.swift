import AuthorizationRecords
import HTTP

/// Answers of the authorization endpoint to the client, by way of the browser (RFC 6749 §4.1.2, RFC 9207): every one
/// says who answers, so that no client takes our code for another server's.
struct AuthorizationAnswer: Sendable {
    let issuer: String
    let redirectURI: String
    let state: String?

    func code(_ code: String) -> ServiceResponse { response([("code", code)]) }

    func error(_ error: OAuthError) -> ServiceResponse {
        var response = response([("error", error.word), ("error_description", error.description)])
        response.facts.error = error.word
        response.facts.event = error.event
        return response
    }

    /// 303: what the browser may have sent here does not go on (RFC 9700 §4.12).
    private func response(_ members: [FormFields.Pair]) -> ServiceResponse {
        var members = members
        if let state { members.append(("state", state)) }
        members.append(("iss", issuer))
        let query = members.map { "\($0.name)=\(Self.encoded($0.value))" }.joined(separator: "&")
        return .browser(303, [("Location", redirectURI + (redirectURI.contains("?") ? "&" : "?") + query)])
    }

    /// Every octet but the unreserved ones of RFC 3986 §2.3: nothing of it ends up as a header, as markup or as another
    /// parameter.
    static func encoded(_ text: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        let digits = Array("0123456789ABCDEF".utf8)
        for octet in text.utf8 {
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.append(octet)
            default: out += [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

extension ServiceResponse {
    /// An empty answer for a browser: nobody keeps it, nobody frames it (OAuth 2.1 draft §7.11), nobody elsewhere
    /// learns its address, and no script of another origin may read it (§3.1).
    static func browser(_ status: Int, _ fields: [Field]) -> ServiceResponse {
        ServiceResponse(
            status: status,
            fields: fields + [
                ("Cache-Control", "no-store"), ("Pragma", "no-cache"), ("Referrer-Policy", "no-referrer"),
                ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"), ("X-Frame-Options", "DENY"),
                ("X-Content-Type-Options", "nosniff"),
            ])
    }
}
