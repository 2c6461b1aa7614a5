/// What happened to the log that somebody has to know, besides what stands in its records.
package enum AuditNotice: Sendable, Equatable {
    /// The file was removed. What had been written since the gateway last saw its name is in the new one.
    /// - Parameter rescuedBytes: octets that were written into the new file for that; nil: there is no new one yet, and
    ///   nothing is written until there is.
    case removed(path: String, rescuedBytes: Int?)
    /// The name leads to another file now, or nowhere: the file was renamed or replaced.
    /// - Parameter isReopened: false: no new one can be opened, and the old one goes on.
    case movedAway(path: String, isReopened: Bool)
    /// The file is shorter than it was: somebody has cut it. Records go on at its end.
    case truncated(path: String, from: Int, to: Int)
    /// Standard output leads to a file, and that was removed: nobody can open it again.
    case outputRemoved
    /// Files that ought to have been kept for longer were removed, because all of them together became too large.
    case historyCut(path: String, bytesMax: Int)
    /// The sink takes nothing.
    case failing(reason: String)
    /// It takes records again.
    case recovered

    /// Records may be missing, or somebody has tampered with them: to be shown until an operator has looked.
    package var isAlarm: Bool {
        switch self {
        case .removed, .movedAway, .truncated, .outputRemoved, .historyCut: true
        case .failing, .recovered: false
        }
    }

    /// For logs and health: what was found, and what was done or is to be done.
    package var text: String {
        switch self {
        case .removed(let path, .some(let bytes)):
            "\(path): the audit file was removed; it was made again, with the last \(bytes) octets of records; all earlier records in it are gone"
        case .removed(let path, nil):
            "\(path): the audit file was removed and cannot be made again; records wait until it can"
        case .movedAway(let path, true):
            "\(path): the audit file was renamed or replaced without SIGHUP; a new one is open"
        case .movedAway(let path, false):
            "\(path): the audit file was renamed, and no new one can be opened; records go to the renamed one"
        case .truncated(let path, let from, let to):
            "\(path): the audit file was cut from \(from) to \(to) octets by another program; records in it are gone"
        case .outputRemoved:
            "standard output leads to a file that was removed: nobody can read the audit records; restart the gateway"
        case .historyCut(let path, let bytesMax):
            "\(path): old audit files were removed before their time, to keep all of them below \(bytesMax) octets"
        case .failing(let reason): "no audit record can be written: \(reason)"
        case .recovered: "audit records are written again"
        }
    }
}
