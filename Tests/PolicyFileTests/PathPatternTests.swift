import HTTP
import Policy
import Testing

@testable import PolicyFile

/// Two modules must agree on what a normalised path is: `HTTP` makes it of a request, this one accepts it in a pattern.
@Suite("Path patterns and the paths of requests")
struct PathPatternTests {
    /// What a request for this target becomes, or nil when it is refused.
    private func normalised(_ target: String) throws -> (path: String, features: PathFeatures)? {
        let octets = Array("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var parser = HeadParser()
        var head = RequestHead()
        do throws(HeadError) {
            guard try parser.parseRequest(octets.span, into: &head) != nil else { return nil }
        } catch {
            return nil
        }
        return (head.text(head.path), head.pathFeatures)
    }

    private func reading(_ path: String, allowing features: PathFeatures) -> PolicyReading {
        let allowed = features.isEmpty ? "" : ", allow_path: [\(PathName.names(of: features).joined(separator: ", "))]"
        let quoted = path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return Sample.read(
            Sample.top
                + "routes:\n  - {id: a, match: {path: \"\(quoted)\"}, public: true, upstream: orders\(allowed)}\n")
    }

    @Test("every octet, escaped, in a request's path: what becomes of it can stand in a pattern, and only that")
    func everyOctet() throws {
        for octet in 0...255 {
            let hex = String(octet, radix: 16)
            let target = "/x%\(hex.count == 1 ? "0" + hex : hex)y"
            guard let (path, features) = try normalised(target) else {
                #expect(reading(target, allowing: []).policy == nil, "\(target)")
                continue
            }
            let policy = reading(path, allowing: features).policy
            #expect(policy?.routes.first?.match.path.segments == [.literal(String(path.dropFirst()))], "\(target)")
            if path != target { #expect(reading(target, allowing: features).policy == nil, "\(target)") }
            if !features.isEmpty { #expect(reading(path, allowing: []).policy == nil, "\(target)") }
        }
    }

    @Test("every printable character, as it is")
    func everyCharacter() throws {
        // The star stands for nothing in a pattern and is refused, lest somebody think it does; so are braces.
        for octet in UInt8(0x21)...0x7E
        where octet != UInt8(ascii: "*") && octet != UInt8(ascii: "/") && octet != UInt8(ascii: "?") {
            let target = "/x\(Character(Unicode.Scalar(octet)))y"
            guard let (path, features) = try normalised(target) else {
                #expect(reading(target, allowing: []).policy == nil, "\(target)")
                continue
            }
            #expect(reading(path, allowing: features).policy != nil, "\(target)")
        }
    }

    @Test(
        "irregular paths as they are after normalisation",
        arguments: [
            "/a/../b", "/a//b", "/a/./", "/%2e%2e/a", "/caf\u{E9}", "/a;v=1/b", "/a%2fb", "/a%5cb", "//", "/", "/a/",
        ])
    func irregular(_ target: String) throws {
        guard let (path, features) = try normalised(target) else { return }
        #expect(reading(path, allowing: features).policy != nil, "\(path)")
    }
}
