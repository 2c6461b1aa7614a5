import COpenSSL

/// OpenSSL refused something; its own words.
package struct OpenSSLFailure: Error, CustomStringConvertible {
    package let description: String

    /// Takes, and clears, the error queue of this thread.
    init(_ attempted: String) {
        var reasons: [String] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { break }
            reasons.append(ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)")
        }
        description = reasons.isEmpty ? attempted : "\(attempted): \(reasons.joined(separator: ", "))"
    }
}

/// Throws when OpenSSL says 0 or less.
func require(_ result: Int32, _ attempted: @autoclosure () -> String) throws(OpenSSLFailure) {
    guard result > 0 else { throw OpenSSLFailure(attempted()) }
}

/// Throws when OpenSSL gives no object.
func require(_ object: OpaquePointer?, _ attempted: @autoclosure () -> String) throws(OpenSSLFailure) -> OpaquePointer {
    guard let object else { throw OpenSSLFailure(attempted()) }
    return object
}
