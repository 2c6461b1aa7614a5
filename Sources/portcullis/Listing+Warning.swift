import Foundation
import OperatorTools

extension Listing {
    /// Says on standard error what is missing in the list.
    func warn() {
        if let warning { FileHandle.standardError.write(Data((warning + "\n").utf8)) }
    }
}
