/// A PEM file with certificates that the policy names: its certificates have times, which are watched while the policy
/// is in force.
package struct CertificateFile: Sendable, Equatable {
    /// Resolved against the policy's folder.
    package var path: String
    /// Where the policy names it, as `routes.yaml:14:9`.
    package var place: String

    package init(path: String, place: String) {
        self.path = path
        self.place = place
    }
}
