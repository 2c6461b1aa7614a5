import Foundation

/// The file of an import.
package enum ImportFile {
    /// Reads it whole; `-` is standard input.
    package static func read(_ path: String) throws -> [UInt8] {
        let handle: FileHandle
        if path == "-" {
            handle = .standardInput
        } else {
            guard let opened = FileHandle(forReadingAtPath: path) else {
                throw ImportFault("\(path): there is no such file, or no permission to read it")
            }
            handle = opened
        }
        var octets: [UInt8] = []
        while let more = try handle.read(upToCount: 1_048_576), !more.isEmpty {
            octets += more
            guard octets.count <= ImportBounds.fileBytesMax else {
                throw ImportFault("\(path) is larger than 256 MiB; split it")
            }
        }
        return octets
    }
}
