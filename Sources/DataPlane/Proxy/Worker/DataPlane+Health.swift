/// What an answer of `/healthcheck/fail` means for connections.
extension DataPlane {
    /// Says whether the process may be asked for anything; responses of one that may not end their
    /// connection.
    ///
    /// Listeners accept as before: who sends requests is to learn it from its own health checks, and
    /// those who do not check go elsewhere with their next connection.
    package func setHealthCheck(failed: Bool) { post { $0.failsHealthCheck = failed } }
}

extension FilterChainState {
    /// Responses end their connection: `connection: close`, or GOAWAY.
    final var endsConnections: Bool { isDraining || worker.failsHealthCheck }
}
