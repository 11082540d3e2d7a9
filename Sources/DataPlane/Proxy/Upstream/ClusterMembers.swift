import Model

/// A cluster's endpoints with their process-wide counts; those that stay keep them.
package struct ClusterMembers: Sendable {
    package private(set) var endpoints: [(endpoint: ResolvedEndpoint, counts: EndpointShared)] = []

    init() {}

    mutating func update(_ next: [ResolvedEndpoint]) -> [EndpointShared] {
        var known: [SocketAddress: EndpointShared] = [:]
        for (endpoint, counts) in endpoints { known[endpoint.address] = counts }
        endpoints = next.map { ($0, known[$0.address] ?? EndpointShared()) }
        return endpoints.map(\.counts)
    }
}
