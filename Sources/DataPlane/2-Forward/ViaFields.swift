import HTTP

/// What the gateway appends to `Via` of the messages that it forwards (RFC 9110 §7.6.3), made once for each policy.
///
/// A field of its own behind those that are there already, which is the same as another item of their list (§5.3). Loops
/// of gateways end by it: each turn adds a field, and the bound on fields refuses the request.
struct ViaFields: Sendable {
    private let ofHTTP11: FieldValue
    private let ofHTTP10: FieldValue

    /// - Parameter pseudonym: a token, as the policy has it.
    init(pseudonym: String) {
        ofHTTP11 = FieldValue("1.1 " + pseudonym)
        ofHTTP10 = FieldValue("1.0 " + pseudonym)
    }

    /// - Parameter receivedIsHTTP10: the version by which the message was received.
    func append(to fields: inout FieldList, receivedIsHTTP10: Bool) {
        fields.append("Via", receivedIsHTTP10 ? ofHTTP10 : ofHTTP11)
    }
}
