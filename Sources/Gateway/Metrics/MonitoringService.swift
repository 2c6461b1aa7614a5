import DataPlane
import HTTP
import Policy

/// What a listener with `serves` answers. It needs neither audit log nor database, and asks nothing of the outside world.
struct MonitoringService: LocalService {
    let serves: Set<MonitoringListener.Subject>
    let report: @Sendable () -> HealthReport
    let metrics: GatewayMetrics

    func answer(_ request: ServiceRequest) async -> ServiceResponse {
        switch request.path {
        case "/metrics" where serves.contains(.metrics):
            let accept = request.fields.filter { $0.name == "accept" }.map(\.value).joined(separator: ",")
            let format = MetricsText.Format(accept: accept.isEmpty ? nil : accept)
            return ServiceResponse(
                status: 200, fields: [("Content-Type", format.mediaType), ("Cache-Control", "no-store")],
                body: await metrics.text(format))
        // The process runs and its event loops turn; who restarts it because of a full disk would lose connections for nothing.
        case "/livez" where serves.contains(.health): return Self.word(200, "ok")
        case "/readyz" where serves.contains(.health):
            let report = report()
            return Self.word(
                report.isHealthy ? 200 : 503,
                report.isHealthy ? "ok" : report.draining ? "draining" : "audit log unavailable")
        case "/health" where serves.contains(.health): return await HealthService(report: report).answer(request)
        default: return Self.word(404, "not found")
        }
    }

    private static func word(_ status: Int, _ word: String) -> ServiceResponse {
        ServiceResponse(
            status: status, fields: [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")],
            body: Array((word + "\n").utf8))
    }
}
