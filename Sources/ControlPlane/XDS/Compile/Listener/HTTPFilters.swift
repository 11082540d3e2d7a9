internal import Model
internal import SwiftProtobuf

/// The chain of HTTP filters: the router, and filters that would protect something.
///
/// Only the router does anything yet. A filter that is printed without its configuration protects
/// nothing in Envoy either, so it is refused by name rather than left out in silence.
extension Compilation {
    private enum FilterKind {
        case router(suppressesEnvoyHeaders: Bool)
        case leftOut
        case refused
    }

    /// True where the router says `suppress_envoy_headers`.
    func suppressesEnvoyHeaders(
        _ filters: [Envoy_Extensions_Filters_Network_HttpConnectionManager_V3_HttpFilter],
        _ path: FieldPath
    ) -> Bool {
        var suppresses = false
        var routers: [Int] = []
        var isComplete = true
        for (index, filter) in filters.enumerated() {
            switch kind(of: filter, path[index]) {
            case .router(let flag):
                routers.append(index)
                suppresses = flag
            case .leftOut: break
            case .refused: isComplete = false
            }
        }
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
        return suppresses
    }

    private func kind(
        of filter: Envoy_Extensions_Filters_Network_HttpConnectionManager_V3_HttpFilter,
        _ path: FieldPath
    ) -> FilterKind {
        if case .typedConfig(let any) = filter.configType {
            return configured(filter, any, path)
        }
        if filter.name == KnownFilters.router {
            if filter.disabled {
                refuse(path["disabled"], "the router cannot be disabled", "leave it out")
            }
            return .router(suppressesEnvoyHeaders: false)
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
        _ filter: Envoy_Extensions_Filters_Network_HttpConnectionManager_V3_HttpFilter,
        _ any: Google_Protobuf_Any,
        _ path: FieldPath
    ) -> FilterKind {
        typealias Router = Envoy_Extensions_Filters_Http_Router_V3_Router
        if any.isA(Router.self) {
            let router = unpack(any, as: Router.self, path["typed_config"])
            return .router(suppressesEnvoyHeaders: router?.suppressEnvoyHeaders ?? false)
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
        _ filter: Envoy_Extensions_Filters_Network_HttpConnectionManager_V3_HttpFilter,
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
