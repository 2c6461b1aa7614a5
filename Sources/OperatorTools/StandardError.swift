@preconcurrency import Glibc

/// What people are told beside a command's output.
package enum StandardError {
    /// Whether it can be written changes nothing: there is nobody left who could be told.
    package static func write(_ text: String) { fputs(text, stderr) }
}
