import Storage

/// What a command leaves when it is over.
package enum CommandEnd {
    /// To be called before anything is opened.
    package static func prepare() { OpenDatabases.keepUntilEnd() }

    /// No files beside the database but those that others have open.
    package static func closeDatabases() { OpenDatabases.closeAll() }
}
