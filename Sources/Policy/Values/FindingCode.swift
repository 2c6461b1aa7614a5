/// What kind of thing a finding is: a word that stays the same between releases, for editors, CI and tests.
///
/// `docs/findings.md` lists them all, and a test compares.
package enum FindingCode: String, Sendable, Equatable, CaseIterable {
    // The text
    case fileUnreadable = "file_unreadable"
    case fileTooLarge = "file_too_large"
    case notUTF8 = "not_utf8"
    case forbiddenCharacter = "forbidden_character"
    case syntax = "syntax"
    case severalDocuments = "several_documents"
    case aliasRefused = "alias_refused"
    case tagRefused = "tag_refused"
    case tooDeep = "too_deep"
    case duplicateKey = "duplicate_key"
    // The shape
    case unknownKey = "unknown_key"
    case missingKey = "missing_key"
    case wrongType = "wrong_type"
    case badValue = "bad_value"
    case outOfRange = "out_of_range"
    case duplicateValue = "duplicate_value"
    case contradiction = "contradiction"
    case inlineSecret = "inline_secret"
    case unsupportedVersion = "unsupported_version"
    // Between sections
    case unknownReference = "unknown_reference"
    case duplicateName = "duplicate_name"
    case unused = "unused"
    case unreachableRoute = "unreachable_route"
    case partlyShadowedRoute = "partly_shadowed_route"
    case escapableRoute = "escapable_route"
    case reservedPath = "reserved_path"
    case sharedIssuerHost = "shared_issuer_host"
    case unsatisfiable = "unsatisfiable"
    case partlyPublished = "partly_published"
    // Security
    case openRoute = "open_route"
    case plaintext = "plaintext"
    case anyIdentity = "any_identity"
    case missingAudience = "missing_audience"
    case idTokens = "id_tokens"
    case tooFewDescriptors = "too_few_descriptors"
    // Files that the policy names
    case fileMissing = "file_missing"
    case keyPermissions = "key_permissions"
    case weakSecret = "weak_secret"
    case badCertificate = "bad_certificate"
    case certificateNotValid = "certificate_not_valid"
    case certificateWarning = "certificate_warning"
    case badAuthorities = "bad_authorities"
    case badKeySet = "bad_key_set"
    case keySkipped = "key_skipped"
}
