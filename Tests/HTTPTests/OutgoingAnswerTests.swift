import HTTP
import Testing

@Suite("Answers to requests of the process's own")
struct OutgoingAnswerTests {
    @Test(
        "the media type counts without its parameters, in whatever case",
        arguments: [
            ("application/json", true), ("Application/JSON; charset=utf-8", true),
            ("application/json;charset=utf-8", true),
            ("application/json ; q=1", true), ("application/jsonx", false), ("text/html", false), ("", false),
            (nil, false), ("application/jwk-set+json", true),
        ] as [(String?, Bool)])
    func mediaType(type: String?, isRight: Bool) {
        let answer = OutgoingAnswer(status: 200, contentType: type, body: [])
        #expect(answer.isOf(types: ["application/json", "application/jwk-set+json"]) == isRight)
    }

    @Test("the words of failures are those of health, the log and the documents")
    func words() {
        #expect(
            OutgoingFailure.allCases.map(\.rawValue) == [
                "unreachable", "tls_failed", "timeout", "too_large", "forbidden_address", "bad_answer", "bad_settings",
            ])
    }
}
