import Octets

/// How clients are called.
package enum ClientID {
    /// Characters that no encoding changes: clients disagree on whether to form-encode before Basic (RFC 6749 §2.3.1).
    package static func isValid(_ id: String) -> Bool {
        (1...128).contains(id.utf8.count)
            && id.utf8.allSatisfy(PercentEncoding.isUnreserved)
    }
}
