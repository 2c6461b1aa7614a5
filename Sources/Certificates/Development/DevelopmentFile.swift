/// What became of one file of `portcullis certs init`.
package struct DevelopmentFile: Sendable, Equatable {
    /// What happened to it.
    package enum Outcome: Sendable, Equatable {
        /// It was not there.
        case created
        /// Made anew, and why.
        case renewed(String)
        /// Still good until then (seconds since 1970); nil: it does not expire.
        case kept(until: Int64?)
        /// Not touched, and why.
        case leftAlone(String)
    }
    /// Its name in the folder.
    package let name: String
    package let outcome: Outcome

    /// One line for the terminal.
    package var description: String {
        switch outcome {
        case .created: "\(name): created"
        case .renewed(let why): "\(name): renewed (\(why))"
        case .kept(let until?): "\(name): kept, valid until \(Validity.date(until))"
        case .kept(nil): "\(name): kept"
        case .leftAlone(let why): "\(name): left alone (\(why))"
        }
    }
}
