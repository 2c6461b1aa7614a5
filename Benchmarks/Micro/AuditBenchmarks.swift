import Audit
import Glibc

/// Encoding one record with all that an allowed request has to say, and handing it over in batches.
struct AuditBenchmarks {
    let token: String

    func run(_ stopwatch: Stopwatch) -> [Measurement] {
        let log: AuditLog
        do {
            log = try AuditLog(
                sink: .file(path: "/dev/null", rotateBytes: 0, keep: 0), whenFull: .refuse,
                queueBytesMax: 64 * 1_048_576)
        } catch {
            stop("no audit log: \(error)")
        }
        defer { log.stop() }
        let journal = log.journal()
        let record = Record(token: token)
        return [
            stopwatch.measure("encode an audit record of 28 fields") { count in
                for _ in 0..<count { while !record.write(journal) { sched_yield() } }
            }
        ]
    }

    struct Record {
        let requestID = Array("0123456789abcdef0123456789abcdef".utf8)
        let traceID = Array("4bf92f3577b34da6a3ce929d0e0e4736".utf8)
        let method = Array("GET".utf8)[...]
        let host = Array("api.example.com".utf8)[...]
        let path = Array("/orders/1k".utf8)[...]
        let address = AuditText("127.0.0.1")
        let tls = AuditText("TLSv1.3")
        let policy = AuditText("0123456789abcdef")
        let route = AuditText("orders.read")
        let issuer = AuditText("https://login.partner.example")
        let subject = AuditText("client-00001.apps.example.org")
        let required = AuditText("orders:read")
        let held = AuditText("openid profile orders:read orders:write")
        let limit = AuditText("per_client")
        let upstream = AuditText("127.0.0.1:9443")
        let identity = AuditText("spiffe://example.org/orders")
        let digest: SecretDigest

        init(token: String) { digest = SecretDigestKey().digest(Array(token.utf8)) }

        /// False: the writer's thread is behind and the queue full; it needs the core for a moment.
        func write(_ journal: AuditJournal) -> Bool {
            guard let ticket = journal.open() else {
                journal.handOver()
                return false
            }
            ticket.close(at: 1_800_000_000_123_000_000) { record in
                record.add(.requestID, plain: requestID)
                record.add(.traceID, plain: traceID)
                record.add(.clientAddress, address)
                record.add(.tlsVersion, tls)
                record.add(.method, clientText: method)
                record.add(.host, clientText: host)
                record.add(.path, clientText: path)
                record.add(.policy, policy)
                record.add(.route, route)
                record.add(.decision, "allowed")
                record.add(.scopesRequired, required)
                record.add(.issuer, issuer)
                record.add(.subject, subject)
                record.add(.clientID, subject)
                record.add(.scopesHeld, held)
                record.add(.token, digest)
                record.add(.limit, limit)
                record.add(.limitRemaining, 999_999)
                record.add(.limitReset, 1)
                record.add(.upstream, upstream)
                record.add(.upstreamIdentity, identity)
                record.add(.attempts, 1)
                record.add(.upstreamMicroseconds, 812)
                record.add(.status, 200)
                record.add(.bytesIn, 0)
                record.add(.bytesOut, 1_024)
                record.add(.durationMicroseconds, 1_204)
            }
            return true
        }
    }
}
