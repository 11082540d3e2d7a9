internal import Document
internal import Model
internal import SwiftProtobuf

/// The chain of HTTP filters: the router, changes of headers, and filters that would protect
/// something.
///
/// A filter that is printed without its configuration protects nothing in Envoy either, so it is
/// refused by name rather than left out in silence.
extension Compilation {
    typealias FilterMessage =
        Envoy_Extensions_Filters_Network_HttpConnectionManager_V3_HttpFilter
    private typealias Router = Envoy_Extensions_Filters_Http_Router_V3_Router
    private typealias GRPCWeb = Envoy_Extensions_Filters_Http_GrpcWeb_V3_GrpcWeb
    private typealias GRPCStats = Envoy_Extensions_Filters_Http_GrpcStats_V3_FilterConfig
    private typealias Mutation = Envoy_Extensions_Filters_Http_HeaderMutation_V3_HeaderMutation

    private enum FilterKind {
        case router(Router)
        case mutation(Mutation)
        case grpcWeb
        case grpcStatistics(GRPCStats)
        case leftOut
        case refused
    }

    func httpFilterChain(_ filters: [FilterMessage], _ path: FieldPath) -> HTTPFilterChain {
        var chain = HTTPFilterChain()
        var routers: [Int] = []
        var isComplete = true
        for (index, filter) in filters.enumerated() {
            let path = path[index]
            if !filter.name.isEmpty, chain.names.contains(filter.name) {
                warn(
                    path["name"],
                    "there is another filter \(quoted(filter.name))",
                    "what routes say by name holds for both"
                )
            }
            chain.names.append(filter.name)
            switch kind(of: filter, path) {
            case .router(let router):
                routers.append(index)
                chain.routerName = filter.name
                read(router, path["typed_config"], into: &chain)
            case .mutation(let mutation):
                let path = path["typed_config"]
                chain.mutations.append(
                    HTTPFilterChain.HeaderMutation(
                        name: filter.name,
                        isDisabled: filter.disabled,
                        changes: mutations(mutation.mutations, path["mutations"]),
                        mostSpecificLast: mutation.mostSpecificHeaderMutationsWins
                    )
                )
            case .grpcWeb:
                chain.unconditional.insert(filter.name)
                chain.bridgesGRPCWeb = true
            case .grpcStatistics(let config):
                chain.unconditional.insert(filter.name)
                chain.grpcStatistics = grpcStatistics(config, path["typed_config"])
            case .leftOut: chain.leftOut.insert(filter.name)
            case .refused:
                chain.leftOut.insert(filter.name)
                isComplete = false
            }
        }
        checkRouter(routers, filters, isComplete: isComplete, path)
        return chain
    }

    private func read(_ router: Router, _ path: FieldPath, into chain: inout HTTPFilterChain) {
        chain.suppressesEnvoyHeaders = router.suppressEnvoyHeaders
        chain.respectsExpectedTimeout = router.respectExpectedRqTimeout
        chain.countsByStatus = router.hasDynamicStats ? router.dynamicStats.value : true
        let checkable: [(name: String, field: KnownField)] = [
            ("x-envoy-upstream-rq-timeout-ms", .xEnvoyUpstreamRqTimeoutMs),
            ("x-envoy-upstream-rq-per-try-timeout-ms", .xEnvoyUpstreamRqPerTryTimeoutMs),
            ("x-envoy-max-retries", .xEnvoyMaxRetries),
            ("x-envoy-retry-grpc-on", .xEnvoyRetryGrpcOn),
            ("x-envoy-retry-on", .xEnvoyRetryOn),
        ]
        for (index, name) in router.strictCheckHeaders.enumerated() {
            if let found = checkable.first(where: { $0.name == name }) {
                chain.strictlyCheckedHeaders.append(found.field)
                continue
            }
            let names = checkable.map(\.name)
            refuse(
                path["strict_check_headers"][index],
                "\(quoted(name)) is none of the headers that can be checked",
                didYouMean(
                    name,
                    among: names,
                    otherwise: "they are " + names.joined(separator: ", ")
                )
            )
        }
    }

