import Document
import Testing

@testable import XDS

@Suite struct ConfigurationDumpTests {
    private func dump(_ question: ConfigurationDump.Question = .init()) throws -> JSONTree {
        let loaded = try ConfigurationLoader.load(
            text: BadShortForm.valid,
            name: "sidecar.yaml",
            environment: ConfigurationEnvironment([:])
        )
        let text = try ConfigurationDump.json(
            loaded.compacted(loadedAt: 1_795_250_121),
            question
        )
        return Self.tree(try DocumentReader.read(Array(text.utf8)))
    }

    private static func tree(_ node: Node) -> JSONTree {
        switch node.content {
        case .scalar(let text, let isPlain): isPlain ? .literal(text) : .text(text)
        case .sequence(let elements): .list(elements.map(tree))
        case .mapping(let members):
            .object(members.map { .init(name: $0.key, value: tree($0.value)) })
        }
    }

    private func configs(_ question: ConfigurationDump.Question = .init()) throws -> [JSONTree] {
        guard case .list(let configs)? = try dump(question)["configs"] else { return [] }
        return configs
    }

    private func failure(_ question: ConfigurationDump.Question) -> ConfigurationDump.Failure? {
        do {
            _ = try dump(question)
            return nil
        } catch {
            return error as? ConfigurationDump.Failure
        }
    }

    private func types(_ configs: [JSONTree]) -> [String] {
        configs.compactMap { $0["@type"]?.text?.split(separator: "/").last.map(String.init) }
    }

    @Test func theSectionsStandInEnvoysOrder() throws {
        let configs = try configs()
        #expect(
            types(configs) == [
                "envoy.admin.v3.BootstrapConfigDump", "envoy.admin.v3.ClustersConfigDump",
                "envoy.admin.v3.ListenersConfigDump", "envoy.admin.v3.RoutesConfigDump",
            ]
        )
        #expect(configs[0]["bootstrap"]?["node"]?["id"]?.text == "checkout")
        #expect(configs[0]["last_updated"]?.text == "2026-11-21T08:35:21Z")
        guard case .list(let clusters)? = configs[1]["static_clusters"],
            case .list(let tables)? = configs[3]["static_route_configs"]
        else {
            Issue.record("the lists are missing")
            return
        }
        #expect(clusters.compactMap { $0["cluster"]?["name"]?.text }.count == 5)
        #expect(
            tables.compactMap { $0["route_config"]?["name"]?.text } == [
                "inbound", "outbound-catalog", "outbound",
            ]
        )
        #expect(
            types([try #require(clusters.first?["cluster"])]) == ["envoy.config.cluster.v3.Cluster"]
        )
    }

    @Test func aResourceIsShownByItself() throws {
        let configs = try configs(.init(resource: "static_clusters", nameRegex: "catalog.*"))
        #expect(
            types(configs)
                == Array(
                    repeating: "envoy.admin.v3.ClustersConfigDump.StaticCluster",
                    count: 2
                )
        )
        #expect(configs.map { $0["cluster"]?["name"]?.text } == ["catalog.v1", "catalog.v2"])
    }

    @Test func aMaskLeavesOnlyItsFields() throws {
        let configs = try configs(
            .init(
                resource: "static_clusters",
                mask: "cluster.name,cluster.load_assignment.cluster_name"
            )
        )
        let app = try #require(configs.first)
        #expect(app["last_updated"] == nil)
        guard case .object(let members)? = app["cluster"] else {
            Issue.record("the cluster is missing")
            return
        }
        #expect(members.map(\.name) == ["@type", "name", "load_assignment"])
        #expect(
            app["cluster"]?["load_assignment"]
                == .object([.init(name: "cluster_name", value: .text("app"))])
        )
    }

    @Test func aMaskAloneShowsTheSectionsThatItFits() throws {
        let configs = try configs(.init(mask: "bootstrap.node.id"))
        #expect(types(configs) == ["envoy.admin.v3.BootstrapConfigDump"])
        #expect(configs[0]["bootstrap"]?["static_resources"] == nil)
        #expect(
            configs[0]["bootstrap"]?["node"]
                == .object([.init(name: "id", value: .text("checkout"))])
        )
    }

    @Test func endpointsAreShownOnRequest() throws {
        let configs = try configs(
            .init(resource: "static_endpoint_configs", includesEndpoints: true)
        )
        #expect(configs.compactMap { $0["endpoint_config"]?["cluster_name"]?.text }.count == 5)
    }

    @Test func aWrongQuestionIsAnsweredAsEnvoyDoes() {
        #expect(failure(.init(resource: "nothing"))?.status == 404)
        #expect(
            failure(.init(resource: "nothing"))?.message == "nothing not found in config dump\n"
        )
        #expect(
            failure(.init(resource: "bootstrap"))?.message
                == "bootstrap is not a repeated field. Use ?mask=bootstrap to get only this field\n"
        )
        #expect(failure(.init(mask: "nothing"))?.status == 400)
        #expect(failure(.init(mask: ""))?.status == nil)
        #expect(failure(.init(resource: "static_clusters", mask: "cluster.nam"))?.status == 400)
        #expect(failure(.init(nameRegex: "("))?.status == 400)
    }
}
