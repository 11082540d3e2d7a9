internal import Document
internal import Model
internal import SwiftProtobuf

/// What one level of routes says of filters, by the name of the filter.
typealias FilterOverrides = [String: FilterOverride]

/// What one level says of one filter.
struct FilterOverride {
    var isDisabled = false
    var changes = HeaderChanges()
}

/// `typed_per_filter_config` of tables, virtual hosts, routes and weighted clusters.
extension Compilation {
    private typealias PerRoute =
        Envoy_Extensions_Filters_Http_HeaderMutation_V3_HeaderMutationPerRoute
    private typealias FilterConfig = Envoy_Config_Route_V3_FilterConfig

    func filterOverrides(
        _ given: [String: Google_Protobuf_Any],
        _ path: FieldPath
    ) -> FilterOverrides {
        var overrides: FilterOverrides = [:]
        for name in given.keys.sorted() {
            guard let any = given[name] else { continue }
            if let override = filterOverride(name, any, path[key: name]) {
                overrides[name] = override
            }
        }
        return overrides
    }

    private func filterOverride(
        _ name: String,
        _ any: Google_Protobuf_Any,
        _ path: FieldPath
    ) -> FilterOverride? {
        var override = FilterOverride()
        var config: Google_Protobuf_Any? = any
        var isOptional = false
        var place = path
        if any.isA(FilterConfig.self) {
            guard let wrapper = unpack(any, as: FilterConfig.self, path) else { return nil }
            override.isDisabled = wrapper.disabled
            if !wrapper.disabled, !wrapper.hasConfig {
                refuse(path, "says nothing", "give disabled: true, or config: {} to turn it on")
                return nil
            }
            isOptional = wrapper.isOptional
            place = path["config"]
            config = wrapper.hasConfig && !wrapper.config.typeURL.isEmpty ? wrapper.config : nil
        }
        guard isInChain(name, isEnabled: !override.isDisabled, isOptional, path) else { return nil }
        guard let config, !override.isDisabled else { return override }
        guard let changes = unpack(config, as: PerRoute.self, place) else { return nil }
        override.changes = mutations(changes.mutations, place["mutations"])
        return override
    }

    /// True where the name is that of a filter of the chain which takes what routes say.
    private func isInChain(
        _ name: String,
        isEnabled: Bool,
        _ isOptional: Bool,
        _ path: FieldPath
    ) -> Bool {
        if filterChain.mutations.contains(where: { $0.name == name }) { return true }
        if name == filterChain.routerName {
            refuse(
                path,
                isEnabled
                    ? "the router takes no configuration by route"
                    : "the router cannot be disabled",
                "remove it"
            )
        } else if filterChain.unconditional.contains(name) {
            refuse(
                path,
                "filter \(quoted(name)) takes part in all requests of its chain",
                "remove it; routes cannot turn the filter off yet"
            )
        } else if filterChain.leftOut.contains(name) {
            if isEnabled, !isOptional {
                refuse(
                    path,
                    "turns on filter \(quoted(name)), which is not supported yet",
                    "remove it to run without the filter"
                )
            }
        } else {
            warn(
                path,
                "there is no filter \(quoted(name)) in this chain, so it has no effect",
                didYouMean(
                    name,
                    among: filterChain.names,
                    otherwise: "the key is the name of a filter in http_filters"
                )
            )
        }
        return false
    }

    /// The changes that `header_mutation` makes.
    func mutations(
        _ given: Envoy_Extensions_Filters_Http_HeaderMutation_V3_Mutations,
        _ path: FieldPath
    ) -> HeaderChanges {
        HeaderChanges(
            request: headerOperations(given.requestMutations, path["request_mutations"]),
            response: headerOperations(given.responseMutations, path["response_mutations"])
        )
    }
}
