/// Where a secret lies: `{file: …}` or `{env: …}`. Never the secret itself, which `routes.yaml` cannot hold.
package enum SecretSource: Sendable, Equatable, Hashable {
    /// Path of a file whose octets, less one line feed at the end, are the secret.
    case file(String)
    /// Name of an environment variable.
    case environment(String)
}
