/// The options that have a value: their names, where Istio's init has them too, and their defaults.
package enum InterceptionFlag: String, Sendable, CaseIterable {
    case outboundPort = "outbound-port"
    case inboundPort = "inbound-port"
    case tunnelPort = "tunnel-port"
    case proxyUser = "proxy-uid"
    case proxyGroup = "proxy-gid"
    case mode = "mode"
    case mark = "tproxy-mark"
    case routeTable = "tproxy-route-table"
    case inboundPorts = "inbound-ports"
    case excludedInboundPorts = "exclude-inbound-ports"
    case outboundRanges = "outbound-ranges"
    case excludedOutboundRanges = "exclude-outbound-ranges"
    case outboundPorts = "outbound-ports"
    case excludedOutboundPorts = "exclude-outbound-ports"
    case groups = "outbound-groups"
    case excludedGroups = "exclude-outbound-groups"
    case virtualInterfaces = "virtual-interfaces"
    case excludedInterfaces = "exclude-interfaces"
    case loopback = "loopback-range"

    /// The variables that are read where the flag is absent; the first that is set counts.
    package var environment: [String] {
        switch self {
        case .outboundPort: ["ENVOY_PORT"]
        case .inboundPort: ["INBOUND_CAPTURE_PORT"]
        case .tunnelPort: ["INBOUND_TUNNEL_PORT"]
        case .proxyUser: ["PROXY_UID"]
        case .proxyGroup: ["PROXY_GID"]
        case .mode: ["ISTIO_INBOUND_INTERCEPTION_MODE", "INBOUND_INTERCEPTION_MODE"]
        case .mark: ["ISTIO_INBOUND_TPROXY_MARK", "INBOUND_TPROXY_MARK"]
        case .routeTable: ["ISTIO_INBOUND_TPROXY_ROUTE_TABLE"]
        case .inboundPorts: ["ISTIO_INBOUND_PORTS"]
        case .excludedInboundPorts: ["ISTIO_LOCAL_EXCLUDE_PORTS"]
        case .outboundRanges: ["ISTIO_SERVICE_CIDR"]
        case .excludedOutboundRanges: ["ISTIO_SERVICE_EXCLUDE_CIDR"]
        case .outboundPorts: ["ISTIO_OUTBOUND_PORTS"]
        case .excludedOutboundPorts: ["ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE"]
        case .groups: ["ISTIO_OUTBOUND_OWNER_GROUPS"]
        case .excludedGroups: ["ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE"]
        case .virtualInterfaces: ["KUBE_VIRT_INTERFACES"]
        case .excludedInterfaces: ["ISTIO_EXCLUDE_INTERFACES"]
        case .loopback: ["ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR"]
        }
    }

    /// The value where neither the flag nor a variable gives one; nil where others decide it.
    package var fallback: String? {
        switch self {
        case .outboundPort: "15001"
        case .inboundPort: "15006"
        case .tunnelPort: "15008"
        case .proxyUser: "1337"
        // The group has the user's number unless it is said.
        case .proxyGroup: nil
        case .mode: InterceptionMode.redirect.rawValue
        case .mark: "1337"
        case .routeTable: "133"
        case .inboundPorts: "*"
        // Metrics and health of the sidecar itself: a probe must not travel through what it checks.
        case .excludedInboundPorts: "15020,15021,15090"
        // All of it, unless ports are named that should be intercepted.
        case .outboundRanges: nil
        case .groups: "*"
        case .loopback: "127.0.0.1/32"
        case .excludedOutboundRanges, .outboundPorts, .excludedOutboundPorts, .excludedGroups,
            .virtualInterfaces, .excludedInterfaces:
            ""
        }
    }
}
