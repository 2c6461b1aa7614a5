/// Somebody in line for a stream.
final class UpstreamWaiter: Timed {
    /// nil: nobody waits here any more.
    private var delegate: (any UpstreamStreamDelegate)?
    private let pool: UpstreamPool
    private let fresh: Bool

    init(delegate: any UpstreamStreamDelegate, pool: UpstreamPool, fresh: Bool) {
        self.fresh = fresh
        self.delegate = delegate
        self.pool = pool
    }

    /// The delegate does not want a stream any more, and hears nothing.
    func cancel() {
        delegate = nil
        pool.left(self)
    }

    func serve(_ stream: any UpstreamStream) {
        guard let delegate else { return }
        self.delegate = nil
        pool.loop.deadlines.remove(self)
        delegate.upstreamConnected(stream)
        delegate.flushUpstream()
    }

    func fail(_ reason: ForwardFailure.Reason, detail: UpstreamFailure? = nil) {
        guard let delegate else { return }
        self.delegate = nil
        pool.left(self)
        delegate.upstreamFailed(reason, detail: detail, onReusedConnection: false)
    }

    /// In line behind connections that are all busy, the endpoint is not to blame; otherwise it could not be reached.
    override func deadlineReached(now: Int64) {
        fail(fresh ? .connectTimeout : pool.reasonToWait)
    }
}
