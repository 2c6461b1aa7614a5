/// Why a user at a terminal gets no token.
package struct TokenFailure: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
