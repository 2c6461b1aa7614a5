import HTTP
import Issuers
import Testing

@Suite("Why keys could not be fetched")
struct KeyFetchFailureTests {
    /// In the order of docs/health.md.
    private static let found: [(KeyFetchFailure, word: String, isMisconduct: Bool)] = [
        (.badStatus, "bad_status", false), (.redirected, "redirected", true),
        (.wrongContentType, "wrong_content_type", true), (.metadataNotJSON, "metadata_not_json", true),
        (.wrongIssuer, "wrong_issuer", true), (.missingKeySetURL, "missing_jwks_uri", true),
        (.forbiddenKeySetURL, "forbidden_jwks_uri", true),
        (.missingIntrospectionURL, "missing_introspection_endpoint", true),
        (.forbiddenIntrospectionURL, "forbidden_introspection_endpoint", true), (.badKeySet, "bad_key_set", true),
        (.tooManyKeys, "too_many_keys", true), (.noUsableKey, "no_usable_key", true),
    ]

    @Test("each has a word of its own, and without an answer it is the transport's")
    func words() {
        for (failure, word, isMisconduct) in Self.found {
            #expect(failure.word == word)
            #expect(failure.isMisconduct == isMisconduct, "\(word)")
        }
        for failure in OutgoingFailure.allCases {
            #expect(KeyFetchFailure.noAnswer(failure).word == failure.rawValue)
            #expect(
                KeyFetchFailure.noAnswer(failure).isMisconduct == [.tooLarge, .forbiddenAddress].contains(failure),
                "\(failure)")
        }
        let words = Self.found.map(\.word) + OutgoingFailure.allCases.map(\.rawValue)
        #expect(Set(words).count == words.count)
    }
}
