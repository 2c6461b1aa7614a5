import Administration
import Audit
import AuthorizationRecords
import DataPlane
import Foundation
import HTTP
import Storage
import Transport

/// The management interface as a service inside the gateway: the module, the clock, the system's randomness, and the
/// audit log.
struct AdminService: LocalService {
    let api: AdminAPI

    init(_ authorization: EmbeddedAuthorizationServer, audit: AuditLog) {
        api = AdminAPI(
            administration: authorization.administration, store: authorization.database.store,
            log: AuditedChanges(audit: audit))
    }

    func answer(_ request: ServiceRequest) async -> ServiceResponse {
        let response = await api.answer(request, now: Int64(Date().timeIntervalSince1970), random: .system)
        // Ends early only where the caller has gone, or the gateway goes.
        if response.facts.settling > .zero { try? await Task.sleep(for: response.facts.settling) }
        return response
    }
}

/// Writes changes into the audit log.
struct AuditedChanges: ChangeLog {
    let audit: AuditLog

    var takesRecords: Bool { audit.takesChanges }

    func record(_ change: ManagedChange?, of request: ServiceRequest) {
        let outcome = change == nil ? "unknown" : "done"
        audit.record(
            ChangeRecord(
                at: Clock.wallNanoseconds(),
                [
                    (.requestID, request.requestID), (.change, change?.action.rawValue ?? request.method.lowercased()),
                    (.outcome, outcome),
                    (.object, change?.id ?? request.path), (.actorClient, request.caller?.client ?? ""),
                    (.actorSubject, request.caller?.subject ?? ""),
                ], before: change?.before, after: change?.after))
    }
}
