internal import Document
internal import Model
internal import SwiftProtobuf

/// The groups of a cluster's endpoints: one for each priority and place.
struct LocalityGroups {
    struct Key: Hashable {
        let locality: Locality
        let priority: UInt32
    }
    var all: [LocalityConfiguration] = []
    var indices: [Key: UInt16] = [:]
}

/// `envoy.config.endpoint.v3.LocalityLbEndpoints`, without the endpoints.
extension Compilation {
    private static let priorityMax: UInt32 = 128

    /// The position of the group that the endpoints belong to; made where it is new.
    func group(
        of endpoints: Envoy_Config_Endpoint_V3_LocalityLbEndpoints,
        _ path: FieldPath,
        _ groups: inout LocalityGroups,
        _ clusterName: String
    ) -> UInt16? {
        let priority = endpoints.priority
        if priority > Self.priorityMax {
            refuse(
                path["priority"],
                "\(priority) is out of range",
                "priorities are 0, the first, to \(Self.priorityMax)"
            )
            return nil
        }
        if priority > 0, !clusterName.isEmpty, clusterName == sharedByClusters.localClusterName {
            refuse(
                path["priority"],
                "the local cluster has one priority",
                "leave it out: zone-aware routing compares the endpoints of priority 0"
            )
        }
        var weight: UInt32?
        if endpoints.hasLoadBalancingWeight {
            weight = endpoints.loadBalancingWeight.value
            if weight == 0 {
                refuse(
                    path["load_balancing_weight"],
                    "is 0",
                    "a weight is at least 1; leave it out to send the place nothing"
                )
            }
        }
        let key = LocalityGroups.Key(locality: locality(endpoints.locality), priority: priority)
        if let index = groups.indices[key] {
            let known = groups.all[Int(index)].weight
            if weight != known, weight != nil, known != nil {
                warn(
                    path["load_balancing_weight"],
                    "the same place and priority had another weight before",
                    "write its endpoints in one list; the last weight counts"
                )
            }
            groups.all[Int(index)].weight = weight ?? known
            return index
        }
        guard let index = UInt16(exactly: groups.all.count) else {
            refuse(path, "is one of more than 65536 places", "join places of a cluster")
            return nil
        }
        groups.indices[key] = index
        groups.all.append(
            LocalityConfiguration(locality: key.locality, priority: priority, weight: weight)
        )
        return index
    }

    /// The weights of the places of one priority fit in 32 bits together.
    func checkLocalityWeights(_ groups: LocalityGroups, _ path: FieldPath) {
        var sums: [UInt32: UInt64] = [:]
        for group in groups.all {
            sums[group.priority, default: 0] += UInt64(group.weight ?? 0)
        }
        for (priority, sum) in sums.sorted(by: { $0.key < $1.key }) where sum > UInt64(UInt32.max) {
            refuse(
                path,
                "the weights of the places of priority \(priority) add up to \(sum)",
                "their sum is at most \(UInt32.max)"
            )
        }
    }

    /// Gives each priority below the highest a group, as the model wants it.
    func fillPriorities(_ groups: inout LocalityGroups, _ path: FieldPath) {
        let used = Set(groups.all.map(\.priority))
        let highest = used.max() ?? 0
        var isWarned = false
        for priority in 0...highest where !used.contains(priority) {
            if highest > 0, !isWarned {
                isWarned = true
                warn(
                    path,
                    "no endpoints have priority \(priority), but some have \(highest)",
                    "count priorities from 0 without leaving any out"
                )
            }
            groups.all.append(LocalityConfiguration(priority: priority))
        }
    }

    /// A place in words.
    func words(for group: LocalityConfiguration) -> String {
        let place = group.locality
        if place.isEmpty { return "the endpoints" }
        let names = [place.region, place.zone, place.subZone].filter { !$0.isEmpty }
        return "the endpoints in \(quoted(names.joined(separator: "/")))"
    }
}
