import Crypto
import JSON
import Octets

/// What the browser says about a ceremony, and the authenticator signs (WebAuthn §5.8.1).
struct ClientData {
    enum Ceremony: String { case create = "webauthn.create", get = "webauthn.get" }

    /// Of the octets as they came, which is what was signed.
    let digest: [UInt8]
    private static let limits = JSONLimits(bytesMax: 4_096, depthMax: 8, membersMax: 64)

    /// Members that are not known are left alone, as the specification asks.
    /// - Parameter challenge: as it was made, in base64url.
    init(_ octets: [UInt8], _ ceremony: Ceremony, challenge: String, origin: String) throws(PasskeyFault) {
        guard let members = (try? JSON.parse(octets, limits: Self.limits))?.object else { throw .badClientData }
        guard let type = members["type"]?.string, let shown = members["challenge"]?.string,
            let from = members["origin"]?.string
        else { throw .badClientData }
        guard type.hasSameOctets(as: ceremony.rawValue) else { throw .wrongCeremony }
        guard ConstantTime.areEqual(Array(shown.utf8), Array(challenge.utf8)) else { throw .wrongChallenge }
        guard from.hasSameOctets(as: origin) else { throw .wrongOrigin }
        switch members["crossOrigin"] {
        case nil, .bool(false)?: break
        case .bool(true)?: throw .crossOrigin
        default: throw .badClientData
        }
        guard members["topOrigin"] == nil else { throw .crossOrigin }
        digest = Array(SHA256.hash(data: octets))
    }
}
