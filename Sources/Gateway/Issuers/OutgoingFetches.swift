import HTTP
import Issuers
import Outgoing
import Policy
import Transport

/// Why nothing could be fetched: for the state machine, and in the transport's words for the log.
struct FetchProblem: Error {
    let failure: KeyFetchFailure
    let detail: String
}

extension OutgoingHTTP {
    /// A key set, or metadata that says where it is.
    func fetchKeys(_ url: AbsoluteURL) async -> Result<Fetched, FetchProblem> {
        do throws(Failure) {
            let answer = try await get(
                url, fields: [("Accept", "application/jwk-set+json, application/json"), ("User-Agent", "portcullis")])
            return .success(
                Fetched(
                    status: answer.status, contentType: answer.value("content-type"),
                    cacheControl: answer.value("cache-control"), age: answer.value("age"), body: answer.body))
        } catch {
            return .failure(FetchProblem(failure: KeyFetchFailure(error.reason), detail: error.description))
        }
    }
}

extension OutgoingWay {
    /// - Parameter isOwnPlace: the issuer's own; another host, which was named besides, is where its name says.
    func outgoing(isOwnPlace: Bool) -> OutgoingHTTP.Settings {
        let rule = AddressRule(allowed: allowedAddresses)
        var settings = OutgoingHTTP.Settings()
        settings.authorities = authorities
        settings.certificate = certificate?.transport
        if isOwnPlace { settings.connectTo = connectTo.map { .init(host: $0.host, port: $0.port) } }
        settings.proxy = proxy.map { .init(host: $0.host, port: $0.port) }
        settings.permits = { rule.permits($0) }
        settings.allowsPlaintext = allowsPlaintext
        return settings
    }
}

extension KeyFetchFailure {
    init(_ reason: OutgoingHTTP.Failure.Reason) {
        self =
            switch reason {
            case .unreachable: .unreachable
            case .tlsFailed: .tlsFailed
            case .timeout: .timeout
            case .tooLarge: .tooLarge
            case .forbiddenAddress: .forbiddenAddress
            case .badAnswer: .badAnswer
            case .badSettings: .badSettings
            }
    }
}
