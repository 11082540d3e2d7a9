internal import Model
internal import SwiftProtobuf

/// `envoy.config.bootstrap.v3.LayeredRuntime`: the one thing that is read from it are the limits of
/// listeners, which Envoy keeps there
/// (`envoy.resource_limits.listener.<name>.connection_limit`).
extension Compilation {
    private static let limitPrefix = "envoy.resource_limits.listener."
    private static let limitSuffix = ".connection_limit"

    func readRuntime(_ runtime: Envoy_Config_Bootstrap_V3_LayeredRuntime, _ path: FieldPath) {
        for (index, layer) in runtime.layers.enumerated() {
            let path = path["layers"][index]
            // The loader says of the other kinds of layers that they have no effect.
            guard case .staticLayer(let values) = layer.layerSpecifier else { continue }
            read(values, prefix: "", path["static_layer"], depth: 0)
        }
    }

    /// Keys may be written with dots or as nested objects; later layers cover earlier ones.
    private func read(
        _ values: Google_Protobuf_Struct,
        prefix: String,
        _ path: FieldPath,
        depth: Int
    ) {
        for name in values.fields.keys.sorted() {
            guard let value = values.fields[name] else { continue }
            let key = prefix.isEmpty ? name : "\(prefix).\(name)"
            let place = path[key: name]
            if case .structValue(let inner) = value.kind, depth < 16 {
                read(inner, prefix: key, place, depth: depth + 1)
            } else if key.hasPrefix(Self.limitPrefix), key.hasSuffix(Self.limitSuffix) {
                setLimit(key, value, place)
            } else {
                warn(
                    place,
                    "runtime key \(quoted(key)) has no effect",
                    "only connection limits of listeners are read from the runtime"
                )
            }
        }
    }

    /// Says so where a limit names no listener, since a slip there leaves the default in force.
    func warnOfUnusedLimits(_ listeners: [Envoy_Config_Listener_V3_Listener]) {
        let names = listeners.map(\.name)
        for (name, entry) in connectionLimits where !names.contains(name) {
            warn(
                entry.path,
                "there is no listener \(quoted(name)), so the limit has no effect",
                didYouMean(
                    name,
                    among: names,
                    otherwise: "the key holds the name of a listener"
                )
            )
        }
    }

    private func setLimit(_ key: String, _ value: Google_Protobuf_Value, _ path: FieldPath) {
        let name = String(key.dropFirst(Self.limitPrefix.count).dropLast(Self.limitSuffix.count))
        guard case .numberValue(let number) = value.kind, let limit = UInt32(exactly: number),
            limit > 0
        else {
            refuse(path, "is not a number of connections", "give a whole number above 0")
            return
        }
        connectionLimits[name] = (limit, path)
    }
}
