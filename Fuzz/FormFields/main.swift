import HTTP

/// Reads the input as a form, writes the form again with every octet escaped, and reads that.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: data, count: count))
    guard octets.count < 8_192, let form = try? FormFields(octets) else { return 0 }
    let text = form.pairs.map { "\(escaped($0.name))=\(escaped($0.value))" }.joined(separator: "&")
    guard let again = try? FormFields(Array(text.utf8)) else { preconditionFailure("what was written is refused") }
    precondition(again.pairs.count == form.pairs.count)
    for (one, other) in zip(form.pairs, again.pairs) {
        precondition(one.name.utf8.elementsEqual(other.name.utf8) && one.value.utf8.elementsEqual(other.value.utf8))
    }
    return 0
}

func escaped(_ text: String) -> String {
    var writer = ByteWriter()
    for octet in text.utf8 {
        writer.append("%")
        writer.append(hexOf: [octet])
    }
    return String(decoding: writer.bytes, as: UTF8.self)
}
