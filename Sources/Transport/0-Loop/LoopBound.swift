import NIOCore

/// Something that belongs to one event loop, held by others: it is reached on its loop only.
package struct LoopBound<Value>: Sendable {
    /// Position of its loop among the loops.
    package let loop: Int
    private let bound: NIOLoopBound<Value>

    fileprivate init(_ value: Value, on loop: TransportLoop) {
        self.loop = loop.index
        bound = NIOLoopBound(value, eventLoop: loop.eventLoop)
    }

    /// Runs on the loop, in one of its next turns.
    package func execute(_ work: @escaping @Sendable (Value) -> Void) {
        let bound = bound
        bound.eventLoop.execute { work(bound.value) }
    }
}

extension TransportLoop {
    /// Lends something that lives on this loop. Called on it.
    package func lend<Value>(_ value: Value) -> LoopBound<Value> { LoopBound(value, on: self) }
}
