import AuthorizationRecords
import Octets

/// What a passkey signs (WebAuthn §13.4.3): the time, and a MAC over it and what it was made for. So nothing is stored for
/// whoever looks at a page; what it is for contains the version of a record that changes with every use, and with it the
/// challenge is over.
struct PasskeyChallenge: Sendable {
    /// How long a page may wait for its answer.
    static let seconds: Int64 = 300
    let pepper: SecretPepper

    /// In base64url.
    /// - Parameter purpose: what it is made for, with the version of what changes when it has been used.
    func make(_ purpose: String, now: Int64) -> String {
        let time = (0..<8).map { UInt8(truncatingIfNeeded: now >> (56 - 8 * Int64($0))) }
        return Base64URL.encode(time + mac(purpose, now).octets)
    }

    /// Whether this server has made it for this, and not long ago.
    func isGood(_ text: String, _ purpose: String, now: Int64) -> Bool {
        guard let octets = Base64URL.decode(text), octets.count == 40,
            let shown = SecretMAC(octets: Array(octets[8...]))
        else { return false }
        let time = Int64(truncatingIfNeeded: octets[..<8].reduce(0 as UInt64) { $0 << 8 | UInt64($1) })
        guard (0...Self.seconds).contains(now &- time) else { return false }
        return shown == mac(purpose, time)
    }

    /// No client's id has a space in it, so no client's secret is ever recognised by one of these.
    private func mac(_ purpose: String, _ time: Int64) -> SecretMAC {
        pepper.mac(of: "\(time) \(purpose)", clientID: "passkey challenge")
    }

    /// For a log-in: it ends with each change of the interaction.
    static func purpose(_ interaction: Interaction) -> String {
        "log in \(interaction.version) \(interaction.browserKey) \(interaction.id)"
    }
}
