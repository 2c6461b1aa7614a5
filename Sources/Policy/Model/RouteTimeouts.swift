/// Times without progress that a route has of its own; nil: those of its upstream, or of all routes (`Timeouts`).
package struct RouteTimeouts: Sendable, Equatable {
    /// From a request's last octet to its answer's first one: a long poll needs more than other requests.
    package var firstByte: Duration?
    /// No octet of an answer moves.
    package var answerStall: Duration?
    /// No octet of an answer moves that is an event stream (`text/event-stream`).
    package var eventStreamIdle: Duration?
    /// A tunnel (WebSocket) without an octet in either direction.
    package var tunnelIdle: Duration?
    package init() {}
}
