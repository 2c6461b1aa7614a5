import Dispatch
import Glibc
import NIOCore
import NIOPosix

/// Resolves the name of one endpoint for one event loop: for each connection that is opened, and every half a minute while
/// any is open, so that connections to addresses that have left the name are not used on. Never twice at a time: who asks
/// meanwhile gets the same answer.
///
/// The system's resolver blocks, so it runs on a thread of its own.
final class EndpointResolver: Timed {
    /// Nanoseconds from one question to the next while connections are open.
    static let intervalNanoseconds: Int64 = 30_000_000_000

    typealias LookUp = @Sendable (_ host: String, _ port: Int) throws -> [SocketAddress]
    /// Runs something that blocks.
    typealias Offload = (@escaping @Sendable () -> Void) -> Void

    let host: String
    let port: Int
    private let loop: TransportLoop
    private let lookUp: LookUp
    private let offload: Offload
    private var isAsking = false
    private var waiting: [EventLoopPromise<[SocketAddress]>] = []
    /// Hears each answer.
    var onAnswer: ((_ addresses: [SocketAddress], _ now: Int64) -> Void)?
    /// Whether it is of interest where the name leads.
    var isNeeded: (() -> Bool)?

    init(host: String, port: Int, loop: TransportLoop, lookUp: @escaping LookUp, offload: @escaping Offload) {
        self.host = host
        self.port = port
        self.loop = loop
        self.lookUp = lookUp
        self.offload = offload
        super.init()
        loop.deadlines.add(self)
    }

    /// nil: the host is an address, and leads nowhere else.
    static func system(host: String, port: Int, loop: TransportLoop) -> EndpointResolver? {
        if (try? SocketAddress(ipAddress: host, port: port)) != nil { return nil }
        let queue = DispatchQueue(label: "names of upstreams")
        return EndpointResolver(host: host, port: port, loop: loop, lookUp: SystemNames.lookUp) { work in
            queue.async(execute: work)
        }
    }

    /// Where the name leads now.
    func resolve() -> EventLoopFuture<[SocketAddress]> {
        let promise = loop.eventLoop.makePromise(of: [SocketAddress].self)
        waiting.append(promise)
        ask()
        return promise.futureResult
    }

    /// Nobody is interested any more.
    func stop() {
        loop.deadlines.remove(self)
        onAnswer = nil
        isNeeded = nil
    }

    override func deadlineReached(now: Int64) {
        deadline = now &+ Self.intervalNanoseconds
        if isNeeded?() == true { ask() }
    }

    private func ask() {
        guard !isAsking else { return }
        isAsking = true
        deadline = loop.now() &+ Self.intervalNanoseconds
        let resolver = NIOLoopBound(self, eventLoop: loop.eventLoop)
        offload { [lookUp, host, port] in
            let answer = Result { try lookUp(host, port) }
            resolver.eventLoop.execute { resolver.value.answered(answer) }
        }
    }

    private func answered(_ answer: Result<[SocketAddress], any Error>) {
        isAsking = false
        // That a name could not be resolved says nothing about where it led.
        if case .success(let addresses) = answer { onAnswer?(addresses, loop.now()) }
        let waiting = waiting
        self.waiting = []
        for promise in waiting { promise.completeWith(answer) }
    }
}

/// An answer as NIO asks for it: each family on its own.
struct ResolvedName: Resolver, Sendable {
    let addresses: EventLoopFuture<[SocketAddress]>

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { only(.inet) }
    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { only(.inet6) }
    func cancelQueries() {}

    private func only(_ family: NIOBSDSocket.ProtocolFamily) -> EventLoopFuture<[SocketAddress]> {
        addresses.map { $0.filter { $0.protocol == family } }
    }
}

/// The system's resolver.
enum SystemNames {
    /// A name leads nowhere, or its resolver does not answer.
    struct Failure: Error, CustomStringConvertible {
        let description: String
        /// What this machine lacks for it; nil: nothing.
        let missing: ResourceFaults.Kind?
    }

    @Sendable
    static func lookUp(host: String, port: Int) throws -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_protocol = CInt(IPPROTO_TCP)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        let reason = errno
        guard code == 0 else {
            let missing: ResourceFaults.Kind? =
                switch code {
                case EAI_MEMORY: .memory
                case EAI_SYSTEM: ResourceFaults.Kind(errno: reason)
                default: nil
                }
            throw Failure(description: String(cString: gai_strerror(code)), missing: missing)
        }
        defer { freeaddrinfo(found) }
        var addresses: [SocketAddress] = []
        var next = found
        while let info = next {
            next = info.pointee.ai_next
            guard let address = info.pointee.ai_addr else { continue }
            switch info.pointee.ai_family {
            case AF_INET:
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    addresses.append(SocketAddress($0.pointee, host: host))
                }
            case AF_INET6:
                address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    addresses.append(SocketAddress($0.pointee, host: host))
                }
            default: break
            }
        }
        return addresses
    }
}
