import Octets

/// How clients are called.
package enum ClientID {
    /// Characters that no encoding changes: clients disagree on whether to form-encode before Basic (RFC 6749 §2.3.1).
    package static func isValid(_ id: String) -> Bool {
        (1...128).contains(id.utf8.count)
            && id.utf8.allSatisfy(PercentEncoding.isUnreserved)
    }

    /// There may be a client of this id: one that was given here, or the address of a client's metadata.
    package static func mayExist(_ id: String) -> Bool { isValid(id) || ClientDocumentURL(id) != nil }
}
