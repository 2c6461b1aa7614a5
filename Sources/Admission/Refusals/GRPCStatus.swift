/// Status codes of gRPC that a refusal can have (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md), with their
/// numbers as `grpc-status` carries them.
package enum GRPCStatus: UInt8, Sendable, CaseIterable {
    case deadlineExceeded = 4
    case permissionDenied = 7
    case resourceExhausted = 8
    case unimplemented = 12
    case internalError = 13
    case unavailable = 14
    case unauthenticated = 16

    /// The code's name.
    package var word: StaticString {
        switch self {
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .unimplemented: "UNIMPLEMENTED"
        case .internalError: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }
}
