/// Why octets are not a head, or a body not well framed. After any of them the connection cannot be used again: nobody
/// knows where the next message begins.
package enum HeadError: Error, Equatable, Sendable, CaseIterable {
    case badRequestLine
    case unsupportedVersion
    case connectMethod
    case badTarget
    case targetTooLong
    case badPath
    case badStatusLine
    case bareLineEnd
    case obsoleteFolding
    case badFieldName
    case badFieldValue
    case headTooLarge
    case tooManyFields
    case missingHost
    case repeatedHost
    case badHost
    case hostMismatch
    case badContentLength
    case repeatedContentLength
    case lengthAndTransferEncoding
    case badTransferEncoding
    case transferEncodingInHTTP10
    case transferEncodingWithoutBody
    case badConnection
    case badExpectation
    case badChunk
    case chunkOverhead
    case badTrailers

    /// The status of the answer that says so.
    package var status: Int {
        switch self {
        case .unsupportedVersion: 505
        case .connectMethod: 501
        case .targetTooLong: 414
        case .headTooLarge, .tooManyFields: 431
        case .badExpectation: 417
        case .badRequestLine, .badTarget, .badPath, .badStatusLine, .bareLineEnd, .obsoleteFolding, .badFieldName,
            .badFieldValue, .missingHost, .repeatedHost, .badHost, .hostMismatch, .badContentLength,
            .repeatedContentLength, .lengthAndTransferEncoding, .badTransferEncoding, .transferEncodingInHTTP10,
            .transferEncodingWithoutBody, .badConnection, .badChunk, .chunkOverhead,
            .badTrailers:
            400
        }
    }

    /// The stable word for clients, records and counters.
    package var code: StaticString {
        switch self {
        case .unsupportedVersion: "version_not_supported"
        case .connectMethod: "method_not_supported"
        case .targetTooLong: "target_too_long"
        case .headTooLarge, .tooManyFields: "head_too_large"
        case .badExpectation: "expectation_failed"
        case .badPath: "bad_path"
        case .missingHost, .repeatedHost, .badHost, .hostMismatch: "bad_host"
        case .badRequestLine, .badTarget, .badStatusLine, .bareLineEnd, .obsoleteFolding, .badFieldName, .badFieldValue,
            .badContentLength, .repeatedContentLength, .lengthAndTransferEncoding, .badTransferEncoding,
            .transferEncodingInHTTP10, .transferEncodingWithoutBody, .badConnection,
            .badChunk, .chunkOverhead, .badTrailers:
            "bad_framing"
        }
    }

    /// One fixed sentence.
    package var reason: StaticString {
        switch self {
        case .badRequestLine: "The request line is not a method, a target and a version with one space between each."
        case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .connectMethod: "CONNECT is not offered."
        case .badTarget: "The request target is not a path, nor an http or https URI."
        case .targetTooLong: "The request target is too long."
        case .badPath: "The path has a character or an escape that is never accepted, or climbs above the root."
        case .badStatusLine: "The status line is not a version, a status from 100 to 599 and a reason."
        case .bareLineEnd: "A line does not end with CR LF, or has one of them in its middle."
        case .obsoleteFolding: "A field line begins with white space."
        case .badFieldName: "A field name is empty, has a character that no name may have, or space before its colon."
        case .badFieldValue: "A field value has a control character."
        case .headTooLarge: "The header section is too large."
        case .tooManyFields: "The header section has too many fields."
        case .missingHost: "The Host field is missing."
        case .repeatedHost: "The Host field was sent more than once."
        case .badHost: "The Host field is not a host name or IP address with an optional port."
        case .hostMismatch: "The Host field and the request target name different hosts."
        case .badContentLength: "Content-Length is not a number of octets."
        case .repeatedContentLength: "Content-Length was sent more than once."
        case .lengthAndTransferEncoding: "Content-Length and Transfer-Encoding were sent together."
        case .badTransferEncoding: "Transfer-Encoding is not exactly chunked, once."
        case .transferEncodingInHTTP10: "Transfer-Encoding was sent with HTTP/1.0."
        case .transferEncodingWithoutBody: "Transfer-Encoding was sent with a status that has no body."
        case .badConnection: "The Connection field is not a list of names."
        case .badExpectation: "The only expectation that can be met is 100-continue."
        case .badChunk: "A chunk is not a hexadecimal size, its octets and CR LF."
        case .chunkOverhead: "The chunks carry more extensions than content."
        case .badTrailers: "The trailer section is malformed or too large."
        }
    }
}
