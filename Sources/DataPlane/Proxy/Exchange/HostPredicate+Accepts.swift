import Model

extension RetryPolicy.HostPredicate {
    /// Whether a retry may go to this endpoint.
    func accepts(_ candidate: EndpointState, tried: [EndpointState]) -> Bool {
        switch self {
        case .previousHosts: return !tried.contains { $0 === candidate }
        case .omitCanaryHosts: return candidate.shared.endpoint.attributes?.isCanary != true
        case .omitHostMetadata(let wanted):
            let values = candidate.shared.endpoint.attributes?.metadata?.loadBalancing ?? [:]
            return wanted.isEmpty || !wanted.allSatisfy { values[$0.key] == $0.value }
        }
    }
}
