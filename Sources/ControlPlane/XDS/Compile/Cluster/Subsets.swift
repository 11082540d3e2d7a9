internal import Document
internal import Model
internal import SwiftProtobuf

/// `LbSubsetConfig` in either of its two forms, which are alike field by field.
extension Compilation {
    func subsets(
        _ config: Envoy_Config_Cluster_V3_Cluster.LbSubsetConfig,
        _ path: FieldPath
    ) -> SubsetConfiguration? {
        let fallback: SubsetConfiguration.Fallback =
            switch known(config.fallbackPolicy, path["fallback_policy"]) {
            case .anyEndpoint: .anyEndpoint
            case .defaultSubset: .defaultSubset
            default: .none
            }
        let usesList =
            known(config.metadataFallbackPolicy, path["metadata_fallback_policy"])
            == .fallbackList
        return subsets(
            SubsetConfiguration(
                fallback: fallback,
                defaultSubset: Self.metadataFields(config.defaultSubset),
                selectors: config.subsetSelectors.enumerated().compactMap { index, selector in
                    self.selector(selector, path["subset_selectors"][index])
                },
                isLocalityWeightAware: config.localityWeightAware,
                scalesLocalityWeight: config.scaleLocalityWeight,
                ignoresSubsetsInPanic: config.panicModeAny,
                splitsLists: config.listAsAny,
                usesMetadataFallbackList: usesList
            ),
            path
        )
    }

    func subsets(
        _ config: Envoy_Extensions_LoadBalancingPolicies_Subset_V3_Subset,
        _ path: FieldPath
    ) -> SubsetConfiguration? {
        let fallback: SubsetConfiguration.Fallback =
            switch known(config.fallbackPolicy, path["fallback_policy"]) {
            case .anyEndpoint: .anyEndpoint
            case .defaultSubset: .defaultSubset
            default: .none
            }
        let usesList =
            known(config.metadataFallbackPolicy, path["metadata_fallback_policy"])
            == .fallbackList
        return subsets(
            SubsetConfiguration(
                fallback: fallback,
                defaultSubset: Self.metadataFields(config.defaultSubset),
                selectors: config.subsetSelectors.enumerated().compactMap { index, selector in
                    let path = path["subset_selectors"][index]
                    // The old form has the same numbers, and its enum the same values.
                    var old = Envoy_Config_Cluster_V3_Cluster.LbSubsetConfig.LbSubsetSelector()
                    old.keys = selector.keys
                    old.singleHostPerSubset = selector.singleHostPerSubset
                    old.fallbackKeysSubset = selector.fallbackKeysSubset
                    old.fallbackPolicy =
                        .init(rawValue: selector.fallbackPolicy.rawValue) ?? .notDefined
                    return self.selector(old, path)
                },
                isLocalityWeightAware: config.localityWeightAware,
                scalesLocalityWeight: config.scaleLocalityWeight,
                ignoresSubsetsInPanic: config.panicModeAny,
                splitsLists: config.listAsAny,
                usesMetadataFallbackList: usesList
            ),
            path
        )
    }

    /// The whole, where it divides anything; else nil and a warning.
    private func subsets(
        _ subsets: SubsetConfiguration,
        _ path: FieldPath
    ) -> SubsetConfiguration? {
        if subsets.selectors.isEmpty {
            warn(
                path,
                "has no effect without subset_selectors",
                "name the keys that divide the endpoints: subset_selectors: [{keys: [version]}]"
            )
            return nil
        }
        let usesDefault =
            subsets.fallback == .defaultSubset
            || subsets.selectors.contains { $0.fallback == .defaultSubset }
        if usesDefault, subsets.defaultSubset.isEmpty {
            warn(
                path["fallback_policy"],
                "DEFAULT_SUBSET without default_subset means any endpoint",
                "give default_subset, or write ANY_ENDPOINT"
            )
        } else if !usesDefault, !subsets.defaultSubset.isEmpty {
            warn(
                path["default_subset"],
                "has no effect: no fallback is DEFAULT_SUBSET",
                "write fallback_policy: DEFAULT_SUBSET"
            )
        }
        var seen: Set<[String]> = []
        for (index, selector) in subsets.selectors.enumerated()
        where !seen.insert(selector.keys).inserted {
            warn(
                path["subset_selectors"][index],
                "another selector has the same keys",
                "only the first counts"
            )
        }
        return subsets
    }

    private func selector(
        _ selector: Envoy_Config_Cluster_V3_Cluster.LbSubsetConfig.LbSubsetSelector,
        _ path: FieldPath
    ) -> SubsetConfiguration.Selector? {
        let keys = Set(selector.keys)
        if selector.keys.isEmpty {
            warn(
                path["keys"],
                "is empty, so the selector divides nothing",
                "name at least one key of the endpoints' metadata"
            )
            return nil
        }
        if keys.contains("") {
            refuse(path["keys"], "an empty name is no key", "name a key of the metadata")
        }
        if selector.singleHostPerSubset, keys.count > 1 {
            warn(
                path["single_host_per_subset"],
                "is meant for one key, not \(keys.count)",
                "leave it out, or give one key"
            )
        }
        let fallback: SubsetConfiguration.SelectorFallback
        let policy = known(selector.fallbackPolicy, path["fallback_policy"])
        switch policy {
        case .noFallback: fallback = .none
        case .anyEndpoint: fallback = .anyEndpoint
        case .defaultSubset: fallback = .defaultSubset
        case .keysSubset:
            checkFallbackKeys(selector, keys, path["fallback_keys_subset"])
            fallback = .keysSubset(Set(selector.fallbackKeysSubset).sorted())
        default: fallback = .notDefined
        }
        if policy != .keysSubset, !selector.fallbackKeysSubset.isEmpty {
            refuse(
                path["fallback_keys_subset"],
                "only KEYS_SUBSET takes keys",
                "write fallback_policy: KEYS_SUBSET"
            )
        }
        return SubsetConfiguration.Selector(
            keys: keys.sorted(),
            fallback: fallback,
            hasOneEndpointPerSubset: selector.singleHostPerSubset
        )
    }

    private func checkFallbackKeys(
        _ selector: Envoy_Config_Cluster_V3_Cluster.LbSubsetConfig.LbSubsetSelector,
        _ keys: Set<String>,
        _ path: FieldPath
    ) {
        let fewer = Set(selector.fallbackKeysSubset)
        if fewer.isEmpty {
            refuse(path, "is empty", "name some of the selector's keys, or write NO_FALLBACK")
        } else if let foreign = selector.fallbackKeysSubset.first(where: { !keys.contains($0) }) {
            refuse(
                path,
                "\(quoted(foreign)) is no key of the selector",
                didYouMean(
                    foreign,
                    among: keys.sorted(),
                    otherwise: "the keys are \(keys.sorted().joined(separator: ", "))"
                )
            )
        } else if fewer == keys {
            refuse(path, "has all keys of the selector", "leave at least one out")
        }
    }
}
