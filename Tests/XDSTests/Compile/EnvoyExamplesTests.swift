import Glibc
import Model
import Testing

@testable import XDS

/// The configurations of a folder that somebody else wrote, named by `PILLION_ENVOY_EXAMPLES`.
@Suite struct EnvoyExamplesTests {
    private static let folder = unsafe getenv("PILLION_ENVOY_EXAMPLES")
        .map { unsafe String(cString: $0) }

    /// Those that `docs/guides/from-envoy.md` calls unchanged.
    private static let unchanged = [
        "csrf/crosssite/envoy.yaml", "double-proxy/envoy.yaml", "front-proxy/service-envoy.yaml",
        "front-proxy/service-envoy-2.yaml", "locality-load-balancing/envoy.yaml",
        "route-mirror/envoy.yaml",
    ]

    @Test(
        .enabled("PILLION_ENVOY_EXAMPLES names no folder") { folder != nil },
        arguments: unchanged
    )
    func anExampleThatTheGuideCallsUnchangedIsTaken(name: String) throws {
        let file = try #require(Self.folder) + "/" + name
        let loaded = try ConfigurationLoader.load(files: [file])
        #expect(try SnapshotCompiler.compile(loaded).snapshot.listeners.isEmpty == false)
    }
}
