/// Times that a route has of its own; nil: those of its upstream, or of all routes (`Timeouts`).
package struct RouteTimeouts: Sendable, Equatable {
    /// From a request's last octet to its answer's first one: a long poll needs more than other requests.
    package var firstByte: Duration?
    /// No octet of an answer moves.
    package var answerStall: Duration?
    /// No octet of an answer moves that is an event stream (`text/event-stream`).
    package var eventStreamIdle: Duration?
    /// A tunnel (WebSocket) without an octet in either direction.
    package var tunnelIdle: Duration?
    /// Octets a second of a body in the long run; 0: as slowly as its client likes.
    package var bodyRateMin: Int?
    /// A body in all; nil within: no bound.
    package var bodyTotal: Duration??
    /// Octets a second of an answer in the long run.
    package var answerRateMin: Int?
    /// An answer in all; nil within: no bound.
    package var answerTotal: Duration??
    /// By how much a client may fall behind these rates.
    package var rateGrace: Duration?
    package init() {}
}
