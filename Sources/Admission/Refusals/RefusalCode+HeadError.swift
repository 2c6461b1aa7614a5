package import HTTP

extension RefusalCode {
    /// The code for a head or a body that is not HTTP as it must be: one for each word of `HeadError.code`.
    package init(_ error: HeadError) {
        self =
            switch error {
            case .unsupportedVersion: .versionNotSupported
            case .connectMethod: .methodNotSupported
            case .targetTooLong: .targetTooLong
            case .headTooLarge, .tooManyFields: .headTooLarge
            case .badExpectation: .expectationFailed
            case .badPath: .badPath
            case .missingHost, .repeatedHost, .badHost, .hostMismatch: .badHost
            case .badRequestLine, .badTarget, .badStatusLine, .bareLineEnd, .obsoleteFolding, .badFieldName,
                .badFieldValue,
                .badContentLength, .repeatedContentLength, .lengthAndTransferEncoding, .badTransferEncoding,
                .transferEncodingInHTTP10, .transferEncodingWithoutBody, .badConnection, .badChunk, .chunkOverhead,
                .badTrailers:
                .badFraming
            }
    }
}