    private func checkRouter(
        _ routers: [Int],
        _ filters: [FilterMessage],
        isComplete: Bool,
        _ path: FieldPath
    ) {
        if let router = routers.first {
            if routers.count > 1 {
                refuse(path[routers[1]], "is a second router", "the router stands once, at the end")
            } else if router != filters.count - 1 {
                refuse(
                    path[router],
                    "the router is not the last filter",
                    "move it to the end: filters behind it would see no request"
                )
            }
        } else if filters.isEmpty || isComplete {
            refuse(
                path,
                filters.isEmpty ? "has no filters" : "has no router",
                "the last filter is \(KnownFilters.router)"
            )
        }
    }

    private func kind(
        of filter: FilterMessage,
        _ path: FieldPath
    ) -> FilterKind {
        if case .typedConfig(let any) = filter.configType {
            return configured(filter, any, path)
        }
        if filter.name == KnownFilters.router {
            if filter.disabled {
                refuse(path["disabled"], "the router cannot be disabled", "leave it out")
            }
            return .router(Router())
        }
        if let known = KnownFilters.httpFilter(named: filter.name) {
            return unconfigured(filter, known, path)
        }
        if filter.isOptional {
            warn(path, "optional filter \(quoted(filter.name)) is not known and left out")
            return .leftOut
        }
        if filter.name.isEmpty {
            refuse(
                path["name"],
                "is empty",
                "give the name of the filter, for example "
                    + KnownFilters.router
            )
        } else {
            refuse(
                path["name"],
                "there is no filter \(quoted(filter.name))",
                Self.filterHint(filter.name, prefix: "envoy.filters.http.", KnownFilters.httpNames)
            )
        }
        return .refused
    }

    /// Names without the prefix, and the short ones of Envoy's first years, are recognised too.
    static func filterHint(_ name: String, prefix: String, _ names: [String]) -> String {
        if let last = name.split(separator: ".").last, names.contains(prefix + last) {
            return "did you mean \(quoted(prefix + last))?"
        }
        return didYouMean(name, among: names, otherwise: "the names are Envoy's: \(prefix)…")
    }

    private func configured(
        _ filter: FilterMessage,
        _ any: Google_Protobuf_Any,
        _ path: FieldPath
    ) -> FilterKind {
        if any.isA(Router.self) {
            if filter.disabled {
                refuse(path["disabled"], "the router cannot be disabled", "leave it out")
            }
            return .router(unpack(any, as: Router.self, path["typed_config"]) ?? Router())
        }
        if any.isA(Mutation.self) {
            return unpack(any, as: Mutation.self, path["typed_config"])
                .map { .mutation($0) } ?? .refused
        }
        if !filter.disabled {
            if any.isA(GRPCWeb.self) {
                return unpack(any, as: GRPCWeb.self, path["typed_config"])
                    .map { _ in .grpcWeb } ?? .refused
            }
            if any.isA(GRPCStats.self) {
                return unpack(any, as: GRPCStats.self, path["typed_config"])
                    .map { .grpcStatistics($0) } ?? .refused
            }
        }
        if filter.isOptional || filter.disabled {
            warn(
                path,
                "filter \(quoted(filter.name)) (\(typeName(any))) is not supported yet and"
                    + " left out",
                "it is \(filter.disabled ? "disabled" : "optional") in the file"
            )
            return .leftOut
        }
        refuse(
            path,
            "filter \(quoted(filter.name)) (\(typeName(any))) is not supported yet",
            "remove it to run without it"
        )
        return .refused
    }

    private func unconfigured(
        _ filter: FilterMessage,
        _ known: KnownFilters.HTTPFilter,
        _ path: FieldPath
    ) -> FilterKind {
        if options.allowsUnconfiguredFilters {
            warn(
                path,
                "filter \(quoted(filter.name)) has no typed_config and is left out: "
                    + known.loss,
                "give it typed_config with \(known.configuration)"
            )
            return .leftOut
        }
        refuse(
            path,
            "filter \(quoted(filter.name)) has no typed_config: \(known.configuration)"
                + " \(known.isPlural ? "are" : "is") missing, and without \(known.pronoun) \(known.loss)",
            "configure it, remove it, or run with --allow-unconfigured-filters to go without it"
        )
        return .refused
    }
}
