import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Waits on this machine for the one request with which a browser comes back from an authorization server (RFC 8252
/// §7.3): for command lines, on a port of 127.0.0.1 that is free.
package final class LoopbackReceiver: Sendable {
    /// The path of the redirect URI; any other is answered with 404.
    package static let path = "/callback"
    /// What a browser may send before it is refused, in octets of its target.
    private static let targetBytesMax = 8_192

    /// The one that is bound; part of the redirect URI.
    package let port: Int
    private let channel: any Channel
    private let queries: AsyncStream<String>

    /// Binds a free port. Throws where the system gives none.
    package static func start() async throws -> LoopbackReceiver {
        let (queries, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingOldest(1))
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 4)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(CallbackHandler(continuation))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return LoopbackReceiver(channel, queries)
    }

    private init(_ channel: any Channel, _ queries: AsyncStream<String>) {
        self.channel = channel
        self.queries = queries
        port = channel.localAddress?.port ?? 0
    }

    /// Where the browser is to be sent.
    package var redirectURI: String { "http://127.0.0.1:\(port)\(Self.path)" }

    /// The query with which it came back, without its `?`; nil: it did not within that time.
    package func query(within timeout: Duration) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask { [queries] in await queries.first { _ in true } }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// Closes the port. A `query` that still waits ends with its timeout.
    package func stop() async { try? await channel.close() }

    /// Answers every request; what comes to the right path is handed on.
    private final class CallbackHandler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let continuation: AsyncStream<String>.Continuation
        private var target = ""

        init(_ continuation: AsyncStream<String>.Continuation) { self.continuation = continuation }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): target = head.method == .GET ? head.uri : ""
            case .body: break
            case .end: answer(context)
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            let parts = target.split(separator: "?", maxSplits: 1)
            let isCallback =
                parts.count == 2 && parts[0] == LoopbackReceiver.path
                && target.utf8.count <= LoopbackReceiver.targetBytesMax
            let text =
                isCallback
                ? "<!doctype html><html lang=en><title>Done</title><p>You can close this window and go back to the terminal.</p></html>"
                : "<!doctype html><html lang=en><title>Not found</title><p>There is nothing here.</p></html>"
            var headers = HTTPHeaders()
            headers.add(name: "Content-Type", value: "text/html; charset=utf-8")
            headers.add(name: "Content-Length", value: "\(text.utf8.count)")
            headers.add(name: "Content-Security-Policy", value: "default-src 'none'")
            headers.add(name: "Cache-Control", value: "no-store")
            headers.add(name: "Connection", value: "close")
            let head = HTTPResponseHead(version: .http1_1, status: isCallback ? .ok : .notFound, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
            if isCallback { continuation.yield(String(parts[1])) }
        }
    }
}
