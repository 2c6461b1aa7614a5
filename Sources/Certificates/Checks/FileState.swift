import Glibc

/// What the file system says of a path. In a file of its own because Foundation's modules declare `stat` as well.
enum FileState {
    static func check(_ path: String, bytesMax: Int) throws(PEMFileError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw errno == EACCES ? .unreadable : .missing }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile }
        guard status.st_size <= bytesMax else { throw .tooLarge }
    }
}
