package import AuthorizationRecords
import AuthorizationServer
package import HTTP
import JSON

/// The management interface: `/admin/v1/…`, a request in, an answer out. Who may come here, and on which listener, was
/// decided before (by the routes that `authorization_server.admin` brings).
///
/// It reads no clock and keeps nothing; what it may change is `Administration`, and each change goes to `log`.
package struct AdminAPI: Sendable {
    let administration: Administration
    let store: any AuthorizationStore
    let log: any ChangeLog

    package init(administration: Administration, store: any AuthorizationStore, log: any ChangeLog) {
        self.administration = administration
        self.store = store
        self.log = log
    }

    /// - Parameter now: seconds since 1970.
    package func answer(_ request: ServiceRequest, now: Int64, random: Randomness) async -> ServiceResponse {
        let call = AdminCall(request: request, now: now, random: random)
        do {
            // A page that somebody happens to look at on the operator's machine has no business here, whatever token it
            // has found.
            guard request.values("origin").isEmpty else { throw AdminRefusal(.originRefused) }
            guard let resource = resource(call.path) else { throw AdminRefusal(.noSuchResource) }
            let methods = resource.methods
            guard methods.contains(request.method) else {
                throw AdminRefusal(.methodNotAllowed, fields: [("Allow", methods.joined(separator: ", "))])
            }
            guard call.isReading || log.takesRecords else { throw AdminRefusal(.auditUnavailable) }
            return try await resource.answer(call)
        } catch let refusal as AdminRefusal {
            return refusal.problem.response(
                requestID: request.requestID, detail: refusal.detail, fields: refusal.fields)
        } catch let error as ManagementError {
            return Self.refusal(error).response(requestID: request.requestID, detail: error.detail)
        } catch is DamagedRecord {
            if !call.isReading { log.recordUnknown(call) }
            return AdminProblem.damagedRecord.response(requestID: request.requestID)
        } catch {
            if !call.isReading { log.recordUnknown(call) }
            return AdminProblem.storeUnavailable.response(requestID: request.requestID)
        }
    }

    private func resource(_ path: [String]) -> (any AdminResource)? {
        switch (path.first, path.count) {
        case ("clients", 1): ClientCollection(api: self)
        case ("clients", 2): ClientItem(api: self, id: path[1])
        case ("clients", 3) where path[2] == "secrets": SecretCollection(api: self, client: path[1])
        case ("clients", 4) where path[2] == "secrets" && ["older", "newer"].contains(path[3]):
            SecretItem(api: self, client: path[1], newer: path[3] == "newer")
        case ("users", 1): UserCollection(api: self)
        case ("users", 2): UserItem(api: self, id: path[1])
        case ("users", 3) where path[2] == "factors": FactorCollection(api: self, user: path[1])
        case ("users", 4) where path[2] == "factors": FactorItem(api: self, user: path[1], id: path[3])
        case ("users", 3) where path[2] == "links": LinkCollection(api: self, user: path[1])
        case ("users", 3) where path[2] == "sessions": UserSessionCollection(api: self, user: path[1])
        case ("sessions", 1): SessionCollection(api: self)
        case ("sessions", 2): SessionItem(api: self, id: path[1])
        case ("grants", 1): GrantCollection(api: self)
        case ("grants", 2): GrantItem(api: self, id: path[1])
        case ("keys", 1): KeyCollection(api: self)
        case ("keys", 2): KeyItem(api: self, kid: path[1])
        default: nil
        }
    }

    private static func refusal(_ error: ManagementError) -> AdminProblem {
        switch error {
        case .notFound: .noSuchResource
        case .changedMeanwhile: .preconditionFailed
        case .busy: .busy
        case .refused: .refused
        case .conflict: .conflict
        }
    }
}

extension ManagementError {
    /// What the problem's own sentence does not say.
    fileprivate var detail: String? {
        switch self {
        case .refused(let reason), .conflict(let reason): reason
        case .notFound, .changedMeanwhile, .busy: nil
        }
    }
}

/// One kind of address of the interface.
protocol AdminResource {
    /// In the order of `Allow`.
    var methods: [String] { get }
    func answer(_ call: AdminCall) async throws -> ServiceResponse
}

/// Where changes are written down.
package protocol ChangeLog: Sendable {
    /// False: a record could not be kept now, so nothing may be changed.
    var takesRecords: Bool { get }
    /// - Parameter change: nil: the store failed, and nobody knows whether what was asked for was done.
    func record(_ change: ManagedChange?, of request: ServiceRequest)
}

extension ChangeLog {
    func recordUnknown(_ call: AdminCall) { record(nil, of: call.request) }
}
