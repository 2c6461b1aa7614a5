/// What somebody writes down for the day on which the telephone is gone: ten codes, each of which serves once. They are
/// shown when they are made and never again; the store has their digests, of 80 random bits each.
package enum RecoveryCode {
    /// Of one set.
    package static let count = 10

    /// A new set, as it is stored.
    package static func generate(_ random: Randomness) -> [String] {
        (0..<count).map { _ in RandomText.recoveryCode.make(random) }
    }

    /// As it is shown: in groups of four.
    package static func shown(_ code: String) -> String {
        stride(from: 0, to: code.count, by: 4).map { String(code.dropFirst($0).prefix(4)) }.joined(separator: "-")
    }

    /// As it was made, from what somebody types: capitals, spaces and dashes do not matter. nil: it is none.
    package static func normalised(_ typed: String) -> String? {
        guard typed.utf8.count <= 64 else { return nil }
        let letters = typed.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "-") }
        let code = String(decoding: letters, as: UTF8.self).lowercased()
        return RandomText.recoveryCode.isWellFormed(code) ? code : nil
    }

    /// What the store has of it.
    package static func digest(of code: String) -> String { RandomText.recoveryCode.key(of: code) }
}
