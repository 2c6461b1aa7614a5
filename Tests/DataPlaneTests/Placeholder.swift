import Testing

@Suite struct DataPlane {}
