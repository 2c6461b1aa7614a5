import JOSE

extension JOSEError {
    /// What the gateway says about a token that JOSE does not accept.
    var refusalCode: RefusalCode {
        switch self {
        case .malformed: .malformedToken
        case .tooComplex: .tokenTooComplex
        case .unsupportedAlgorithm: .unsupportedAlgorithm
        case .noKey: .unknownKey
        case .badSignature: .badSignature
        }
    }
}
