import HTTP
import JOSE
import JSON

/// What is wanted of an issuer's metadata (RFC 8414 §2, OpenID Connect Discovery §3).
struct IssuerMetadata {
    /// nil: it was not wanted.
    let keySet: AbsoluteURL?
    /// Where the issuer is asked about tokens; nil: it was not wanted.
    let introspection: AbsoluteURL?
    let provider: Result<ProviderEndpoints, ProviderEndpointsFault>

    private static let limits = JSONLimits(bytesMax: JWKSet.bytesMax, depthMax: 16, membersMax: 8_192)

    init(_ answer: OutgoingAnswer, of source: KeySource) throws(KeyFetchFailure) {
        try answer.check(types: ["application/json"])
        guard let document = try? JSON.parse(answer.body, limits: Self.limits), let members = document.object else {
            throw .metadataNotJSON
        }
        guard let issuer = members["issuer"]?.string, issuer.utf8.elementsEqual(source.identifier.utf8) else {
            throw .wrongIssuer
        }
        keySet =
            source.wantsKeys ? try Self.url(members["jwks_uri"], source, .missingKeySetURL, .forbiddenKeySetURL) : nil
        introspection =
            source.wantsIntrospection
            ? try Self.url(
                members["introspection_endpoint"], source, .missingIntrospectionURL, .forbiddenIntrospectionURL)
            : nil
        do throws(ProviderEndpointsFault) {
            provider = .success(try ProviderEndpoints(members, of: source))
        } catch {
            provider = .failure(error)
        }
    }

    private static func url(
        _ member: JSON?, _ source: KeySource, _ missing: KeyFetchFailure, _ forbidden: KeyFetchFailure
    ) throws(KeyFetchFailure) -> AbsoluteURL {
        guard let text = member?.string else { throw missing }
        guard let url = AbsoluteURL(text), source.allows(url) else { throw forbidden }
        return url
    }
}

/// An answer that is to hold a JWK Set (RFC 7517 §5).
struct KeySetAnswer {
    let keys: JWKSet

    /// - Parameter types: media types that count besides those of RFC 7517 §8.5.
    init(_ answer: OutgoingAnswer, types: [String] = []) throws(KeyFetchFailure) {
        try answer.check(types: ["application/json", "application/jwk-set+json"] + types)
        let set: JWKSet
        do throws(KeyError) { set = try JWKSet.parse(answer.body) } catch {
            switch error {
            case .setTooLarge: throw .noAnswer(.tooLarge)
            case .tooManyKeys: throw .tooManyKeys
            case .setNotJSON, .noKeysArray, .notObject, .badMember, .unknownKeyType, .unknownCurve, .unknownAlgorithm,
                .algorithmMismatch, .notForSignatures, .inconsistentUse, .symmetric, .privateKey, .badNumbers,
                .rsaTooSmall, .rsaTooLarge, .badExponent, .guessablePrimes, .badPEM, .signingFailed:
                throw .badKeySet
            }
        }
        guard !set.keys.isEmpty else { throw .noUsableKey }
        keys = set
    }
}

extension OutgoingAnswer {
    /// 200, of one of these media types, 1 MiB at most. A redirect is not followed: it leads where nobody configured.
    fileprivate func check(types: [String]) throws(KeyFetchFailure) {
        if (300..<400).contains(status) { throw .redirected }
        guard status == 200 else { throw .badStatus }
        guard body.count <= JWKSet.bytesMax else { throw .noAnswer(.tooLarge) }
        guard isOf(types: types) else { throw .wrongContentType }
    }
}
