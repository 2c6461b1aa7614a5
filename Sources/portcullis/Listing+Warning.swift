import ArgumentParser
import Foundation
import OperatorTools

/// For the help of every command that lists records.
let listExitStatus = """
    Records that are damaged are named on standard error, and the others are listed.

    Exit status: 0 when everything is listed, 1 otherwise.
    """

extension Listing {
    /// Says on standard error what is missing in the list; then it is not the whole list, and its exit status says so.
    func reportDamage() throws(ExitCode) {
        guard let warning else { return }
        StandardError.write(warning + "\n")
        throw ExitCode(1)
    }
}
