import HTTP

/// Reads the input as a request head and as an answer's head, in several ways that must agree.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: data, count: count))
    let limits = HeadLimits(headBytesMax: 2_048, fieldsMax: 12, targetBytesMax: 512)
    let cut = octets.isEmpty ? 0 : Int(octets[0]) % (octets.count + 1)
    let whole = request(octets, ends: [octets.count], limits: limits)
    precondition(
        request(octets, ends: [cut, octets.count], limits: limits) == whole, "two pieces differ from the whole")
    precondition(
        answer(octets, ends: [cut, octets.count], limits: limits)
            == answer(octets, ends: [octets.count], limits: limits))
    if octets.count <= 256 {
        precondition(
            request(octets, ends: Array(0...octets.count), limits: limits) == whole,
            "octet by octet differs from the whole")
    }
    return 0
}

func request(_ octets: [UInt8], ends: [Int], limits: HeadLimits) -> String {
    var parser = HeadParser(limits: limits)
    var head = RequestHead()
    for end in ends {
        do throws(HeadError) {
            let piece = Array(octets[..<end])
            guard let used = try parser.parseRequest(piece.span, into: &head) else { continue }
            precondition(used > 0 && used <= piece.count)
            check(head)
            let fields = head.fields.map {
                "\(head.text($0.name)):\(head.text($0.value)):\($0.known):\(head.isNominatedByConnection($0))"
            }
            return
                "\(used) \(head.text(head.path)) \(head.text(head.host)) \(head.framing) \(head.keepAlive) \(head.pathFeatures) \(fields)"
        } catch {
            for slice in [head.methodText, head.target] { _ = head.text(slice) }
            return "\(error)"
        }
    }
    return "unfinished"
}

func answer(_ octets: [UInt8], ends: [Int], limits: HeadLimits) -> String {
    var parser = HeadParser(limits: limits)
    var head = ResponseHead()
    for end in ends {
        do throws(HeadError) {
            let piece = Array(octets[..<end])
            guard let used = try parser.parseResponse(piece.span, into: &head) else { continue }
            precondition((100...599).contains(head.status))
            let framing = (try? head.framing(answering: .get)).map { "\($0)" } ?? "refused"
            return "\(used) \(head.status) \(framing) \(head.keepAlive) \(head.fieldCount)"
        } catch {
            return "\(error)"
        }
    }
    return "unfinished"
}

/// What everything behind the parser relies on.
func check(_ head: RequestHead) {
    let path = Array(head.octets(head.path))
    if head.text(head.path) != "*" {
        guard let again = try? PathNormaliser.normalised(path) else { preconditionFailure("a judged path is refused") }
        precondition(again.path == path, "a judged path is not stable")
        precondition(again.features.isSubset(of: head.pathFeatures), "a judged path hides a feature")
    }
    precondition(path.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    precondition(!head.host.isEmpty && head.octets(head.host).allSatisfy { $0 < 0x80 && !(0x41...0x5A).contains($0) })
    precondition(head.count(.host) == 1 && head.count(.contentLength) <= 1 && head.count(.transferEncoding) <= 1)
    precondition(head.count(.contentLength) + head.count(.transferEncoding) <= 1)
    for field in head.fields {
        precondition(!field.name.isEmpty)
        precondition(head.octets(field.value).allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
    }
}
