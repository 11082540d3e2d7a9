/// A configuration with a list of clusters, and edits of every kind that people make to such files.
struct GeneratedFile {
    private(set) var lines: [String]
    private var random: SplitMix

    init(seed: UInt64, clusters: Int = 10) {
        random = SplitMix(state: seed)
        lines = [
            "node: {id: a, cluster: b}", "static_resources:", "  clusters:",
        ]
        for number in 0..<clusters { lines += Self.cluster("service-\(number)", number) }
        lines += """
              listeners:
              - name: outbound
                address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
                filter_chains:
                - filters:
                  - name: envoy.filters.network.http_connection_manager
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                      stat_prefix: outbound
                      route_config:
                        name: local
                        virtual_hosts:
                        - name: all
                          domains: ["*"]
                          routes:
                          - match: {prefix: /a}
                            route: {cluster: service-0}
                          - match: {prefix: /}
                            route: {cluster: service-1}
                      http_filters:
                      - name: envoy.filters.http.router
                        typed_config:
                          "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
            """.split(separator: "\n").map(String.init)
    }

    var text: String { lines.joined(separator: "\n") + "\n" }

    /// The lines of one cluster.
    private static func cluster(_ name: String, _ number: Int) -> [String] {
        [
            "  - name: \(name)", "    type: STATIC", "    connect_timeout: 1s",
            "    lb_policy: ROUND_ROBIN", "    load_assignment:",
            "      cluster_name: \(name)", "      endpoints:", "      - lb_endpoints:",
            "        - endpoint:", "            address:", "              socket_address:",
            "                address: 10.0.\(number & 255).1",
            "                port_value: \(8_000 + number)",
            "        - endpoint:", "            address:", "              socket_address:",
            "                address: 10.0.\(number & 255).2",
            "                port_value: \(8_000 + number)",
        ]
    }

    /// What an edit does to the file.
    enum Edit: String, CaseIterable {
        case address, port, timeout, twoClusters, rename, add, remove, swap, policy
        case comment, commentAtTheMargin, commentBehind, blank, blankWithSpaces, anchor, alias
        case carriageReturn, carriageReturns, tab, flow, openFlow, quote, openQuote
        case blockScalar, tag, merge, unknownField, repeatedKey, indentation, document, end
        case deleteLine, repeatLine, changeByte, route, node, listener, explicitKey, warning,
            nothing
    }

    mutating func apply(_ edit: Edit) {
        let first = lines.firstIndex { $0.hasPrefix("  - name: service-") } ?? 3
        let end = lines.firstIndex { $0.hasPrefix("  listeners:") } ?? lines.count
        let starts = (first..<max(first, end)).filter { lines[$0].hasPrefix("  - ") }
        guard let last = starts.last, starts.count > 3 else { return }
        let which = random.below(starts.count - 1)
        let start = starts[which]
        let next = starts[which + 1]
        /// A line somewhere in the list of clusters.
        let line = first + random.below(max(1, end - first))
        func find(_ key: String) -> Int {
            (start..<next).first { lines[$0].contains(key) } ?? start
        }
        switch edit {
        case .address:
            lines[find(" address: 10")] = "                address: 10.1.1.\(random.below(255))"
        case .port:
            lines[find("port_value")] = "                port_value: \(random.below(70_000))"
        case .timeout: lines[find("connect_timeout")] = "    connect_timeout: \(random.below(9))s"
        case .twoClusters:
            lines[start + 2] = "    connect_timeout: 7s"
            lines[next + 2] = "    connect_timeout: 8s"
        case .rename: lines[start] += "x"
        case .add:
            lines.insert(contentsOf: Self.cluster("new-\(random.below(99))", 7), at: start)
        case .remove: lines.removeSubrange(start..<next)
        case .swap:
            let moved = Array(lines[start..<next])
            lines.insert(contentsOf: moved, at: last)
            lines.removeSubrange(start..<next)
        case .policy: lines[find("lb_policy")] = "    lb_policy: RING_HASH"
        case .comment: lines.insert("      # a comment: with {braces}", at: line)
        case .commentAtTheMargin: lines.insert("# a comment", at: line)
        case .commentBehind: lines[line] += " # a comment"
        case .blank: lines.insert("", at: line)
        case .blankWithSpaces: lines.insert("        ", at: line)
        case .anchor: lines[find("load_assignment")] = "    load_assignment: &anchor"
        case .alias: lines[find("connect_timeout")] = "    connect_timeout: *anchor"
        case .carriageReturn: lines[line] += "\r"
        case .carriageReturns: lines = lines.map { $0 + "\r" }
        case .tab: lines[line] = "\t" + lines[line]
        case .flow:
            lines.replaceSubrange(
                start..<next,
                with: ["  - {name: service-\(which), type: STATIC, connect_timeout: 2s}"]
            )
        case .openFlow: lines[find("connect_timeout")] = "    metadata: {filter_metadata: {"
        case .quote: lines[find("type: STATIC")] = "    type: \"STATIC\""
        case .openQuote: lines[find("type: STATIC")] = "    type: \"STATIC"
        case .blockScalar:
            lines.insert(contentsOf: ["    alt_stat_name: |-", "      other"], at: start + 1)
        case .tag: lines[find("connect_timeout")] = "    connect_timeout: !!str 3s"
        case .merge: lines.insert("    <<: {connect_timeout: 3s}", at: start + 1)
        case .unknownField: lines.insert("    lb_polcy: RANDOM", at: start + 1)
        case .repeatedKey: lines.insert("    type: STATIC", at: start + 1)
        case .indentation: lines[line] = " " + lines[line]
        case .document: lines.insert("---", at: line)
        case .end: lines.insert("...", at: line)
        case .deleteLine: lines.remove(at: line)
        case .repeatLine: lines.insert(lines[line], at: line)
        case .changeByte:
            var bytes = Array(lines[line].utf8)
            guard !bytes.isEmpty else { return }
            bytes[random.below(bytes.count)] = UInt8(32 + random.below(95))
            lines[line] = String(decoding: bytes, as: UTF8.self)
        case .route:
            for index in lines.indices where lines[index].contains("match: {prefix: /a") {
                lines[index] = "              - match: {prefix: /a\(random.below(99))}"
            }
        case .node: lines[0] = "node: {id: a\(random.below(99)), cluster: b}"
        case .listener: lines = lines.map { $0 == "  - name: outbound" ? "  - name: other" : $0 }
        case .explicitKey: lines[find("type: STATIC")] = "    ? type\n    : STATIC"
        case .warning: lines.insert("    common_lb_config: {}", at: start + 1)
        case .nothing: break
        }
    }

    mutating func nextEdit() -> Edit {
        // Half of the edits are those that most people make.
        let all: [Edit] = random.below(2) == 0 ? Edit.allCases : [.address, .timeout, .comment]
        return all[random.below(all.count)]
    }
}

/// Numbers that are the same in each run.
struct SplitMix {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((mixed ^ (mixed >> 31)) >> 1) % max(1, limit)
    }
}
