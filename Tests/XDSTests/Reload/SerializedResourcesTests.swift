import Document
import Testing

@testable import XDS

@Suite struct SerializedResourcesTests {
    private static func load(_ text: String) throws -> LoadedConfiguration {
        try ConfigurationLoader.load(
            text: text,
            name: "envoy.yaml",
            environment: ConfigurationEnvironment([:])
        )
    }

    @Test(arguments: [
        Fixture.valid, BadShortForm.valid, GeneratedFile(seed: 1).text, "node: {id: a}",
    ])
    func whatIsReadBackIsWhatWasWritten(text: String) throws {
        let bootstrap = try Self.load(text).bootstrap
        let again = SerializedResources(bootstrap).bootstrap
        #expect(Self.shown(again) == Self.shown(bootstrap))
        #expect(again.hasStaticResources == bootstrap.hasStaticResources)
        #expect(SerializedResources(again).listeners == SerializedResources(bootstrap).listeners)
        #expect(SerializedResources(again).clusters == SerializedResources(bootstrap).clusters)
    }

    /// Every field, as text: the bytes of equal messages may differ in the order of their fields.
    private static func shown(_ bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap) -> [String] {
        DumpSections(bootstrap, loadedAt: 0)
            .all(includesEndpoints: true, nameMatches: { _ in true })
            .map(\.tree.json)
    }

    @Test func aListenerWithMapsIsTheSameEachTimeItIsRead() throws {
        let members = (0..<40).map { "k\($0): v\($0)" }.joined(separator: ", ")
        let type = "envoy.extensions.access_loggers.file.v3.FileAccessLog"
        let text = GeneratedFile(seed: 1).text
            .replacing(
                "          stat_prefix: outbound",
                with: """
                              stat_prefix: outbound
                              access_log:
                              - name: log
                                typed_config:
                                  "@type": type.googleapis.com/\(type)
                                  path: /dev/null
                                  log_format: {json_format: {\(members)}}
                    """
            )
        let first = SerializedResources(try Self.load(text).bootstrap).listeners
        for _ in 0..<5 {
            #expect(SerializedResources(try Self.load(text).bootstrap).listeners == first)
        }
    }
}
