import Foundation
import Glibc
import OperatorTools

/// Asks for a password: at a terminal without showing it, twice; else the first line of standard input.
enum PasswordPrompt {
    static func newPassword() throws -> String {
        guard isatty(STDIN_FILENO) == 1 else {
            guard let line = readLine(strippingNewline: true) else {
                throw CommandFailure("no password on standard input")
            }
            return line
        }
        let first = try ask("Password: ")
        guard try ask("Once more: ") == first else {
            throw CommandFailure("the two are not the same; nothing was changed")
        }
        return first
    }

    private static func ask(_ prompt: String) throws -> String {
        StandardError.write(prompt)
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else {
            throw CommandFailure("cannot switch off the echo of the terminal")
        }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0 else {
            throw CommandFailure("cannot switch off the echo of the terminal")
        }
        defer {
            _ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
            StandardError.write("\n")
        }
        guard let line = readLine(strippingNewline: true) else { throw CommandFailure("no password was typed") }
        return line
    }
}
