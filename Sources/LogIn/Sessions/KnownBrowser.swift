import AuthorizationRecords
import HTTP
import JOSE
import Octets
import Policy

/// A browser in which an account has logged in before: a cookie with random bits and a MAC over these and the account. It
/// opens nothing; it only says that this browser is not subject to what others do to the account. A new password and a
/// disabling end it, since it may be a browser of whoever was the reason.
enum KnownBrowser {
    static let cookieName = AuthorizationServerCookie.known.name
    private static let maxAgeSeconds: Int64 = 180 * 86_400

    /// The random bits; nil: not known for this account.
    static func read(_ request: ServiceRequest, _ user: StoredUser, _ pepper: SecretPepper) -> String? {
        guard let value = request.cookie(cookieName), let dot = value.firstIndex(of: ".") else { return nil }
        let nonce = String(value[..<dot])
        guard RandomText.knownBrowser.isWellFormed(nonce),
            let octets = Base64URL.decode(String(value[dot...].dropFirst())), let shown = SecretMAC(octets: octets),
            shown == mac(nonce, user, pepper)
        else { return nil }
        return nonce
    }

    static func field(_ user: StoredUser, _ pepper: SecretPepper, _ random: Randomness) -> ServiceResponse.Field {
        let nonce = RandomText.knownBrowser.make(random)
        return PageCookie.field(
            cookieName, nonce + "." + Base64URL.encode(mac(nonce, user, pepper).octets), maxAgeSeconds: maxAgeSeconds)
    }

    /// No client's id has a space in it, so no client's secret is ever recognised by one of these.
    private static func mac(_ nonce: String, _ user: StoredUser, _ pepper: SecretPepper) -> SecretMAC {
        pepper.mac(of: nonce, clientID: "known browser \(user.epoch) of \(user.id)")
    }
}
