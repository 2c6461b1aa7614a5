/// Names for people, which others see: on the consent page, in applications, in mails. Wherever one comes in, nobody may
/// take it for a role in this service, and it must read as what it is (UTS #39): ordinary letters of one script, none that
/// only look like others, and nothing that nobody sees.
package enum DisplayName {
    /// Why a text is none.
    package enum Fault: Error, Equatable, Sendable, CaseIterable, CustomStringConvertible {
        case tooLong, invisible, markup, strangeLetters, mixedScripts, role

        package var description: String {
            switch self {
            case .tooLong: "a display name has at most \(UserName.textBytesMax) octets"
            case .invisible: "a display name has no control characters, and none that nobody sees"
            case .markup: "a display name has no < and no >"
            case .strangeLetters:
                "a display name has ordinary letters, not full-width, mathematical or enclosed ones, which can stand for others, and at most \(marksMax) marks on one"
            case .mixedScripts:
                "a display name has letters of one script: those of another often look the same (Japanese, Chinese and Korean may stand together, and beside Latin)"
            case .role:
                "a display name says nothing of a role in this service, such as administrator or support, nor looks as if it did"
            }
        }
    }

    /// nil: it will do. An empty name is none at all, and does.
    package static func fault(_ name: String) -> Fault? {
        guard name.utf8.count <= UserName.textBytesMax else { return .tooLong }
        let scalars = Array(name.unicodeScalars)
        if scalars.indices.contains(where: { isInvisible(scalars, $0) }) { return .invisible }
        if scalars.contains(where: { $0 == "<" || $0 == ">" }) { return .markup }
        // First: of whatever letters it is.
        if saysRole(scalars) { return .role }
        if scalars.contains(where: isStandIn) || pilesUpMarks(scalars) { return .strangeLetters }
        return mixesScripts(scalars) ? .mixedScripts : nil
    }

    // MARK: What is seen

    private static func isInvisible(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
        let scalar = scalars[index]
        // Sinhala, Persian and others write words with joiners (RFC 5892, Appendix A).
        if scalar == "\u{200C}" || scalar == "\u{200D}", index > 0 {
            let before = scalars[index - 1]
            if before.properties.canonicalCombiningClass == .virama { return false }
            if scalar == "\u{200C}", LetterScript(before) == .named("ARABIC") { return false }
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: return true
        case .spaceSeparator: return scalar != " " && scalar != "\u{3000}"
        default: return scalar.properties.isDefaultIgnorableCodePoint || scalar == "\u{2800}"
        }
    }

    /// What NFKC makes another character of. Some of those are in ordinary use all the same.
    private static func isStandIn(_ scalar: Unicode.Scalar) -> Bool {
        let inUse: Set<Unicode.Scalar> = [
            "ß", "ẞ", "ς", "ª", "º", "İ", "ŉ", "\u{0E33}", "\u{0EB3}", "\u{3000}", "…", "™", "´", "¨", "¸",
        ]
        guard !scalar.isASCII, !inUse.contains(scalar), !scalar.properties.isDefaultIgnorableCodePoint else {
            return false
        }
        return scalar.properties.lowercaseMapping.unicodeScalars.contains {
            $0.properties.changesWhenNFKCCaseFolded && $0.properties.canonicalCombiningClass == .notReordered
        }
    }

    /// On one letter, at most (UTS #39 §5.4): more are drawn over what stands beside the name.
    static let marksMax = 4

    private static func pilesUpMarks(_ scalars: [Unicode.Scalar]) -> Bool {
        var marks = 0
        return scalars.contains { scalar in
            let isMark = [.nonspacingMark, .enclosingMark].contains(scalar.properties.generalCategory)
            marks = isMark ? marks + 1 : 0
            return marks > marksMax
        }
    }

    // MARK: Scripts

    /// Of a letter, a mark of one script, or a digit that is not ASCII; nil: all scripts have it.
    private enum LetterScript: Hashable {
        case latin
        /// Chinese, Japanese and Korean, which stand together.
        case eastAsian
        /// As the names of its characters begin.
        case named(String)

        init?(_ scalar: Unicode.Scalar) {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .otherLetter: break
            case .nonspacingMark, .spacingMark, .enclosingMark:
                guard let name = scalar.properties.name, !name.hasPrefix("COMBINING") else { return nil }
            case .decimalNumber where !scalar.isASCII: break
            default: return nil
            }
            switch scalar.value {
            case 0x41...0x5A, 0x61...0x7A, 0xC0...0x24F: self = .latin
            case 0xAA, 0xBA: return nil
            case 0x1100...0x11FF, 0x3005...0x3007, 0x3040...0x31FF, 0x3400...0x9FFF, 0xA960...0xA97F, 0xAC00...0xD7FF,
                0xF900...0xFAFF, 0x1B000...0x1B16F, 0x20000...0x3FFFF:
                self = .eastAsian
            default:
                let name = scalar.properties.name ?? ""
                let word = name.prefix { $0 != " " && $0 != "-" }
                self = word == "LATIN" ? .latin : .named(word == "EXTENDED" ? "ARABIC" : String(word))
            }
        }
    }

    private static func mixesScripts(_ scalars: [Unicode.Scalar]) -> Bool {
        let scripts = Set(scalars.compactMap(LetterScript.init))
        return scripts.count > 1 && scripts != [.latin, .eastAsian]
    }

    // MARK: Roles

    private static let roles: Set<String> = Set(
        [
            "admin", "admins", "administrator", "administrators", "administratorin", "root", "system", "support",
            "security", "helpdesk", "operator", "moderator", "postmaster", "hostmaster", "webmaster", "abuse",
            "portcullis", "sysadmin", "sysop", "superuser", "superadmin", "sudo", "systemverwalter", "kundendienst",
            "админ", "администратор", "поддержка", "διαχειριστής", "管理员", "管理者", "管理員", "관리자",
        ].map { skeleton($0.unicodeScalars) })

    /// Whether somebody who reads it may take it for a role in this service.
    private static func saysRole(_ scalars: [Unicode.Scalar]) -> Bool {
        func words(_ scalars: some Sequence<Unicode.Scalar>) -> [String] {
            skeleton(scalars).split { !$0.isLetter && !$0.isNumber }.map(String.init)
        }
        // What stands before and behind is a number, perhaps: the first of several administrators.
        let numbered = scalars.split { !$0.properties.isAlphabetic && $0.properties.numericType == nil }.map { word in
            let isDigit = { (scalar: Unicode.Scalar) in scalar.properties.numericType != nil }
            return skeleton(word.drop(while: isDigit).reversed().drop(while: isDigit).reversed())
        }
        let all = words(scalars)
        return all.contains(where: roles.contains) || numbered.contains(where: roles.contains)
            || roles.contains(all.joined()) || roles.contains(numbered.joined())
    }

    /// What a text looks like (UTS #39 §4): capitals and marks do not matter, and what looks the same is the same. Only
    /// for comparison with another of its kind.
    static func skeleton(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = ""
        for scalar in scalars {
            for seen in plain(scalar) { text.unicodeScalars.append(lookalikes[seen] ?? seen) }
        }
        for (pair, letter) in [("rn", "m"), ("vv", "w"), ("cl", "d")] { text = text.replacing(pair, with: letter) }
        return text
    }

    /// The letter without its marks and its form, in lower case; nothing of what nobody sees.
    private static func plain(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        if scalar.isASCII { return Array(scalar.properties.lowercaseMapping.unicodeScalars) }
        let properties = scalar.properties
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return []
        default: break
        }
        if properties.isDefaultIgnorableCodePoint { return [] }
        // Of capitals that look like others than their small letters do.
        if let letter = lookalikes[scalar] { return [letter] }
        if let letter = namedLetter(properties.name ?? "") { return [letter] }
        return Array(properties.lowercaseMapping.unicodeScalars)
    }

    /// `LATIN SMALL LETTER A WITH ACUTE`, `FULLWIDTH LATIN CAPITAL LETTER A`, `MATHEMATICAL BOLD SMALL A`,
    /// `LATIN LETTER SMALL CAPITAL A`, `NEGATIVE SQUARED LATIN CAPITAL LETTER A`, `CIRCLED DIGIT ONE`: the letter, or the
    /// digit.
    private static func namedLetter(_ name: String) -> Unicode.Scalar? {
        let words = name.split(separator: " ")
        guard let first = words.first else { return nil }
        let isLatin = words.contains("LATIN") || first == "MATHEMATICAL" || first == "REGIONAL"
        let head = words.firstIndex(of: "WITH").map { words[..<$0] } ?? words[...]
        if let digit = head.last.flatMap({ digits[String($0)] }), isLatin || words.contains("DIGIT") { return digit }
        guard isLatin, let last = head.last, last.unicodeScalars.count == 1,
            let letter = last.lowercased().unicodeScalars.first
        else { return nil }
        return letter
    }

    private static let digits: [String: Unicode.Scalar] = [
        "ZERO": "0", "ONE": "1", "TWO": "2", "THREE": "3", "FOUR": "4", "FIVE": "5", "SIX": "6", "SEVEN": "7",
        "EIGHT": "8", "NINE": "9",
    ]

    /// Digits and signs that are written for letters, and letters of other scripts that look like Latin ones. `i`, `l` and
    /// `1` are one.
    private static let lookalikes: [Unicode.Scalar: Unicode.Scalar] = {
        var all: [Unicode.Scalar: Unicode.Scalar] = [:]
        let pairs: [(strange: String, latin: String)] = [
            ("01345789@$!|€", "oieastbgasiie"),
            // Latin letters of phonetic alphabets and of other languages; Ə stays what it is in names of Azerbaijan.
            ("ɑɐɒɓɔɕɖɗɛɜɡɠɢɣɦɨɩɪɫɬɭɱɲɳɴɵɹɾʀʂʃʈʉʊʋʏʐƖƀꞮ", "aaabocddeegggyhiiilllmnnnorrrsstuuvyzibi"),
            // Cyrillic, small and capital.
            ("авеёзіїјкмнорстуѕхһԁԛԝӏьпгчц", "abeezlljkmhopctysxhdqwlbnrqu"),
            ("АВЕЁЗІЇЈКМНОРСТУЅХҺԀԚԜӀПГЦ", "abeezlljkmhopctysxhdqwlnru"),
            // Greek.
            ("αβγεζηικμνορστυχωϲϳ", "abyeznikuvopotuxwcj"), ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ", "abezhikmnoptyxc"),
            // Armenian, Cherokee, Coptic, Lisu: those that serve for the words above.
            ("օոսհաքյցզ", "onuhwpjgq"), ("ᎪᎠᎷᎥᏞᎡᏀᏟᎬᎻᏢᏚᎢᏙᏴᏒ", "adminrgcehpstvbr"), ("ⲁⲃⲇⲉⲓⲕⲙⲛⲟⲣⲥⲧ", "abdeikmnopct"),
            ("ꓮꓓꓟꓲꓠꓳꓣꓢꓔꓚꓑꓴꓰꓬ", "admlnorstcpuey"),
        ]
        for (strange, latin) in pairs {
            for (one, other) in zip(strange.unicodeScalars, latin.unicodeScalars) { all[one] = other }
        }
        // Whatever looks like an `l` at last.
        for (one, other) in all where other == "i" { all[one] = "l" }
        all["i"] = "l"
        return all
    }()
}
