import JSON

/// Reads the input as JSON and writes it again; writes it as a string and reads that.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: data, count: count))
    if let json = try? JSON.parse(octets) {
        let limits = JSONLimits(bytesMax: .max)
        for text in [json.serialized(), json.serialized(pretty: true)] {
            guard let again = try? JSON.parse(text, limits: limits) else {
                preconditionFailure("what was written is refused")
            }
            precondition(again == json, "what was written reads as something else")
        }
    }
    var string: [UInt8] = []
    JSONText.appendEscaped(octets, to: &string)
    guard let read = try? JSON.parse(string, limits: JSONLimits(bytesMax: .max)).string else {
        preconditionFailure("an escaped string is refused")
    }
    precondition(read == String(decoding: octets, as: UTF8.self), "an escaped string reads as something else")
    return 0
}
