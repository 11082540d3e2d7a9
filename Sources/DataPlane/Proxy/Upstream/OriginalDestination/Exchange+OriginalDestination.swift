import Model

extension Exchange {
    /// The endpoint that the client wanted to go to.
    func chooseDestination(_ destinations: OriginalDestinations) -> ClusterState.Choice {
        let source = original ?? self
        guard let found = destinations.endpoint(for: source.downstream?.peer, request: request)
        else { return .none }
        return .endpoint(found, priority: 0)
    }
}
