/// Field names that the gateway has a use for; recognised while a head is parsed, so that nobody compares names later.
///
/// Only the name in its registered spelling counts, in any letter case: `Content_Length` is `other`.
package enum KnownField: UInt8, Sendable, Equatable, CaseIterable {
    case other = 0
    // Framing and connection (RFC 9112, RFC 9110 §7).
    case host, connection, contentLength, transferEncoding, expect, upgrade, te, trailer, keepAlive, proxyConnection
    case http2Settings
    // Credentials.
    case authorization, proxyAuthorization, proxyAuthenticate, wwwAuthenticate, dpop, cookie, setCookie
    // Where a request came from and what it belongs to.
    case forwarded, xForwardedFor, xForwardedProto, xForwardedHost, xForwardedPort, xForwardedServer, xForwardedPrefix
    case xRealIP, via, maxForwards, traceparent, tracestate, baggage, requestID
    // Content and the rest.
    case date, server, userAgent, accept, acceptEncoding, acceptLanguage, contentType, contentEncoding, contentRange,
        range
    case origin, referer, location, cacheControl, etag, lastModified, vary, retryAfter, rateLimit, rateLimitPolicy

    /// The name in lower case; empty for `other`.
    package var name: StaticString {
        switch self {
        case .other: ""
        case .host: "host"
        case .connection: "connection"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .expect: "expect"
        case .upgrade: "upgrade"
        case .te: "te"
        case .trailer: "trailer"
        case .keepAlive: "keep-alive"
        case .proxyConnection: "proxy-connection"
        case .http2Settings: "http2-settings"
        case .authorization: "authorization"
        case .proxyAuthorization: "proxy-authorization"
        case .proxyAuthenticate: "proxy-authenticate"
        case .wwwAuthenticate: "www-authenticate"
        case .dpop: "dpop"
        case .cookie: "cookie"
        case .setCookie: "set-cookie"
        case .forwarded: "forwarded"
        case .xForwardedFor: "x-forwarded-for"
        case .xForwardedProto: "x-forwarded-proto"
        case .xForwardedHost: "x-forwarded-host"
        case .xForwardedPort: "x-forwarded-port"
        case .xForwardedServer: "x-forwarded-server"
        case .xForwardedPrefix: "x-forwarded-prefix"
        case .xRealIP: "x-real-ip"
        case .via: "via"
        case .maxForwards: "max-forwards"
        case .traceparent: "traceparent"
        case .tracestate: "tracestate"
        case .baggage: "baggage"
        case .requestID: "x-request-id"
        case .date: "date"
        case .server: "server"
        case .userAgent: "user-agent"
        case .accept: "accept"
        case .acceptEncoding: "accept-encoding"
        case .acceptLanguage: "accept-language"
        case .contentType: "content-type"
        case .contentEncoding: "content-encoding"
        case .contentRange: "content-range"
        case .range: "range"
        case .origin: "origin"
        case .referer: "referer"
        case .location: "location"
        case .cacheControl: "cache-control"
        case .etag: "etag"
        case .lastModified: "last-modified"
        case .vary: "vary"
        case .retryAfter: "retry-after"
        case .rateLimit: "ratelimit"
        case .rateLimitPolicy: "ratelimit-policy"
        }
    }

    /// Concerns one connection only and is never passed on (RFC 9110 §7.6.1).
    package var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .te, .trailer,
            .transferEncoding, .upgrade, .http2Settings:
            true
        case .other, .host, .contentLength, .expect, .authorization, .wwwAuthenticate, .dpop, .cookie, .setCookie,
            .forwarded, .xForwardedFor, .xForwardedProto, .xForwardedHost, .xForwardedPort, .xForwardedServer,
            .xForwardedPrefix, .xRealIP, .via, .maxForwards, .traceparent, .tracestate, .baggage, .requestID, .date,
            .server,
            .userAgent, .accept, .acceptEncoding, .acceptLanguage, .contentType, .contentEncoding, .contentRange,
            .range,
            .origin, .referer, .location, .cacheControl, .etag, .lastModified, .vary, .retryAfter, .rateLimit,
            .rateLimitPolicy:
            false
        }
    }
}
