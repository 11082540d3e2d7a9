internal import Document
internal import Model
internal import SwiftProtobuf

/// The values of the runtime's static layers, by key, and which of them anything asked for.
struct RuntimeValues {
    struct Entry {
        var value: Google_Protobuf_Value
        var path: FieldPath
        var isUsed = false
    }
    var entries: [String: Entry] = [:]
    /// The keys that the configuration names, whether the runtime has them or not.
    var asked: Set<String> = []
}

/// `envoy.config.bootstrap.v3.LayeredRuntime`: values that go before what the file says elsewhere.
///
/// They are looked up once, when the configuration is compiled: no layer changes while it runs.
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
            if case .structValue(let inner) = value.kind, depth < 16, !Self.isFraction(inner) {
                read(inner, prefix: key, place, depth: depth + 1)
            } else if key.hasPrefix(Self.limitPrefix), key.hasSuffix(Self.limitSuffix) {
                setLimit(key, value, place)
            } else {
                runtime.entries[key] = RuntimeValues.Entry(value: value, path: place)
            }
        }
    }

    /// An object with these members is a share, not a level of keys.
    private static func isFraction(_ object: Google_Protobuf_Struct) -> Bool {
        object.fields["numerator"] != nil || object.fields["denominator"] != nil
    }

    /// Says so where nothing asks for a key: call it when everything else is compiled.
    func warnOfUnusedRuntime() {
        let asked = runtime.asked.sorted()
        for key in runtime.entries.keys.sorted() {
            guard let entry = runtime.entries[key], !entry.isUsed else { continue }
            warn(
                entry.path,
                "runtime key \(quoted(key)) has no effect",
                didYouMean(key, among: asked, otherwise: "nothing in the configuration asks for it")
            )
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

/// Looking values up.
extension Compilation {
    /// A share of something, as numerator and denominator.
    typealias Fraction = (numerator: UInt32, denominator: UInt32)

    /// The number at a key; nil where the runtime does not have it.
    ///
    /// Numbers may be written as texts. Anything else at the key is refused.
    func runtimeNumber(_ key: String) -> Double? {
        guard let entry = runtimeEntry(key) else { return nil }
        switch entry.value.kind {
        case .numberValue(let number): return number
        case .stringValue(let text):
            if let number = Double(text), number.isFinite { return number }
        default: break
        }
        refuse(entry.path, "runtime key \(quoted(key)) is not a number", "give a number")
        return nil
    }

    /// The whole number at a key, for limits and weights.
    func runtimeCount(_ key: String) -> UInt32? {
        guard let number = runtimeNumber(key) else { return nil }
        guard let count = UInt32(exactly: number) else {
            let path = runtime.entries[key]?.path ?? FieldPath()
            refuse(
                path,
                "runtime key \(quoted(key)) is not a whole number",
                "give 0 to \(UInt32.max)"
            )
            return nil
        }
        return count
    }

    /// The flag at a key (`RuntimeFeatureFlag`).
    func runtimeFlag(_ key: String) -> Bool? {
        guard let entry = runtimeEntry(key) else { return nil }
        switch entry.value.kind {
        case .boolValue(let flag): return flag
        case .stringValue("true"): return true
        case .stringValue("false"): return false
        default:
            refuse(entry.path, "runtime key \(quoted(key)) is not a flag", "give true or false")
            return nil
        }
    }

    /// The share at a key: a whole number is percent, an object has a numerator and perhaps a
    /// denominator (`FractionalPercent`).
    func runtimeFraction(_ key: String) -> Fraction? {
        guard let entry = runtimeEntry(key) else { return nil }
        guard case .structValue(let object) = entry.value.kind else {
            guard let number = runtimeNumber(key) else { return nil }
            if number.rounded(.towardZero) == number, number >= 0 {
                return (number > 100 ? 100 : UInt32(number), 100)
            }
            refuse(
                entry.path,
                "runtime key \(quoted(key)) is not a share",
                "give a whole number of percent, or numerator and denominator"
            )
            return nil
        }
        var numerator: UInt32 = 0
        if let given = object.fields["numerator"] {
            guard case .numberValue(let number) = given.kind, let exact = UInt32(exactly: number)
            else {
                refuse(
                    entry.path[key: "numerator"],
                    "is not a whole number",
                    "give 0 to the denominator"
                )
                return nil
            }
            numerator = exact
        }
        switch object.fields["denominator"]?.kind {
        case nil, .stringValue("HUNDRED"), .numberValue(0): return (numerator, 100)
        case .stringValue("TEN_THOUSAND"), .numberValue(1): return (numerator, 10_000)
        case .stringValue("MILLION"), .numberValue(2): return (numerator, 1_000_000)
        default:
            refuse(
                entry.path[key: "denominator"],
                "is not a denominator",
                "give HUNDRED, TEN_THOUSAND or MILLION"
            )
            return nil
        }
    }

    private func runtimeEntry(_ key: String) -> RuntimeValues.Entry? {
        if key.isEmpty { return nil }
        runtime.asked.insert(key)
        runtime.entries[key]?.isUsed = true
        guard let entry = runtime.entries[key] else { return nil }
        outside.append(contentsOf: Array("runtime \(key) \(entry.value)\n".utf8))
        return entry
    }
}
