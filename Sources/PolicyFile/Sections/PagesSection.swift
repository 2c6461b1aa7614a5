import Policy
import Texts

/// What `login` says about how the pages for users are shown.
struct PagesSection {
    let context: ReadingContext
    let files: FileChecks

    func read(_ login: MappingReader) -> PageSettings {
        var settings = PageSettings()
        var others: [Language] = []
        var seen: Set<String> = []
        if let reader = login.nested("languages") {
            reader.refuseEmpty("a language and its file, as in {fr: texts/fr.yaml}")
            for entry in reader.entries {
                let tag = Located(value: entry.key, position: entry.position)
                guard isTag(tag, &seen, reader), let path = reader.value(of: entry.value, entry.key, .path)
                else { continue }
                settings.files.append(context.path(path.value))
                if let language = LanguageFile(context: context, files: files).read(tag.value, path) {
                    others.append(language)
                }
            }
        }
        let fallback = login.value("default_language", .text)
        settings.languages = Languages(others: others, fallback: fallback?.value)
        if let fallback, !settings.languages.has(fallback.value) {
            login.error(
                .unknownReference, at: "default_language",
                "\"default_language\" in \(login.name): found \(Shown.value(fallback.value)), and pages are shown in "
                    + settings.languages.all.map(\.tag).joined(separator: ", "))
        }
        if let read = BrandSection(context: context, files: files).read(login) {
            settings.brand = read.brand
            settings.files += read.files
        }
        return settings
    }

    private func isTag(_ tag: Located<String>, _ seen: inout Set<String>, _ reader: MappingReader) -> Bool {
        guard Language.isTag(tag.value) else {
            reader.findings.error(
                .badValue, at: tag.position,
                "\(reader.name): found \(Shown.value(tag.value)), expected the tag of a language such as fr or pt-BR (BCP 47)"
            )
            return false
        }
        guard seen.insert(tag.value.lowercased()).inserted else {
            reader.findings.error(
                .duplicateName, at: tag.position, "\(reader.name) has the language \(Shown.value(tag.value)) twice")
            return false
        }
        return true
    }
}

/// A file with the texts of pages in one language.
struct LanguageFile {
    static let bytesMax = 262_144
    /// Characters of one text.
    static let textCharactersMax = 1_000
    /// How many texts that are missing are named.
    private static let namedMax = 3

    let context: ReadingContext
    let files: FileChecks

    /// nil: it cannot be used; the findings say why, those about what stands in it with its own name and line.
    func read(_ tag: String, _ path: Located<String>) -> Language? {
        guard files.isReadable(path, "file of texts") else { return nil }
        let octets: [UInt8]
        switch context.files.read(context.path(path.value), bytesMax: Self.bytesMax) {
        case .success(let read): octets = read
        case .failure:
            context.findings.error(
                .fileTooLarge, at: path.position,
                "file of texts \(Shown.value(path.value)) cannot be read, or is larger than 256 KiB")
            return nil
        }
        let own = FindingCollector(file: context.path(path.value))
        defer { for finding in own.sorted { context.findings.add(finding) } }
        guard let document = DocumentParser(findings: own, needed: "texts, as in login: {title: …}").parse(octets),
            let reader = MappingReader(document, name: "the file", findings: own)
        else { return nil }
        var texts: [String: [String: String]] = [:]
        for (page, sentences) in TextCatalogue.sentences.sorted(by: { $0.key < $1.key }) {
            texts[page] = reader.nested(page).map { read($0, sentences) }
        }
        reader.finish()
        guard !own.hasErrors else { return nil }
        note(missing: texts, tag, path)
        return Language(tag: tag, texts: texts)
    }

    private func read(_ reader: MappingReader, _ sentences: [String: Sentence]) -> [String: String] {
        var texts: [String: String] = [:]
        for (name, sentence) in sentences.sorted(by: { $0.key < $1.key }) {
            guard let text = reader.value(name, .sentence) else { continue }
            let found = SentencePieces(text.value).places
            let expected = SentencePieces(sentence.english).places
            guard found == expected else {
                reader.findings.error(
                    .badValue, at: text.position,
                    "\"\(name)\" in \(reader.name) must have \(Self.list(expected)), as in \(Shown.value(sentence.english)); found \(Self.list(found))"
                )
                continue
            }
            texts[name] = text.value
        }
        reader.finish()
        return texts
    }

    private static func list(_ places: Set<String>) -> String {
        places.isEmpty ? "no {…}" : places.sorted().map { "{\($0)}" }.joined(separator: " and ")
    }

    /// Whoever changes a few words of a language that is built in leaves out the others.
    private func note(missing texts: [String: [String: String]], _ tag: String, _ path: Located<String>) {
        let nearest = Language.nearest(to: tag)
        guard tag.lowercased().split(separator: "-").first.map(String.init) != nearest.tag else { return }
        let there = Set(texts.flatMap { page, texts in texts.keys.map { page + "." + $0 } })
        let missing = TextCatalogue.names.filter { !there.contains($0) }
        guard !missing.isEmpty else { return }
        context.findings.warning(
            .missingText, at: path.position,
            "file of texts \(Shown.value(path.value)) has no "
                + missing.prefix(Self.namedMax).joined(separator: ", ")
                + (missing.count > Self.namedMax ? " and others" : "")
                + "; they are shown in English")
    }
}

extension ValueKind where Value == String {
    /// A sentence of a page.
    fileprivate static var sentence: ValueKind {
        ValueKind("a sentence") { scalar throws(ValueProblem) in
            let text = try text.parse(scalar)
            guard text.count <= LanguageFile.textCharactersMax else {
                throw ValueProblem("expected \(LanguageFile.textCharactersMax) characters at most")
            }
            return text
        }
    }
}
