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
    func fetchKeys(_ url: AbsoluteURL) async -> Result<OutgoingAnswer, FetchProblem> {
        do throws(Failure) {
            return .success(
                try await get(
                    url,
                    fields: [("Accept", "application/jwk-set+json, application/json"), ("User-Agent", "portcullis")]))
        } catch {
            return .failure(FetchProblem(failure: .noAnswer(error.reason), detail: error.description))
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
