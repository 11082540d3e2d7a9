// swift-tools-version: 6.2
import PackageDescription

// Every target is built with the same strict settings: language mode 6, strict memory safety (each
// unsafe expression is marked, so it can be found and reviewed), and warnings as errors.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Spans are returned from the types that own the bytes; see docs/decisions/0003-spans.md.
    .enableExperimentalFeature("Lifetimes"),
]

// Functions are inlined across the modules of the data path, and the linker drops equal copies.
// The exclusivity of class properties is proved by the debug build and its tests; the release build
// leaves the run-time bookkeeping out. See docs/decisions/0002-release-flags.md.
let dataPlane: [SwiftSetting] =
    strict + [
        .unsafeFlags(
            ["-enforce-exclusivity=unchecked", "-enable-cmo-everything"],
            .when(configuration: .release)
        )
    ]

// The messages of the control plane are classes inside, and checking each access to one took a
// seventh of the start with a large configuration. Nobody inlines the log shipper's functions, which
// are called from the executable alone.
let controlPlane: [SwiftSetting] =
    strict + [
        .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
    ]

let package = Package(
    name: "pillion",
    products: [.executable(name: "pillion", targets: ["pillion"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        // In tests only: the differential oracle for our HTTP/1 codec.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        // System: thin doors to C and C++ libraries from Debian, linked statically.
        .target(
            name: "CRE2",
            path: "Sources/System/CRE2",
            linkerSettings: [.linkedLibrary(":libre2.a"), .linkedLibrary("stdc++")]
        ),
        .target(name: "CLinux", path: "Sources/System/CLinux"),
        // It loads librdkafka when it is wanted; see docs/decisions/0004-librdkafka.md.
        .target(name: "CKafka", path: "Sources/System/CKafka"),
        .target(
            name: "CTLS",
            path: "Sources/System/CTLS",
            linkerSettings: [.linkedLibrary(":libssl.a"), .linkedLibrary(":libcrypto.a")]
        ),
        .systemLibrary(name: "CYAML", path: "Sources/System/CYAML"),
        .systemLibrary(name: "CAres", path: "Sources/System/CAres"),
        .systemLibrary(name: "CZlib", path: "Sources/System/CZlib"),
        .systemLibrary(name: "CSQLite", path: "Sources/System/CSQLite"),
        // Core
        .target(name: "Model", path: "Sources/Core/Model", swiftSettings: dataPlane),
        .target(
            name: "Telemetry",
            dependencies: ["Model"],
            path: "Sources/Core/Telemetry",
            swiftSettings: dataPlane
        ),
        .target(
            name: "Identity",
            dependencies: ["Model", "CTLS"],
            path: "Sources/Core/Identity",
            swiftSettings: dataPlane
        ),
        .target(
            name: "Document",
            dependencies: ["Model", "CYAML"],
            path: "Sources/Core/Document",
            swiftSettings: dataPlane
        ),
        // Data plane
        .target(
            name: "Wire",
            dependencies: ["Model"],
            path: "Sources/DataPlane/Wire",
            swiftSettings: dataPlane
        ),
        .target(
            name: "Policy",
            dependencies: ["Model", "CRE2"],
            path: "Sources/DataPlane/Policy",
            swiftSettings: dataPlane
        ),
        .target(
            name: "Proxy",
            dependencies: [
                "Model", "Telemetry", "Identity", "Wire", "Policy", "CAres", "CLinux",
            ],
            path: "Sources/DataPlane/Proxy",
            swiftSettings: dataPlane
        ),
        // Control plane
        .target(
            name: "XDS",
            dependencies: [
                "Model", "Document", "Policy", "Telemetry", "Identity",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            path: "Sources/ControlPlane/XDS",
            exclude: ["Protos"],
            swiftSettings: controlPlane
        ),
        // Companions
        .target(
            name: "CompanionKit",
            dependencies: ["Model", "Telemetry", "Identity", "Wire", "CLinux", "CZlib"],
            path: "Sources/Companions/CompanionKit",
            swiftSettings: dataPlane
        ),
        .target(
            name: "LogShipper",
            dependencies: [
                "CompanionKit", "Model", "Document", "Telemetry", "Identity", "Wire", "CRE2",
                "CLinux", "CKafka", "CSQLite",
            ],
            path: "Sources/Companions/LogShipper",
            swiftSettings: controlPlane
        ),
        // Operations
        .target(
            name: "Admin",
            dependencies: ["Model", "Telemetry", "Identity", "Wire", "Policy", "Proxy"],
            path: "Sources/Operations/Admin",
            swiftSettings: strict
        ),
        .target(
            name: "Interception",
            dependencies: ["Model", "CLinux"],
            path: "Sources/Operations/Interception",
            swiftSettings: strict
        ),
        .target(
            name: "SampleApp",
            dependencies: ["Model", "Wire", "Proxy"],
            path: "Sources/Operations/SampleApp",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "pillion",
            dependencies: [
                "Model", "Document", "Telemetry", "Identity", "Proxy", "XDS", "Admin",
                "Interception", "SampleApp", "CompanionKit", "LogShipper",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/pillion",
            swiftSettings: strict,
            linkerSettings: [
                .unsafeFlags(
                    ["-Xlinker", "--allow-multiple-definition"],
                    .when(configuration: .release)
                )
            ]
        ),
        // Tests: the same folders as the sources.
        .testTarget(
            name: "ModelTests",
            dependencies: ["Model"],
            path: "Tests/ModelTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "TelemetryTests",
            dependencies: ["Model", "Telemetry"],
            path: "Tests/TelemetryTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "IdentityTests",
            dependencies: ["Model", "Identity"],
            path: "Tests/IdentityTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "InterceptionTests",
            dependencies: ["Interception", "Model"],
            path: "Tests/InterceptionTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "DocumentTests",
            dependencies: ["Document", "Model"],
            path: "Tests/DocumentTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "WireTests",
            dependencies: [
                "Model", "Wire",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Tests/WireTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "PolicyTests",
            dependencies: ["Model", "Policy"],
            path: "Tests/PolicyTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "ProxyTests",
            dependencies: ["Model", "Telemetry", "Identity", "Wire", "Policy", "Proxy"],
            path: "Tests/ProxyTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "LogShipperTests",
            dependencies: ["LogShipper", "CompanionKit", "Document", "Model"],
            path: "Tests/LogShipperTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "CompanionKitTests",
            dependencies: ["CompanionKit", "Model", "Identity"],
            path: "Tests/CompanionKitTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "XDSTests",
            dependencies: [
                "XDS", "Document", "Model",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            path: "Tests/XDSTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "AdminTests",
            dependencies: ["Admin", "Model", "Telemetry", "Policy", "Proxy"],
            path: "Tests/AdminTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "SampleAppTests",
            dependencies: ["SampleApp", "Model", "Proxy"],
            path: "Tests/SampleAppTests",
            swiftSettings: strict
        ),
        .testTarget(
            name: "ArchitectureTests",
            path: "Tests/ArchitectureTests",
            swiftSettings: strict
        ),
    ]
)
