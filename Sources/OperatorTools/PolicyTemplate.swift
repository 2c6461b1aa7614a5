import HTTP

/// The first `routes.yaml` of a gateway: what `portcullis init` writes. It runs as it is, with development certificates.
package struct PolicyTemplate: Sendable {
    /// What the gateway stands in front of.
    package struct Service: Sendable {
        /// What routes and scopes call it: letters, digits and `-`.
        package let name: String
        /// Else its way is plain text.
        package let isHTTPS: Bool
        let origin: String

        /// nil: the URL is more, or less, than scheme, host and port.
        package init?(name: String, url: String) {
            guard let url = AbsoluteURL(url), ["", "/"].contains(url.target) else { return nil }
            self.name = name
            isHTTPS = url.isHTTPS
            origin = url.origin
        }
    }

    /// nil: the policy serves the gateway's own state, to try tokens with.
    package var service: Service?
    /// Host names of the API; at least one.
    package var hosts: [String]
    /// Where clients connect, on this machine.
    package var port: Int

    package init(service: Service?, hosts: [String], port: Int) {
        self.service = service
        self.hosts = hosts
        self.port = port
    }

    /// The scope of a first call.
    package var scope: String { service.map { "\($0.name):read" } ?? "status:read" }
    /// The path of a first call.
    package var path: String { service == nil ? "/status" : "/" }
    /// Where the API is reached.
    package var origin: String { "https://\(hosts.first ?? "api.localhost"):\(port)" }
    /// Of the built-in authorization server.
    package var issuer: String { "https://localhost:\(port)" }

    /// The file.
    package var text: String {
        """
        # Who may call what through this gateway. "portcullis check" says what is wrong with it, docs/routes.md has every key, and a
        # changed file takes effect by itself.
        version: 1

        # Where clients connect; and, on this machine only, where the gateway tells how it is. For others: 0.0.0.0:\(port)
        listeners:
          - address: 127.0.0.1:\(port)
            tls: {certificates: [{chain: certs/gateway.pem, key: certs/gateway.key}]}
          - {address: "127.0.0.1:9901", serves: [health, metrics]}

        # Gives tokens to the clients that "portcullis client add" registers. Another issuer stands beside it under issuers.
        authorization_server:
          issuer: \(issuer)
          database: var/portcullis.sqlite
          audience: \(origin)
          limits: [per_address]
        issuers:
          local: {embedded: true}

        limits:
          per_address: {by: ip, rate: 20/s, burst: 40}
          per_client: {by: client_id, rate: 50/s, burst: 100}

        \(service.map(upstreams) ?? "")\
        # What is not listed here is refused. A request needs a token with the scope.
        routes:
        \(service.map(routes) ?? statusRoute)

        # One record for each request, allowed or refused.
        audit:
          file: {path: var/audit.jsonl}

        """
    }

    private func upstreams(_ service: Service) -> String {
        let security =
            service.isHTTPS
            ? """
                # Its certificate must be of this authority and prove this name; dns:NAME for one with a host name.
                tls:
                  authorities: certs/upstream-ca.pem
                  certificate: {chain: certs/gateway-client.pem, key: certs/gateway-client.key}
                  identity: spiffe://example.org/\(service.name)
            """
            : """
                # DANGER: the way to the service is not encrypted, and anybody there could answer for it.
                insecure_plaintext: true
            """
        return """
            # The service behind the gateway.
            upstreams:
              \(service.name):
                endpoints: ["\(service.origin)"]
            \(security)


            """
    }

    private func routes(_ service: Service) -> String {
        [("read", "GET, HEAD"), ("write", "POST, PUT, PATCH, DELETE")].map { verb, methods in
            """
              - id: \(service.name).\(verb)
                match: {hosts: [\(hostList)], methods: [\(methods)], path: "/{rest...}"}
                require: {issuers: [local], scopes: ["\(service.name):\(verb)"]}
                limits: [per_client]
                upstream: \(service.name)
            """
        }.joined(separator: "\n")
    }

    private var statusRoute: String {
        """
          - id: status
            match: {hosts: [\(hostList)], methods: [GET], path: /status}
            require: {issuers: [local], scopes: ["\(scope)"]}
            limits: [per_client]
            local: health
        """
    }

    private var hostList: String { hosts.joined(separator: ", ") }
}
