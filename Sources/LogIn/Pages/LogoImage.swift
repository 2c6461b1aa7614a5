package import HTTP
import Policy

/// `/oauth2/logo`: the image that the pages show. It comes from the operator's file; nothing is fetched for it, and images of
/// clients are not shown at all.
package struct LogoImage: ServerEndpoint {
    package init() {}

    package func answer(_ call: EndpointCall) async -> ServiceResponse {
        guard let logo = call.pages.brand.logo else {
            return ServiceResponse(status: 404, fields: [("Cache-Control", "no-store")])
        }
        return ServiceResponse(
            status: 200,
            fields: [
                ("Content-Type", logo.mediaType), ("X-Content-Type-Options", "nosniff"),
                // The address has its version.
                ("Cache-Control", "public, max-age=86400"),
                ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
                ("Cross-Origin-Resource-Policy", "same-origin"),
            ],
            body: logo.octets)
    }
}
