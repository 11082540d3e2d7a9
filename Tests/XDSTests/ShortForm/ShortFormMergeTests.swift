import Testing

@testable import XDS

@Suite struct ShortFormMergeTests {
    private let head = "apiVersion: pillion.dev/v1\nkind: SidecarConfig\n"

    @Test func formsOfSeveralFilesBecomeOne() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(
            "10-base.yaml",
            head + "metadata: {name: a}\nspec: {app: {port: 8080}, inbound: {timeout: 5s}}\n"
        )
        try directory.write(
            "20-team.yaml",
            head + "spec:\n  inbound: {timeout: 7s}\n  outbound: {pay: {to: \"10.0.0.1:80\"}}\n"
        )
        let loaded = try ConfigurationLoader.load(files: [directory.path])
        #expect(loaded.bootstrap.staticResources.clusters.map(\.name) == ["app", "pay"])
        #expect(ConfigurationSummary.text(of: loaded).contains("timeout 7s"))
        #expect(
            loaded.dependencies == [
                directory.path, directory.path + "/10-base.yaml", directory.path + "/20-team.yaml",
            ]
        )
    }

    @Test func aProblemNamesTheFileThatItStandsIn() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let first = try directory.write(
            "1.yaml",
            head + "metadata: {name: a}\nspec: {app: {port: 80000}}\n"
        )
        let second = try directory.write("2.yaml", head + "spec: {admin: 70000}\n")
        let problems = try #require(throws: ConfigurationErrors.self) {
            try ConfigurationLoader.load(files: [first, second])
        }.problems
        #expect(problems.map(\.file) == [first, second])
        #expect(problems.map(\.path) == ["spec.app.port", "spec.admin"])
    }

    @Test func formsAndBootstrapsMerge() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let form = try directory.write(
            "form.yaml",
            head + "metadata: {name: a}\nspec: {app: {port: 8080}, admin: 9901}\n"
        )
        let bootstrap = try directory.write(
            "envoy.yaml",
            "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9902}}}\n"
                + "static_resources: {clusters: [{name: other}]}\n"
        )
        let later = try ConfigurationLoader.load(files: [form, bootstrap]).bootstrap
        #expect(later.admin.address.socketAddress.portValue == 9902)
        #expect(later.staticResources.clusters.map(\.name) == ["app", "other"])
        let earlier = try ConfigurationLoader.load(files: [bootstrap, form]).bootstrap
        #expect(earlier.admin.address.socketAddress.portValue == 9901)
        #expect(earlier.staticResources.clusters.map(\.name) == ["other", "app"])
    }
}
