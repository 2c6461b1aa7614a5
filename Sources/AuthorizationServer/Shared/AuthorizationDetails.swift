import AuthorizationRecords
import JSON

/// Rich authorization requests (RFC 9396): what `authorization_details` may say. What the types mean is known to the
/// services that read them in the token; here they are kept as they came.
enum AuthorizationDetails {
    /// Octets of the parameter at most: it goes into every access token, and a request head has 16 KB.
    static let bytesMax = 4_096
    static let countMax = 16
    /// Of a client's metadata (§10): the types that it may ask for.
    static let typesMember = "authorization_details_types"

    /// nil: nothing was asked for.
    /// - Parameters:
    ///   - text: the parameter.
    ///   - supported: types that the server knows of; what a client was registered for may be more, from before.
    static func read(_ text: String?, for client: RegisteredClient, supported: [String]) throws(OAuthError) -> JSON? {
        guard let text else { return nil }
        let details = try parse(text)
        let types = client.metadata.strings(typesMember).filter { own in
            supported.contains { $0.utf8.elementsEqual(own.utf8) }
        }
        for detail in details {
            guard let type = detail.object?["type"]?.string, types.contains(where: { $0.utf8.elementsEqual(type.utf8) })
            else {
                throw .invalidAuthorizationDetails
            }
        }
        return .array(details)
    }

    /// Some of what was granted (§6): each must be one of them, whole.
    static func narrowed(_ text: String?, from granted: JSON?) throws(OAuthError) -> JSON? {
        guard let text else { return granted }
        let details = try parse(text)
        let all = granted?.array ?? []
        guard details.allSatisfy(all.contains) else { throw .invalidAuthorizationDetails }
        return .array(details)
    }

    private static func parse(_ text: String) throws(OAuthError) -> [JSON] {
        let limits = JSONLimits(bytesMax: bytesMax, depthMax: 8, membersMax: 256)
        guard let details = (try? JSON.parse(Array(text.utf8), limits: limits))?.array,
            (1...countMax).contains(details.count)
        else {
            throw .invalidAuthorizationDetails
        }
        return details
    }
}

extension OAuthError {
    /// RFC 9396 §5.
    static let invalidAuthorizationDetails = OAuthError(
        "invalid_authorization_details",
        "authorization_details is no list of objects whose types this client may ask for")
}
