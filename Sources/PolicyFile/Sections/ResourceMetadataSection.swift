import Policy

/// `resource_metadata` as read: limits not yet resolved.
struct ResourceMetadataDraft {
    /// nil: switched off.
    var settings: ResourceMetadataSettings?
    var limits: [Located<String>]
}

/// `resource_metadata`: what clients without a token can find out (RFC 9728). There unless it is switched off.
struct ResourceMetadataSection {
    func read(_ root: MappingReader) -> ResourceMetadataDraft {
        guard let reader = root.nested("resource_metadata", name: "\"resource_metadata\"") else {
            return ResourceMetadataDraft(settings: ResourceMetadataSettings(), limits: [])
        }
        let isEnabled = reader.value("enabled", .flag, default: true)
        let limits = reader.list("limits", of: .reference) ?? []
        reader.finish()
        return ResourceMetadataDraft(settings: isEnabled ? ResourceMetadataSettings() : nil, limits: limits)
    }
}
