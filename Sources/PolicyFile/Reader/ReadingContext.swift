import Policy

/// What every section's reader needs: where to note findings, the port to files, and the folder paths start from.
struct ReadingContext {
    let findings: FindingCollector
    let files: any PolicyFiles
    let folder: String
    let certificateFiles = CertificateFileList()

    func path(_ written: String) -> String {
        FilePath.resolve(written, against: folder)
    }
}

/// Gathers the files of certificates that sections name.
final class CertificateFileList {
    private(set) var all: [CertificateFile] = []

    func add(_ file: CertificateFile) { if !all.contains(file) { all.append(file) } }
}

/// A value and where it stands.
struct Located<Value> {
    var value: Value
    var position: SourcePosition
}

/// Paths of files as text: resolved, never looked up.
enum FilePath {
    /// `/etc/portcullis` of `/etc/portcullis/routes.yaml`, the empty string of `routes.yaml`.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func resolve(_ path: String, against folder: String) -> String {
        if path.hasPrefix("/") || folder.isEmpty { return path }
        return folder.hasSuffix("/") ? folder + path : folder + "/" + path
    }
}
