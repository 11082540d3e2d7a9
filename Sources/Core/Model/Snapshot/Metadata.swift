/// A value of `google.protobuf.Struct`, as metadata are made of.
package indirect enum MetadataValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case list([MetadataValue])
    case object([String: MetadataValue])
}

/// `envoy.config.core.v3.Metadata`: values by the filter that they are meant for.
///
/// One object for all that share it; absent where the configuration gives none.
package final class Metadata: Sendable {
    package let filters: [String: [String: MetadataValue]]

    package init(filters: [String: [String: MetadataValue]]) { self.filters = filters }

    /// The values for load balancing: what subsets and `metadata_match` look at.
    package var loadBalancing: [String: MetadataValue] { filters["envoy.lb"] ?? [:] }
    /// What `transport_socket_matches` compare with.
    package var transportSocketMatch: [String: MetadataValue] {
        filters["envoy.transport_socket_match"] ?? [:]
    }

    /// The value at a path: the filter's name first, then keys.
    package func value(at path: [String]) -> MetadataValue? {
        guard let first = path.first, let fields = filters[first] else { return nil }
        var value: MetadataValue = .object(fields)
        for key in path.dropFirst() {
            guard case .object(let members) = value, let next = members[key] else { return nil }
            value = next
        }
        return value
    }
}

extension Metadata: Equatable {
    package static func == (left: Metadata, right: Metadata) -> Bool {
        left === right || left.filters == right.filters
    }
}

/// `envoy.config.core.v3.Locality`: where endpoints, or this process, are.
package struct Locality: Sendable, Hashable {
    package var region: String
    package var zone: String
    package var subZone: String

    package init(region: String = "", zone: String = "", subZone: String = "") {
        self.region = region
        self.zone = zone
        self.subZone = subZone
    }

    package var isEmpty: Bool { region.isEmpty && zone.isEmpty && subZone.isEmpty }
}
