import Octets
import Policy

/// `audit`: where the record of every decision goes. Standard output, unless a file is named.
struct AuditSection {
    let context: ReadingContext

    private static let queueBytesDefault = 64 * 1_048_576
    private static let rotateBytesDefault = 100 * 1_048_576
    private static let keepDefault = 10

    func read(_ root: MappingReader) -> AuditSettings {
        let standard = AuditSettings(sink: .standardOutput, whenFull: .refuse, queueBytesMax: Self.queueBytesDefault)
        guard let reader = root.nested("audit", name: "\"audit\"") else { return standard }
        if reader.flag("standard_output"), reader.has("file") {
            reader.error(
                .contradiction, at: "standard_output",
                "\"audit\" has \"file\" and standard_output: true; keep one of them")
        }
        let whenFull = reader.value("on_full", ValueKind<AuditSettings.WhenFull>.word, default: .refuse)
        let queue = reader.value("queue_max", .size(65_536...1_073_741_824), default: Self.queueBytesDefault)
        var settings = AuditSettings(sink: standard.sink, whenFull: whenFull, queueBytesMax: queue)
        if let file = sink(reader, &settings) { settings.sink = file }
        settings.unmatchedPerMinuteMax = reader.value(
            "unmatched_per_minute_max", .number(1...1_000_000), default: settings.unmatchedPerMinuteMax)
        settings.query = reader.flag("query")
        settings.instance = reader.value("instance", .instanceName)?.value
        let secrets = SecretReader(context: context)
        settings.tokenKey = secrets.read(reader, "token_key", octetsMin: AuditSettings.tokenKeyOctetsMin)
        reader.finish()
        return settings
    }

    private func sink(_ audit: MappingReader, _ settings: inout AuditSettings) -> AuditSettings.Sink? {
        guard let reader = audit.nested("file") else { return nil }
        reader.require("path", "write file: {path: var/audit.jsonl}")
        let path = reader.value("path", .path)
        let rotate = reader.value("rotate_at", .size(65_536...1_099_511_627_776), default: Self.rotateBytesDefault)
        let keep = reader.value("keep", .number(1...1_000), default: Self.keepDefault)
        retention(reader, filesBytes: rotate * (keep + 1), &settings)
        reader.finish()
        guard let path else { return nil }
        if case .folder = context.files.status(of: context.path(path.value)) {
            context.findings.error(
                .fileUnreadable, at: path.position, "audit file \(Shown.value(path.value)) is a folder, expected a file"
            )
        }
        return .file(path: context.path(path.value), rotateBytes: rotate, keep: keep)
    }
}

extension ValueKind where Value == String {
    /// What names a process in records: no secret, and nothing that would have to be escaped.
    fileprivate static var instanceName: ValueKind {
        ValueKind("a name of letters, digits, _ - and dots, 64 characters at most") { scalar throws(ValueProblem) in
            let isName = scalar.text.utf8.allSatisfy {
                ASCII.isAlphanumeric($0) || [UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains($0)
            }
            guard isName, !scalar.text.isEmpty, scalar.text.utf8.count <= 64 else {
                throw ValueProblem(
                    "found \(Shown.value(scalar.text)), expected letters, digits, _ - and dots, 64 characters at most")
            }
            return scalar.text
        }
    }
}

extension AuditSection {
    /// How long rotated files are kept, besides their number.
    /// - Parameter filesBytes: octets of the files that are kept in any case.
    private func retention(_ file: MappingReader, filesBytes: Int, _ settings: inout AuditSettings) {
        settings.keepFor = file.value("keep_for", .duration(.seconds(3_600) ... .seconds(3_660 * 86_400)))?.value
        settings.unmatchedKeep = file.value("unmatched_keep", .number(1...1_000), default: settings.unmatchedKeep)
        let diskBytes = file.value("disk_max", .size(131_072...1_125_899_906_842_624), default: settings.diskBytesMax)
        settings.diskBytesMax = max(diskBytes, file.has("disk_max") ? 0 : filesBytes * 2)
        guard settings.diskBytesMax < filesBytes else { return }
        file.error(
            .contradiction, at: "disk_max",
            "\"disk_max\" in \"file\" in \"audit\" is less than \"rotate_at\" times \"keep\" + 1, which are kept in any case; make it larger, or one of these smaller"
        )
    }
}

/// `{file: …}` or `{env: …}`: where a secret lies. A secret that stands in the file itself is refused and not shown.
struct SecretReader {
    let context: ReadingContext

    /// - Parameter octetsMin: a file with less is refused.
    func read(_ owner: MappingReader, _ key: String, octetsMin: Int) -> SecretSource? {
        guard let node = owner.node(key), !node.isRefused else { return nil }
        guard case .mapping(let members) = node.content else {
            context.findings.error(
                .inlineSecret, at: node.position,
                "\"\(key)\" in \(owner.name): a secret cannot stand in this file (not shown here); write {file: PATH} or {env: NAME}"
            )
            return nil
        }
        guard members.count == 1, let member = members.first, ["file", "env"].contains(member.key) else {
            context.findings.error(
                .wrongType, at: node.position,
                "\"\(key)\" in \(owner.name): expected {file: PATH} or {env: NAME}, one of them")
            return nil
        }
        guard let reader = owner.nested(key) else { return nil }
        if let file = reader.value("file", .path) {
            FileChecks(context: context).check(secret: file, octetsMin: octetsMin)
            return .file(context.path(file.value))
        }
        guard let name = reader.value("env", .environmentName) else { return nil }
        if !context.files.isSet(environment: name.value) {
            context.findings.warning(
                .missingSecret, at: name.position,
                "\"\(key)\" in \(owner.name): the environment variable \(name.value) is not set here; set it where the gateway runs, or name a file: {file: PATH}"
            )
        }
        return .environment(name.value)
    }
}

extension ValueKind where Value == String {
    /// The value is not shown when it is no name: it may be the secret.
    static var environmentName: ValueKind {
        ValueKind("a name of an environment variable") { scalar throws(ValueProblem) in
            let isName = scalar.text.utf8.allSatisfy {
                ASCII.isAlphanumeric($0)
                    || $0 == UInt8(ascii: "_")
            }
            guard isName, scalar.text.first?.isNumber == false, scalar.text.utf8.count <= 128,
                !Shown.looksLikeToken(scalar.text)
            else {
                throw ValueProblem("this is not the name of an environment variable (not shown here)")
            }
            return scalar.text
        }
    }
}
