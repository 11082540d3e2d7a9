// swift-tools-version: 6.2
import PackageDescription

// A package of its own: the sanitizers and the fuzzer's main function must not reach the product.
// The sources are links to those of the product and of its tests.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .enableExperimentalFeature("Extern"),
    .unsafeFlags(["-sanitize=fuzzer,address", "-parse-as-library"]),
]

let package = Package(
    name: "pillion-fuzz",
    targets: [
        .target(name: "Model", swiftSettings: settings),
        .target(name: "Wire", dependencies: ["Model"], swiftSettings: settings),
        .executableTarget(
            name: "HTTP1Fuzz",
            dependencies: ["Model", "Wire"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        ),
        .executableTarget(
            name: "ClientHelloFuzz",
            dependencies: ["Model", "Wire"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        ),
        .executableTarget(
            name: "ProxyProtocolFuzz",
            dependencies: ["Model", "Wire"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        ),
        .executableTarget(
            name: "HTTP2FramesFuzz",
            dependencies: ["Model", "Wire"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        ),
        .executableTarget(
            name: "HPACKFuzz",
            dependencies: ["Model", "Wire"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
        ),
    ]
)
