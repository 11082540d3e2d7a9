internal import Document
internal import Model
internal import SwiftProtobuf

/// `envoy.config.listener.v3.FilterChainMatch`: which connections a chain takes.
extension Compilation {
    func filterChainMatch(
        _ match: Envoy_Config_Listener_V3_FilterChainMatch,
        _ path: FieldPath
    ) -> FilterChainMatch {
        var compiled = FilterChainMatch()
        if match.hasDestinationPort {
            compiled.destinationPort = port(match.destinationPort.value, path["destination_port"])
        }
        compiled.destinationRanges = addressRanges(match.prefixRanges, path["prefix_ranges"])
        compiled.directSourceRanges = addressRanges(
            match.directSourcePrefixRanges,
            path["direct_source_prefix_ranges"]
        )
        compiled.sourceRanges = addressRanges(
            match.sourcePrefixRanges,
            path["source_prefix_ranges"]
        )
        compiled.sourcePorts = match.sourcePorts.enumerated().compactMap { index, number in
            port(number, path["source_ports"][index])
        }
        switch known(match.sourceType, path["source_type"]) {
        case .sameIpOrLoopback: compiled.sourceType = .sameIPOrLoopback
        case .external: compiled.sourceType = .external
        default: break
        }
        compiled.serverNames = match.serverNames.enumerated().compactMap { index, name in
            serverName(name, path["server_names"][index])
        }
        compiled.transportProtocol = transportProtocol(
            match.transportProtocol,
            path["transport_protocol"]
        )
        compiled.applicationProtocols = match.applicationProtocols.enumerated()
            .compactMap { index, name in
                applicationProtocol(name, path["application_protocols"][index])
            }
        warnOfNothing(match, path)
        return compiled
    }

    /// A name as TLS asks for it, in lower case; a star stands for whole labels alone.
    private func serverName(_ name: String, _ path: FieldPath) -> ByteString? {
        if name.contains("*"), !name.hasPrefix("*.") {
            refuse(
                path,
                "\(quoted(name)) has a star that stands for part of a name",
                "a star stands for everything before a dot: *.example.com"
            )
            return nil
        }
        if name.dropFirst().contains("*") {
            warn(
                path,
                "\(quoted(name)) matches nothing: only the first star stands for names",
                "write *.example.com"
            )
        }
        if name.isEmpty {
            warn(
                path,
                "is empty, so connections that ask for no name are taken too",
                "remove it, unless that is meant"
            )
        }
        if name.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f }) {
            refuse(
                path,
                "\(quoted(name)) is no name of a host",
                "write other scripts as the handshake has them: xn--…"
            )
            return nil
        }
        return ByteString(name).lowercased
    }

    private func transportProtocol(_ name: String, _ path: FieldPath) -> ByteString {
        let known = ["tls", "raw_buffer"]
        if !name.isEmpty, !known.contains(name) {
            warn(
                path,
                "\(quoted(name)) matches nothing: tls_inspector finds tls or raw_buffer",
                didYouMean(name, among: known, otherwise: "write tls or raw_buffer")
            )
        }
        return ByteString(name)
    }

    private func applicationProtocol(_ name: String, _ path: FieldPath) -> ByteString? {
        if name.isEmpty || name.utf8.count > 255 {
            refuse(
                path,
                name.isEmpty ? "is empty" : "is \(name.utf8.count) bytes long",
                "the name of a protocol has 1 to 255 bytes: h2, http/1.1"
            )
            return nil
        }
        return ByteString(name)
    }

    /// Says so where two conditions cannot hold together.
    private func warnOfNothing(
        _ match: Envoy_Config_Listener_V3_FilterChainMatch,
        _ path: FieldPath
    ) {
        let names = match.serverNames.contains { !$0.isEmpty }
        if match.transportProtocol == "raw_buffer", names {
            warn(
                path["server_names"],
                "matches nothing beside transport_protocol: raw_buffer",
                "only TLS asks for names; remove one of the two"
            )
        }
    }
}
