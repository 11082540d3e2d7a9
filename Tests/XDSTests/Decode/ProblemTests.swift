import Testing

@testable import XDS

/// What is printed for each kind of mistake, to the letter.
@Suite struct ProblemTests {
    private func problems(_ text: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try ConfigurationLoader.load(text: text, name: "a.yaml")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test(arguments: [
        // Shapes
        ("a", "a.yaml:1:1: an object is expected, a text was found"),
        ("[1]", "a.yaml:1:1: an object is expected, a list was found"),
        (
            "static_resources: 5",
            "a.yaml:1:19: static_resources: an object is expected, a number was found"
        ),
        (
            "static_resources: {clusters: {name: a}}",
            "a.yaml:1:30: static_resources.clusters: a list is expected, an object was found: "
                + "put [ ] around it, or - before it"
        ),
        (
            "static_resources: {clusters: [x]}",
            "a.yaml:1:31: static_resources.clusters[0]: an object is expected, a text was found"
        ),
        (
            "static_resources: {clusters: [{}, null]}",
            "a.yaml:1:35: static_resources.clusters[1]: an element of the list is empty"
        ),
        (
            "",
            "a.yaml: the file is empty: a configuration has at least static_resources with "
                + "listeners and clusters"
        ),
        // Names
        (
            "static_resource: {}",
            "a.yaml:1:1: static_resource: the field is not known: did you mean \"static_resources\"?"
        ),
        (
            "static_resources: {routes: []}",
            "a.yaml:1:20: static_resources.routes: the field is not known: "
                + "Bootstrap.StaticResources has listeners, clusters, secrets"
        ),
        (
            "version: v1",
            "a.yaml:1:1: version: the field is not known: "
                + "Bootstrap has node, static_resources, "
                + "cluster_manager, admin, layered_runtime, typed_dns_resolver_config"
        ),
        (
            "dynamic_resources: {}",
            "a.yaml:1:1: dynamic_resources: it is not supported yet"
        ),
        ("dynamicResources: {}", "a.yaml:1:1: dynamicResources: it is not supported yet"),
        (
            "static_resources: {}\nstaticResources: {}",
            "a.yaml:2:1: static_resources: it is given twice: "
                + "it is already in line 1, under its other name"
        ),
    ])
    func mistakesInShapeAndNames(_ text: String, _ message: String) {
        #expect(problems(text) == [message])
    }

    private static let at = "static_resources.clusters[0]"

    @Test(arguments: [
        ("hosts: []", "a.yaml:4:7: \(at).hosts: it was removed from the API"),
        ("nam: a", "a.yaml:4:7: \(at).nam: the field is not known: did you mean \"name\"?"),
        (
            "xyzzy_plugh: a",
            "a.yaml:4:7: \(at).xyzzy_plugh: the field is not known: Cluster has no such field"
        ),
        (
            "name: 12",
            "a.yaml:4:13: \(at).name: a text is expected, a number was found: "
                + "put it in quotes: \"12\""
        ),
        (
            "name: true",
            "a.yaml:4:13: \(at).name: a text is expected, a boolean was found: "
                + "put it in quotes: \"true\""
        ),
        ("name: [a]", "a.yaml:4:13: \(at).name: a text is expected, a list was found"),
        (
            "type: STATICS",
            "a.yaml:4:13: \(at).type: \"STATICS\" is not a known value: "
                + "did you mean \"STATIC\"?"
        ),
        (
            "type: statics",
            "a.yaml:4:13: \(at).type: \"statics\" is not a known value: did you mean \"STATIC\"?"
        ),
        (
            "type: EDS",
            "a.yaml:4:13: \(at).type: EDS is not supported yet: "
                + "supported: STATIC, STRICT_DNS, LOGICAL_DNS, ORIGINAL_DST"
        ),
        (
            "type: 9",
            "a.yaml:4:13: \(at).type: \"9\" is not a known value: "
                + "known values: STATIC, STRICT_DNS, LOGICAL_DNS, ORIGINAL_DST"
        ),
        ("type: {}", "a.yaml:4:13: \(at).type: a name is expected, an object was found"),
        (
            "respect_dns_ttl: yes",
            "a.yaml:4:24: \(at).respect_dns_ttl: \"yes\" is not a boolean: write true"
        ),
        (
            "respect_dns_ttl: Off",
            "a.yaml:4:24: \(at).respect_dns_ttl: \"Off\" is not a boolean: write false"
        ),
        (
            "respect_dns_ttl: \"true\"",
            "a.yaml:4:24: \(at).respect_dns_ttl: \"true\" is not a boolean: write true"
        ),
        (
            "respect_dns_ttl: 1",
            "a.yaml:4:24: \(at).respect_dns_ttl: \"1\" is not a boolean: write true or false"
        ),
        (
            "connect_timeout: 250ms",
            "a.yaml:4:24: \(at).connect_timeout: \"250ms\" is not a duration: write 0.25s"
        ),
        (
            "connect_timeout: 5",
            "a.yaml:4:24: \(at).connect_timeout: \"5\" is not a duration: write 5s"
        ),
        (
            "connect_timeout: 315576000001s",
            "a.yaml:4:24: \(at).connect_timeout: \"315576000001s\" is out of range: "
                + "at most 315576000000s, with nine decimals"
        ),
        (
            "connect_timeout: {seconds: 5}",
            "a.yaml:4:24: \(at).connect_timeout: a duration is expected, an object was found: "
                + "such as 0.25s"
        ),
        (
            "max_requests_per_connection: -1",
            "a.yaml:4:36: \(at).max_requests_per_connection: -1 is out of range: "
                + "from 0 to 4294967295"
        ),
        (
            "max_requests_per_connection: 4294967296",
            "a.yaml:4:36: \(at).max_requests_per_connection: 4294967296 is out of range: "
                + "from 0 to 4294967295"
        ),
        (
            "max_requests_per_connection: 99999999999999999999",
            "a.yaml:4:36: \(at).max_requests_per_connection: 99999999999999999999 is out of range: "
                + "from 0 to 4294967295"
        ),
        (
            "max_requests_per_connection: 1.5",
            "a.yaml:4:36: \(at).max_requests_per_connection: 1.5 is not a whole number"
        ),
        (
            "max_requests_per_connection: 010",
            "a.yaml:4:36: \(at).max_requests_per_connection: \"010\" is not a whole number: "
                + "write it without zeros in front"
        ),
        (
            "max_requests_per_connection: 0x10",
            "a.yaml:4:36: \(at).max_requests_per_connection: \"0x10\" is not a whole number: "
                + "write it in decimal"
        ),
        (
            "max_requests_per_connection: many",
            "a.yaml:4:36: \(at).max_requests_per_connection: \"many\" is not a whole number: "
                + "write digits only"
        ),
        (
            "max_requests_per_connection: []",
            "a.yaml:4:36: \(at).max_requests_per_connection: "
                + "a whole number is expected, a list was found"
        ),
        (
            "least_request_lb_config: {}\nround_robin_lb_config: {}",
            "a.yaml:5:7: \(at).round_robin_lb_config: "
                + "it can't stand beside least_request_lb_config: give only one"
        ),
        (
            "load_assignment: {endpoints: [{priority: x}]}",
            "a.yaml:4:48: \(at).load_assignment.endpoints[0].priority: "
                + "\"x\" is not a whole number: write digits only"
        ),
        (
            "typed_extension_protocol_options: {x: {}}",
            "a.yaml:4:45: \(at).typed_extension_protocol_options[\"x\"]: @type is missing: such as "
                + "\"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
        ),
        (
            "typed_extension_protocol_options: {x: ~}",
            "a.yaml:4:45: \(at).typed_extension_protocol_options[\"x\"]: it has no value"
        ),
        (
            "typed_extension_protocol_options: []",
            "a.yaml:4:41: \(at).typed_extension_protocol_options: "
                + "an object is expected, a list was found"
        ),
    ])
    func mistakesInACluster(_ lines: String, _ message: String) {
        #expect(problems(Examples.cluster(lines)) == [message])
    }

    private static let filter = "static_resources.listeners[0].filter_chains[0].filters[0]"
    private static let manager =
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    private static let relay = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"

    @Test(arguments: [
        (
            "{config: {}}",
            "a.yaml:1:69: \(filter).config: it was removed from the API: write typed_config, with @type"
        ),
        (
            "{typed_config: {\"@type\": \(manager)}}",
            "a.yaml:1:94: \(filter).typed_config: @type has no slash: "
                + "write type.googleapis.com/\(manager)"
        ),
        (
            "{typed_config: {\"@type\": t/\(manager)s}}",
            "a.yaml:1:94: \(filter).typed_config: the type \(manager)s is not known: "
                + "did you mean \(manager)?"
        ),
        (
            "{typed_config: {\"@type\": t/envoy.extensions.filters.network.rbac.v3.RBAC}}",
            "a.yaml:1:94: \(filter).typed_config: "
                + "the type envoy.extensions.filters.network.rbac.v3.RBAC "
                + "is not supported yet: supported here: \(manager), \(relay)"
        ),
        (
            "{typed_config: {\"@type\": t/envoy.extensions.filters.http.router.v3.Router}}",
            "a.yaml:1:94: \(filter).typed_config: "
                + "the type envoy.extensions.filters.http.router.v3.Router does not belong here: "
                + "supported here: \(manager), \(relay)"
        ),
        (
            "{typed_config: {\"@type\": t/a.v2.B}}",
            "a.yaml:1:94: \(filter).typed_config: the type a.v2.B is of version 2 of the API: "
                + "supported here: \(manager), \(relay)"
        ),
        (
            "{typed_config: {\"@type\": []}}",
            "a.yaml:1:94: \(filter).typed_config: @type is not the name of a type"
        ),
        (
            "{typed_config: x}",
            "a.yaml:1:83: \(filter).typed_config: an object with @type is expected, a text was found"
        ),
        (
            "{typed_config: {\"@type\": t/\(manager), route_config: {virtual_hosts: [{nam: x}]}}}",
            "a.yaml:1:219: \(filter).typed_config.route_config.virtual_hosts[0].nam: "
                + "the field is not known: did you mean \"name\"?"
        ),
        (
            "{typed_config: {\"@type\": t/\(manager), http2_protocol_options: {}, codec_type: HTTP3}}",
            "a.yaml:1:232: \(filter).typed_config.codec_type: HTTP3 is not supported yet: "
                + "supported: AUTO, HTTP1, HTTP2"
        ),
    ])
    func mistakesInAFilter(_ filter: String, _ message: String) {
        let text = "static_resources: {listeners: [{filter_chains: [{filters: [" + filter + "]}]}]}"
        #expect(problems(text).map(Self.withoutColumn) == [Self.withoutColumn(message)])
    }

    /// The columns of these long lines say little; those of the other tables are compared.
    private static func withoutColumn(_ text: String) -> String {
        let parts = text.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
        return parts.count == 4 ? "\(parts[0]):\(parts[1]):\(parts[3])" : text
    }

    @Test func allProblemsOfAFileAreToldInTheOrderOfItsLines() {
        let text = Examples.cluster(
            "name: 1\nfoo: 2\ntype: X\nconnect_timeout: 3\nalt_stat_name: []"
        )
        #expect(
            problems(text).map { $0.prefix(11) } == [
                "a.yaml:4:13", "a.yaml:5:7:", "a.yaml:6:13", "a.yaml:7:24", "a.yaml:8:22",
            ]
        )
    }

    @Test func atMostTwentyProblemsOfAFileAreTold() {
        let lines = (0..<50).map { "field_\($0): 1" }.joined(separator: "\n")
        #expect(problems(Examples.cluster(lines)).count == ConfigurationErrors.limit)
    }

    @Test func hostileNamesAreShownOnOneLine() {
        let shown = problems("\"a\\nb\\e\": 1\n").joined()
        #expect(!shown.contains("\n") && !shown.contains("\u{1b}"))
    }

    @Test func partsThatAreNotKnownAreLeftOut() {
        let problem = ConfigurationProblem(file: "f", what: "w")
        #expect(problem.description == "f: w")
        #expect(
            ConfigurationProblem(file: "f", line: 1, column: 2, path: "p", what: "w", hint: "h")
                .description == "f:1:2: p: w: h"
        )
    }
}
