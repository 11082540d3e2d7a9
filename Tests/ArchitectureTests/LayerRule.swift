/// Which modules a target may import, and why no others: the architecture page as a table.
struct LayerRule {
    var target: String
    var folder: String
    var mayImport: Set<String>
    var reason: String

    /// The C library and atomics: no target loses portability or purity by them but where it says so.
    private static let system: Set<String> = ["Glibc", "Synchronization"]

    static let all: [LayerRule] = [
        LayerRule(
            target: "Model",
            folder: "Sources/Core/Model",
            mayImport: system,
            reason: "Model is values that all planes share; it stands on nothing"
        ),
        LayerRule(
            target: "Telemetry",
            folder: "Sources/Core/Telemetry",
            mayImport: system.union(["Model"]),
            reason: "Telemetry is told what happened; it does not know who tells it"
        ),
        LayerRule(
            target: "Identity",
            folder: "Sources/Core/Identity",
            mayImport: system.union(["Model", "CTLS"]),
            reason: "Identity is keys, certificates and handshakes; it knows no connection"
        ),
        LayerRule(
            target: "Document",
            folder: "Sources/Core/Document",
            mayImport: system.union(["Model", "CYAML"]),
            reason: "Document is YAML and JSON with places; it knows no meaning"
        ),
        LayerRule(
            target: "Wire",
            folder: "Sources/DataPlane/Wire",
            mayImport: ["Model"],
            reason: "Wire turns bytes into values and back, without I/O"
        ),
        LayerRule(
            target: "Policy",
            folder: "Sources/DataPlane/Policy",
            mayImport: ["Model", "CRE2", "Synchronization"],
            reason: "Policy decides from values alone, without I/O or a clock of its own"
        ),
        LayerRule(
            target: "Proxy",
            folder: "Sources/DataPlane/Proxy",
            mayImport: system.union([
                "Model", "Telemetry", "Identity", "Wire", "Policy", "CAres", "CLinux",
            ]),
            reason: "the data plane knows the snapshot only, never protobuf or YAML"
        ),
        LayerRule(
            target: "XDS",
            folder: "Sources/ControlPlane/XDS",
            mayImport: system.union([
                "Model", "Document", "Policy", "Telemetry", "Identity", "SwiftProtobuf",
                "FoundationEssentials",
            ]),
            reason: "XDS makes snapshots; it never touches a connection"
        ),
        LayerRule(
            target: "CompanionKit",
            folder: "Sources/Companions/CompanionKit",
            mayImport: system.union([
                "Model", "Telemetry", "Identity", "Wire", "CLinux", "CZlib",
            ]),
            reason: "CompanionKit is what companions have in common; it knows none of them"
        ),
        LayerRule(
            target: "LogShipper",
            folder: "Sources/Companions/LogShipper",
            mayImport: system.union([
                "CompanionKit", "Model", "Document", "Telemetry", "Identity", "Wire", "CRE2",
                "CLinux", "CKafka", "CSQLite",
            ]),
            reason: "a companion knows neither the data plane nor another companion"
        ),
        LayerRule(
            target: "Admin",
            folder: "Sources/Operations/Admin",
            mayImport: system.union([
                "Model", "Telemetry", "Identity", "Wire", "Policy", "Proxy",
            ]),
            reason: "Admin shows the data plane; protobuf stops at XDS"
        ),
        LayerRule(
            target: "Interception",
            folder: "Sources/Operations/Interception",
            mayImport: system.union(["Model", "CLinux"]),
            reason: "Interception sets up the kernel before any data plane runs"
        ),
        LayerRule(
            target: "SampleApp",
            folder: "Sources/Operations/SampleApp",
            mayImport: system.union(["Model", "Wire", "Proxy"]),
            reason: "the sample app is an application like any other"
        ),
        LayerRule(
            target: "pillion",
            folder: "Sources/pillion",
            mayImport: system.union([
                "Model", "Document", "Telemetry", "Identity", "Proxy", "XDS", "Admin",
                "Interception", "SampleApp", "CompanionKit", "LogShipper", "ArgumentParser",
            ]),
            reason: "the executable puts the parts together"
        ),
    ]

    /// What no target may import, with the reason.
    static let forbidden: [String: String] = [
        "Foundation": "its ICU data would cost every pod 34 MB; FoundationEssentials, in XDS only",
        "NIOCore": "event loops of our own carry the traffic; NIO is the oracle of tests",
        "NIOPosix": "event loops of our own carry the traffic; NIO is the oracle of tests",
        "NIOHTTP1": "the codec is our own; NIOHTTP1 is the oracle of tests",
        "Dispatch": "one worker owns one loop; there are no queues",
        "Yams": "it pulls full Foundation; libyaml is enough",
    ]

    /// The violation that an import is, or nil.
    func violation(of module: String) -> String? {
        if let reason = Self.forbidden[module] {
            return "\(target) imports \(module), which nobody may: \(reason)"
        }
        if mayImport.contains(module) { return nil }
        let allowed = mayImport.sorted().joined(separator: ", ")
        return "\(target) imports \(module), but may import only \(allowed): \(reason)"
    }
}
