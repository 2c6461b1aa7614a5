@preconcurrency import Glibc

/// Standard input, output and error of the process.
enum ProcessStreams {
    /// Sees to it that output which cannot be written is an error of the command, whichever it is, and that no file or
    /// socket is taken for one of the three because the process was started without it.
    static func prepare() {
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest number that is free is this one. Writing to what was opened for reading fails, as it should.
            _ = open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY)
        }
        // After `exit` was called, wherever that was, and before the C library writes what is left without a word.
        on_exit(
            { status, _ in
                guard fflush(stdout) != 0 || ferror(stdout) != 0 else { return }
                fputs("Error: standard output could not be written, or not all of it\n", stderr)
                if status == 0 { _exit(1) }
            }, nil)
    }

    /// Throws if a secret that was made, and is shown this once, has not reached whoever is to have it.
    /// - Parameter isNew: the client has only this one.
    static func checkSecretWritten(ofClient id: String, isNew: Bool) throws {
        guard fflush(stdout) != 0 || ferror(stdout) != 0 else { return }
        throw CommandFailure(
            isNew
                ? "client \"\(id)\" is registered, but its secret could not be printed and is lost; make another (portcullis client secret add \(id)), or remove the client"
                : "the new secret of \"\(id)\" counts, but could not be printed and is lost; remove it: portcullis client secret remove \(id) --newer"
        )
    }
}
