import SwiftProtobuf
import Testing

@testable import XDS

@Suite struct LoaderTests {
    /// Writes texts into files, and removes them afterwards.
    private func withFiles(_ texts: [String], _ body: ([String]) throws -> Void) throws {
        var files: [TemporaryFile] = []
        defer { for file in files { file.remove() } }
        for text in texts { files.append(try #require(TemporaryFile(Array(text.utf8)))) }
        try body(files.map(\.path))
    }

    private func problems(_ files: [String]) -> [ConfigurationProblem] {
        do throws(ConfigurationErrors) {
            _ = try ConfigurationLoader.load(files: files)
            return []
        } catch {
            return error.problems
        }
    }

    @Test func listsOfSeveralFilesAppendAndSingleValuesReplace() throws {
        try withFiles([
            """
            node: {id: first, cluster: kept}
            admin: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}
            static_resources: {clusters: [{name: a}, {name: b}]}
            """,
            """
            node: {id: second}
            admin: {address: {pipe: {path: /run/x}}}
            static_resources:
              clusters:
                - name: c
            """,
        ]) { files in
            let loaded = try ConfigurationLoader.load(files: files)
            #expect(loaded.bootstrap.staticResources.clusters.map(\.name) == ["a", "b", "c"])
            #expect(loaded.bootstrap.node.id == "second")
            #expect(loaded.bootstrap.node.cluster == "kept")
            #expect(loaded.bootstrap.admin.address.pipe.path == "/run/x")
            let first = loaded.sources.position(of: "static_resources.clusters[1].name")
            #expect(first == .init(file: files[0], line: 3, column: 43))
            let second = loaded.sources.position(of: "static_resources.clusters[2].name")
            #expect(second == .init(file: files[1], line: 5, column: 7))
            #expect(loaded.sources.position(of: "node.id")?.file == files[1])
            #expect(loaded.sources.position(of: "node.cluster")?.file == files[0])
        }
    }

    @Test func eachProblemNamesItsFile() throws {
        try withFiles(["nod: {}", "a: [", "node: {id: x}"]) { files in
            let found = problems(files + ["/nonexistent"])
            #expect(found.map(\.file) == [files[0], files[1], "/nonexistent"])
            #expect(found.map(\.line) == [1, 1, 0])
        }
    }

    @Test func unreadableFilesAreProblems() {
        #expect(
            problems(["/nonexistent.yaml"]).map(\.description)
                == ["/nonexistent.yaml: the file can't be opened: no such file or directory"]
        )
        #expect(
            problems([]).map(\.description) == ["command line: no configuration file is named"]
        )
    }

    @Test func theSidecarLoadsWithoutAWarning() throws {
        let loaded = try ConfigurationLoader.load(text: Examples.sidecar, name: "a.yaml")
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.bootstrap.staticResources.listeners.count == 1)
        #expect(loaded.bootstrap.staticResources.clusters.count == 2)
    }

    @Test func placesAreKnownThroughTypedConfig() throws {
        let loaded = try ConfigurationLoader.load(text: Examples.sidecar, name: "a.yaml")
        let path =
            "static_resources.listeners[0].filter_chains[0].filters[0].typed_config"
            + ".route_config.virtual_hosts[0].routes[1].redirect.path_redirect"
        #expect(loaded.sources.contains(path))
        let lines = Examples.sidecar.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(loaded.sources.position(of: path)?.line)
        #expect(lines[line - 1].contains("path_redirect: /new"))
    }

    @Test func aPathThatIsNotInAFileStandsWhereItsParentStands() throws {
        let loaded = try ConfigurationLoader.load(text: Examples.sidecar, name: "a.yaml")
        let parent = loaded.sources.position(of: "static_resources.clusters[1]")
        #expect(
            loaded.sources.position(of: "static_resources.clusters[1].dns_refresh_rate") == parent
        )
        #expect(loaded.sources.position(of: "static_resources.clusters[1].a[3].b") == parent)
        #expect(!loaded.sources.contains("static_resources.clusters[1].dns_refresh_rate"))
        let problem = loaded.sources.problem(at: "nowhere", "is wrong", hint: "mend it")
        #expect(problem.description == "a.yaml:1:1: nowhere: is wrong: mend it")
    }

    @Test func keysOfMapsMayHoldDotsAndBrackets() {
        var sources = SourceMap()
        let place = SourceMap.Position(file: "f", line: 3, column: 4)
        sources.note("a.b[\"x.y[0].z\"].c[2]", place)
        #expect(sources.position(of: "a.b[\"x.y[0].z\"].c[2]") == place)
        #expect(sources.position(of: "a.b[\"x.y[0].z\"].c") == nil)
        #expect(sources.problem(at: "q", "w").description == "configuration: q: w")
    }

    @Test func fieldsWithoutEffectAreWarnings() throws {
        let text = """
            stats_config: {stats_tags: [{tag_name: x}]}
            enable_dispatcher_stats: true
            node:
            static_resources:
              listeners:
                - {traffic_direction: INBOUND, drain_type: DEFAULT}
            """
        let loaded = try ConfigurationLoader.load(text: text, name: "a.yaml")
        let listener = "static_resources.listeners[0]"
        #expect(
            loaded.warnings.map(\.description) == [
                "a.yaml:1:1: stats_config: it has no effect: "
                    + "all statistics are kept, with Envoy's default labels",
                "a.yaml:2:1: enable_dispatcher_stats: it has no effect: these statistics are not kept",
                "a.yaml:3:1: node: it has no value and counts as not given: "
                    + "remove it, or give it a value",
                "a.yaml:6:8: \(listener).traffic_direction: it has no effect: nothing depends on it",
                "a.yaml:6:36: \(listener).drain_type: it has no effect: "
                    + "listeners drain when the process ends or is told to",
            ]
        )
    }

    @Test func theTableDescribesEveryMessageThatIsDecoded() {
        let api = APIDescription.shared
        #expect(api.messages.count > 50 && api.enums.count > 10)
        for message in api.messages.values {
            for field in message.fields {
                guard let type = field.typeName, !type.hasPrefix("google.") else { continue }
                #expect(
                    api.messages[type] != nil || api.enums[type] != nil,
                    "\(message.name).\(field.name) has a type without description: \(type)"
                )
                #expect(!message.unsupported.contains(field.name))
            }
        }
    }
}
