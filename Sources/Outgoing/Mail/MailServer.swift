import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Octets
import Transport

/// Hands a message to whoever takes mail.
package protocol MailDelivery: Sendable {
    /// Returns once the message is taken; then it may yet be that a bounce comes back to the sender.
    func deliver(_ message: MailMessage) async throws(MailFault)
}

/// A server that takes mail for others (RFC 6409), reached for one message at a time.
package struct MailServer: MailDelivery {
    /// Where it is, and how it is talked to.
    package struct Settings: Sendable {
        /// A name, or an IP address without brackets.
        package var host: String
        /// TCP.
        package var port: Int
        /// Before anything that is secret.
        package var security: Security
        /// PEM file of the authorities to trust; nil: the system's.
        package var authorities: String?
        /// nil: nobody is asked for a name.
        package var login: Login?
        /// For the whole of a message, from resolving the name to the server's word that it has it.
        package var timeout: Duration = .seconds(30)
        /// What this host calls itself.
        package var name: String

        package init(host: String, port: Int, security: Security, name: String) {
            self.host = host
            self.port = port
            self.security = security
            self.name = name
        }
    }

    /// What AUTH is told.
    package struct Login: Sendable {
        let user: String
        let password: @Sendable () throws -> [UInt8]

        /// - Parameter password: read for each message.
        package init(user: String, password: @escaping @Sendable () throws -> [UInt8]) {
            self.user = user
            self.password = password
        }
    }

    /// How the connection is protected. The name of the certificate is always checked.
    package enum Security: Sendable, Equatable { case startTLS, implicit, insecurePlaintext }

    private let settings: Settings
    private static let addressesMax = 4
    private static let connectTimeout: TimeAmount = .seconds(5)

    package init(_ settings: Settings) { self.settings = settings }

    package func deliver(_ message: MailMessage) async throws(MailFault) {
        let login: SMTPConversation.Login?
        do {
            login = try settings.login.map { SMTPConversation.Login(user: $0.user, password: try $0.password()) }
        } catch {
            throw .badSettings("\(error)")
        }
        let tls = try tls()
        let conversation = SMTPConversation(
            message, name: settings.name,
            security: settings.security == .startTLS ? .startTLS : .asItIs(isTLS: settings.security == .implicit),
            login: login)
        let host = settings.host
        let addresses: [ResolvedAddress]
        do {
            addresses = try await NIOThreadPool.singleton.runIfActive { ResolvedAddress.all(of: host) }
        } catch {
            throw .unreachable(ErrorInWords.text(error))
        }
        var last = MailFault.unreachable("\(host) has no address")
        for address in addresses.prefix(Self.addressesMax) {
            do {
                try await talk(conversation, at: address.text, tls)
                return
            } catch  where error.isUnreachable {
                last = error
            }
        }
        throw last
    }

    private func tls() throws(MailFault) -> NIOSSLContext? {
        guard settings.security != .insecurePlaintext else { return nil }
        do {
            return try NIOSSLContext(
                configuration: try OutgoingHTTP(authorities: settings.authorities).tlsConfiguration())
        } catch {
            throw .badSettings("\(error)")
        }
    }

    private func talk(_ conversation: SMTPConversation, at address: String, _ tls: NIOSSLContext?)
        async throws(MailFault)
    {
        let begins = settings.security == .implicit
        // A certificate for an address is compared with the address of the connection.
        let name = ResolvedAddress(literal: settings.host) == nil ? settings.host : nil
        let timeout = TimeAmount.nanoseconds(settings.timeout.nanoseconds)
        let outcome = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: MailFault?.self)
        do {
            let channel = try await ClientBootstrap(group: outcome.futureResult.eventLoop)
                .connectTimeout(min(Self.connectTimeout, timeout))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if begins, let tls {
                            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
                        }
                        try pipeline.addHandler(
                            SMTPHandler(conversation, tls: tls, serverName: name, timeout: timeout, outcome: outcome))
                    }
                }
                .connect(host: address, port: settings.port).get()
            let fault = try await outcome.futureResult.get()
            channel.close(promise: nil)
            if let fault { throw fault }
        } catch let fault as MailFault {
            throw fault
        } catch {
            // Nobody else completes it where there is no connection.
            outcome.succeed(nil)
            throw .unreachable(ErrorInWords.text(error))
        }
    }
}

extension MailFault {
    fileprivate var isUnreachable: Bool {
        if case .unreachable = self { true } else { false }
    }
}

/// Carries a conversation over a channel.
private final class SMTPHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var conversation: SMTPConversation
    private let tls: NIOSSLContext?
    private let serverName: String?
    private let timeout: TimeAmount
    private var outcome: EventLoopPromise<MailFault?>?
    private var deadline: Scheduled<Void>?
    /// The server has the message, or never will: what comes now changes nothing.
    private var isOver: Bool { outcome == nil }

    init(
        _ conversation: SMTPConversation, tls: NIOSSLContext?, serverName: String?, timeout: TimeAmount,
        outcome: EventLoopPromise<MailFault?>
    ) {
        self.conversation = conversation
        self.tls = tls
        self.serverName = serverName
        self.timeout = timeout
        self.outcome = outcome
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: timeout) { bound.value.0.end(.timeout, bound.value.1) }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        perform(conversation.received(Array(unwrapInboundIn(data).readableBytesView)), context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent, isUpgrading {
            isUpgrading = false
            perform(conversation.secured(), context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: end(.tlsFailed(ErrorInWords.text(error)), context)
        default: end(.unreachable(ErrorInWords.text(error)), context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.unreachable("the connection was closed"), context)
        context.fireChannelInactive()
    }

    private var isUpgrading = false

    private func perform(_ actions: [SMTPConversation.Action], _ context: ChannelHandlerContext) {
        for action in actions {
            switch action {
            case .send(let octets):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: octets)), promise: nil)
            case .startTLS:
                guard let tls else { return end(.noTLS, context) }
                do {
                    isUpgrading = true
                    try context.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: tls, serverHostname: serverName), position: .first)
                } catch {
                    end(.tlsFailed(ErrorInWords.text(error)), context)
                }
            case .delivered: succeed()
            case .failed(let fault): end(fault, context)
            }
        }
    }

    private func succeed() {
        deadline?.cancel()
        outcome?.succeed(nil)
        outcome = nil
    }

    private func end(_ fault: MailFault, _ context: ChannelHandlerContext) {
        guard let outcome else { return }
        self.outcome = nil
        deadline?.cancel()
        outcome.succeed(fault)
        context.close(promise: nil)
    }
}
