import HTTP

/// What came of reading a head: the head and how many octets it had, or why not, or nothing yet.
enum Outcome: Equatable, CustomStringConvertible {
    case read(count: Int, summary: String)
    case refused(HeadError)
    case unfinished

    var error: HeadError? { if case .refused(let error) = self { error } else { nil } }

    var description: String {
        switch self {
        case .read(let count, let summary): "read \(count): \(summary)"
        case .refused(let error): "refused: \(error)"
        case .unfinished: "unfinished"
        }
    }
}

extension RequestHead {
    /// Everything that was understood, as text.
    var summary: String {
        let lines = fields.map {
            "\(text($0.name))=\(text($0.value)) \($0.known) \($0.foldedHash) \($0.irregular) \(isNominatedByConnection($0))"
        }
        return """
            \(method) \(text(methodText)) \(text(target)) \(isHTTP10) \(String(describing: targetScheme)) host \(text(host)) \
            port \(String(describing: port)) path \(text(path)) query \(query.map(text) ?? "-") \(pathFeatures.rawValue) \(framing) \
            \(keepAlive) \(expectsContinue) \(upgrade.map(text) ?? "-") \(lines)
            """
    }
}

extension ResponseHead {
    var summary: String {
        let lines = fields.map { "\(text($0.name))=\(text($0.value)) \($0.known)" }
        let framing = (try? framing(answering: .get)).map { "\($0)" } ?? "refused"
        return "\(status) \(isHTTP10) \(keepAlive) \(framing) \(lines)"
    }
}

/// Reads one request head, all of it at once.
func read(_ text: String, limits: HeadLimits = HeadLimits()) throws(HeadError) -> RequestHead {
    var parser = HeadParser(limits: limits)
    var head = RequestHead()
    guard try parser.parseRequest(Array(text.utf8).span, into: &head) != nil else { throw .badRequestLine }
    return head
}

/// Reads one answer's head, all of it at once.
func readAnswer(_ text: String) throws(HeadError) -> ResponseHead {
    var parser = HeadParser(limits: HeadLimits())
    var head = ResponseHead()
    guard try parser.parseResponse(Array(text.utf8).span, into: &head) != nil else { throw .badStatusLine }
    return head
}

/// Reads a request head from octets that arrive in pieces ending at each of `ends`, the last of which is the whole.
func outcome(_ octets: [UInt8], ends: some Sequence<Int>, limits: HeadLimits = HeadLimits()) -> Outcome {
    var parser = HeadParser(limits: limits)
    var head = RequestHead()
    for end in ends {
        do throws(HeadError) {
            let piece = Array(octets[..<end])
            if let count = try parser.parseRequest(piece.span, into: &head) {
                return .read(count: count, summary: head.summary)
            }
        } catch {
            return .refused(error)
        }
    }
    return .unfinished
}

/// The same for an answer's head.
func answerOutcome(_ octets: [UInt8], ends: some Sequence<Int>) -> Outcome {
    var parser = HeadParser(limits: HeadLimits())
    var head = ResponseHead()
    for end in ends {
        do throws(HeadError) {
            let piece = Array(octets[..<end])
            if let count = try parser.parseResponse(piece.span, into: &head) {
                return .read(count: count, summary: head.summary)
            }
        } catch {
            return .refused(error)
        }
    }
    return .unfinished
}

/// Fields as HTTP/1.1 writes them.
func lines(_ fields: FieldList) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(lines: fields)
    return writer.bytes
}

/// Texts of tables, with one character for each octet (`\u{e9}` is the octet 0xE9, not its UTF-8).
func latin1(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}

/// Random numbers that are the same in every run (SplitMix64).
struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
