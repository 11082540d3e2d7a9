import Testing

@testable import XDS

@Suite struct DirectoryTests {
    @Test func filesAreReadInTheOrderOfTheirBytes() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        for name in ["b.yaml", "a.yml", "B.json", "c.txt", ".hidden.yaml", "d.yaml.bak"] {
            try directory.write(name, "static_resources: {clusters: [{name: \"\(name)\"}]}")
        }
        try directory.makeDirectory("e.yaml")
        let loaded = try ConfigurationLoader.load(files: [directory.path + "/"])
        #expect(
            loaded.bootstrap.staticResources.clusters.map(\.name) == ["B.json", "a.yml", "b.yaml"]
        )
    }

    /// A ConfigMap is mounted as links through `..data`, which is swapped whole.
    @Test func aVolumeOfKubernetesIsReadOnce() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.makeDirectory("..2026_11_21")
        try directory.write("..2026_11_21/envoy.yaml", "node: {id: mounted}")
        try directory.link("..data", to: "..2026_11_21")
        try directory.link("envoy.yaml", to: "..data/envoy.yaml")
        let loaded = try ConfigurationLoader.load(files: [directory.path])
        #expect(loaded.bootstrap.node.id == "mounted")
        #expect(loaded.dependencies == [directory.path, directory.path + "/envoy.yaml"])
    }

    @Test func anEmptyDirectoryIsAProblem() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let problems = try #require(throws: ConfigurationErrors.self) {
            try ConfigurationLoader.load(files: [directory.path])
        }.problems
        #expect(
            problems.map(\.description) == [
                "\(directory.path): there is no configuration file in the directory: "
                    + "its *.yaml, *.yml and *.json files are read"
            ]
        )
    }

    @Test func theFilesOfDataSourcesAreDependencies() throws {
        let loaded = try ConfigurationLoader.load(
            text: """
                static_resources:
                  listeners:
                    - filter_chains:
                        - filters:
                            - name: m
                              typed_config:
                                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                                route_config:
                                  virtual_hosts:
                                    - routes:
                                        - direct_response: {status: 200, body: {filename: /srv/page}}
                """,
            name: "envoy.yaml"
        )
        #expect(loaded.dependencies == ["/srv/page"])
    }
}
