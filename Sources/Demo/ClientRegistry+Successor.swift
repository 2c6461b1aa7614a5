internal import Gateway

extension ClientRegistry {
    /// Makes room for a client of this id, if there is one from an earlier run. What a client has ends with it to the whole second, and so
    /// would what the next one of its name gets in that second: it is waited for.
    func makeRoom(for id: String) async throws {
        guard try await remove(id: id) else { return }
        try await Task.sleep(for: .milliseconds(1_100))
    }
}
