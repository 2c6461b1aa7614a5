import AuthorizationServer
import HTTP
import Issuers
import JSON
import Logging
import Outgoing
import Policy
import Synchronization

/// Fetches the metadata of clients whose id is its address, as `client_keys` says, but from the public network only:
/// strangers choose these addresses.
final class ClientDocumentFetcher: ClientDocumentSource {
    /// Fetches at a time, in all and of one host.
    static let fetchesMax = 32
    static let fetchesOfHostMax = 4
    /// Octets of a document. The draft recommends 5 KB (§6.6).
    static let octetsMax = 16_384
    /// For the whole of a fetch.
    static let timeout: Duration = .seconds(5)

    private let http: OutgoingHTTP
    private let logger: Logger
    private let underWay = Mutex<[String: Int]>([:])

    init(_ way: OutgoingWay, logger: Logger) {
        var settings = way.outgoing(isOwnPlace: false)
        let rule = AddressRule(allowed: way.allowedAddresses, isPublicOnly: true)
        settings.permits = { rule.permits($0) }
        settings.timeout = Self.timeout
        settings.bodyBytesMax = Self.octetsMax
        http = OutgoingHTTP(settings)
        self.logger = logger
    }

    func document(at url: AbsoluteURL) async -> ClientDocument {
        guard begin(url.host) else {
            log(url, "too many documents are being fetched")
            return .unavailable
        }
        defer { end(url.host) }
        let answer: OutgoingAnswer
        do throws(OutgoingHTTP.Failure) {
            answer = try await http.get(url, fields: [("Accept", "application/json"), ("User-Agent", "portcullis")])
        } catch {
            log(url, error.description)
            return .unavailable
        }
        guard answer.status < 500, answer.status != 429 else {
            log(url, "it answered \(answer.status)")
            return .unavailable
        }
        let type = answer.contentType?.split(separator: ";").first?.lowercased().filter { $0 != " " } ?? ""
        guard answer.status == 200, type == "application/json" || type.hasSuffix("+json"),
            let document = (try? JSON.parse(answer.body))?.object
        else {
            log(url, "it answered \(answer.status) \(type), which is no JSON object")
            return .absent
        }
        return .found(document)
    }

    private func begin(_ host: String) -> Bool {
        underWay.withLock { underWay in
            guard underWay.values.reduce(0, +) < Self.fetchesMax, underWay[host, default: 0] < Self.fetchesOfHostMax
            else { return false }
            underWay[host, default: 0] += 1
            return true
        }
    }

    private func end(_ host: String) {
        underWay.withLock { underWay in
            let left = (underWay[host] ?? 1) - 1
            underWay[host] = left > 0 ? left : nil
        }
    }

    private func log(_ url: AbsoluteURL, _ detail: String) {
        logger.warning(
            "the metadata of a client cannot be used", metadata: ["client_id": "\(url)", "detail": "\(detail)"])
    }
}
