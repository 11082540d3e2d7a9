internal import Model
internal import SwiftProtobuf

/// The configuration of `grpc_stats`: what is counted of gRPC requests.
extension Compilation {
    private typealias StatsMessage = Envoy_Extensions_Filters_Http_GrpcStats_V3_FilterConfig

    /// Methods with statistics of their own at most: each has several counters for each cluster.
    private static var countedMethodsMax: Int { 10_000 }

    func grpcStatistics(
        _ config: Envoy_Extensions_Filters_Http_GrpcStats_V3_FilterConfig,
        _ path: FieldPath
    ) -> GRPCStatistics {
        var methods: GRPCStatistics.Methods = .none
        switch config.perMethodStatSpecifier {
        case .individualMethodStatsAllowlist(let list):
            methods = .listed(
                listedMethods(list, path["individual_method_stats_allowlist"]["services"])
            )
        case .statsForAllMethods(let isOn): methods = isOn.value ? .all : .none
        case nil: break
        }
        if methods == .all {
            warn(
                path["stats_for_all_methods"],
                "every method that a client names becomes statistics of its own",
                "individual_method_stats_allowlist keeps clients from filling the memory"
            )
        }
        return GRPCStatistics(
            methods: methods,
            countsUpstreamMessages: config.enableUpstreamStats
        )
    }

    private func listedMethods(
        _ list: Envoy_Config_Core_V3_GrpcMethodList,
        _ path: FieldPath
    ) -> [String] {
        var names: [String] = []
        for (index, service) in list.services.enumerated() {
            let path = path[index]
            if service.name.isEmpty {
                refuse(path["name"], "is empty", "give the service with its package: shop.Orders")
            }
            if service.methodNames.isEmpty {
                refuse(path["method_names"], "is empty", "name the methods that are counted")
            }
            names += service.methodNames.map { "\(service.name)/\($0)" }
        }
        if names.count > Self.countedMethodsMax {
            refuse(
                path,
                "lists \(names.count) methods",
                "at most \(Self.countedMethodsMax) are allowed"
            )
        }
        return names
    }
}
