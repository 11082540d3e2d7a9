internal import Document
internal import Model
internal import SwiftProtobuf

/// What a connection manager says of who a request comes from and what it is for: the client's
/// address, the host, the scheme.
extension Compilation {
    private typealias Forwarded = Envoy_Extensions_Http_OriginalIpDetection_Xff_V3_XffConfig
    private typealias CustomHeader =
        Envoy_Extensions_Http_OriginalIpDetection_CustomHeader_V3_CustomHeaderConfig

    func refuseUnsupported(_ manager: ManagerMessage, _ path: FieldPath) {
        if manager.representIpv4RemoteAddressAsIpv4MappedIpv6 {
            refuse(
                path["represent_ipv4_remote_address_as_ipv4_mapped_ipv6"],
                "it is not supported yet",
                "remove it: IPv4 addresses are written as such"
            )
        }
        let logs = manager.accessLogOptions
        if manager.hasAccessLogFlushInterval || logs.hasAccessLogFlushInterval {
            refuse(
                logs.hasAccessLogFlushInterval
                    ? path["access_log_options"]["access_log_flush_interval"]
                    : path["access_log_flush_interval"],
                "it is not supported yet",
                "remove it: each exchange has one line, at its end"
            )
        }
        if manager.flushAccessLogOnNewRequest || logs.flushAccessLogOnNewRequest {
            refuse(
                logs.flushAccessLogOnNewRequest
                    ? path["access_log_options"]["flush_access_log_on_new_request"]
                    : path["flush_access_log_on_new_request"],
                "it is not supported yet",
                "remove it: each exchange has one line, at its end"
            )
        }
        if manager.http1SafeMaxConnectionDuration {
            warn(
                path["http1_safe_max_connection_duration"],
                "has no effect: an idle connection is closed at its age, one with a request after"
                    + " the response",
                "leave it out"
            )
        }
    }

    // MARK: - The client's address

    func originalIPDetection(
        _ manager: ManagerMessage,
        _ path: FieldPath
    ) -> [HTTPConnectionManager.OriginalIPDetection] {
        let place = path["original_ip_detection_extensions"]
        if manager.originalIpDetectionExtensions.isEmpty { return [] }
        if manager.useRemoteAddress.value {
            refuse(
                path["use_remote_address"],
                "stands beside original_ip_detection_extensions",
                "either the peer is the client or it is looked for; keep one of the two"
            )
        }
        if manager.xffNumTrustedHops > 0 {
            refuse(
                path["xff_num_trusted_hops"],
                "stands beside original_ip_detection_extensions",
                "give it in an XffConfig"
            )
        }
        return manager.originalIpDetectionExtensions.enumerated().compactMap { index, given in
            let path = place[index]["typed_config"]
            if given.typedConfig.isA(CustomHeader.self) {
                return unpack(given.typedConfig, as: CustomHeader.self, path)
                    .flatMap { customHeader($0, path) }
            }
            return unpack(given.typedConfig, as: Forwarded.self, path)
                .map { forwarded($0, path) }
        }
    }

    private func forwarded(
        _ config: Forwarded,
        _ path: FieldPath
    ) -> HTTPConnectionManager.OriginalIPDetection {
        var ranges: [AddressRange]?
        if config.hasXffTrustedCidrs {
            let place = path["xff_trusted_cidrs"]["cidrs"]
            if config.xffNumTrustedHops > 0 {
                refuse(
                    path["xff_num_trusted_hops"],
                    "stands beside xff_trusted_cidrs",
                    "trust proxies by their number or by their addresses; keep one of the two"
                )
            }
            if config.xffTrustedCidrs.cidrs.isEmpty {
                refuse(place, "is empty", "give at least one range, as 10.0.0.0 and prefix_len: 8")
            }
            ranges = addressRanges(config.xffTrustedCidrs.cidrs, place)
        }
        return .forwardedFor(
            trustedHops: config.xffNumTrustedHops,
            trustedRanges: ranges,
            skipsAppend: config.hasSkipXffAppend ? config.skipXffAppend.value : true
        )
    }

    private func customHeader(
        _ config: CustomHeader,
        _ path: FieldPath
    ) -> HTTPConnectionManager.OriginalIPDetection? {
        var status: UInt16?
        if config.hasRejectWithStatus {
            let code = config.rejectWithStatus.code.rawValue
            let place = path["reject_with_status"]["code"]
            // Envoy answers 403 where the status is none of an error.
            if let given = UInt16(exactly: code), 400...511 ~= given {
                status = given
            } else {
                warn(place, "\(code) is no error, so 403 is sent", "give 400 to 511")
                status = 403
            }
        }
        return headerName(config.headerName, path["header_name"], allowsPseudo: false).map {
            .header(
                $0,
                makesTrusted: config.allowExtensionToSetAddressAsTrusted,
                rejectedStatus: status
            )
        }
    }

    func internalAddresses(
        _ manager: ManagerMessage,
        _ path: FieldPath
    ) -> HTTPConnectionManager.InternalAddresses {
        let config = manager.internalAddressConfig
        return HTTPConnectionManager.InternalAddresses(
            ranges: addressRanges(config.cidrRanges, path["cidr_ranges"]),
            includesUnixSockets: config.unixSockets
        )
    }

    func addressRanges(
        _ ranges: [Envoy_Config_Core_V3_CidrRange],
        _ path: FieldPath
    ) -> [AddressRange] {
        ranges.enumerated().compactMap { addressRange($1, path[$0]) }
    }

    private func addressRange(
        _ range: Envoy_Config_Core_V3_CidrRange,
        _ path: FieldPath
    ) -> AddressRange? {
        let prefix: [UInt8]
        switch SocketAddress(literal: range.addressPrefix, port: 0) {
        case .ipv4(let address, _):
            prefix = Self.networkOrder(UInt64(address), byteCount: 4)
        case .ipv6(let high, let low, _, _):
            prefix =
                Self.networkOrder(high, byteCount: 8) + Self.networkOrder(low, byteCount: 8)
        case .unix, nil:
            refuse(
                path["address_prefix"],
                "\(quoted(range.addressPrefix)) is not an IP address",
                "write the length in prefix_len, as address_prefix: 10.0.0.0 and prefix_len: 8"
            )
            return nil
        }
        let length = range.prefixLen.value
        guard length <= UInt32(prefix.count * 8) else {
            refuse(
                path["prefix_len"],
                "\(length) is more than the address has bits",
                "give 0 to \(prefix.count * 8)"
            )
            return nil
        }
        if length == 0 {
            warn(
                path,
                "is every address of its family",
                "give prefix_len; \(prefix.count * 8) is this address alone"
            )
        }
        return AddressRange(prefix: prefix, length: UInt8(length))
    }

    private static func networkOrder(_ value: UInt64, byteCount: Int) -> [UInt8] {
        (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (byteCount - 1 - $0))) }
    }

    // MARK: - Host, scheme, user agent

    func portStripping(
        _ manager: ManagerMessage,
        _ path: FieldPath
    ) -> HTTPConnectionManager.PortStripping {
        let any: Bool
        if case .stripAnyHostPort(let isOn) = manager.stripPortMode {
            any = isOn
        } else {
            any = false
        }
        if any, manager.stripMatchingHostPort {
            refuse(
                path["strip_matching_host_port"],
                "stands beside strip_any_host_port",
                "keep one of the two; any port includes the listener's own"
            )
        }
        return any ? .any : manager.stripMatchingHostPort ? .matching : .none
    }

    func schemeOverwrite(_ manager: ManagerMessage, _ path: FieldPath) -> ByteString? {
        let given = manager.schemeHeaderTransformation
        if given.matchUpstream {
            refuse(
                path["match_upstream"],
                "it is not supported yet",
                "give scheme_to_overwrite: http or https"
            )
        }
        switch given.transformation {
        case nil: return nil
        case .schemeToOverwrite("http"): return "http"
        case .schemeToOverwrite("https"): return "https"
        case .schemeToOverwrite(let scheme):
            refuse(
                path["scheme_to_overwrite"],
                "\(quoted(scheme)) is no scheme of HTTP",
                "give http or https"
            )
            return nil
        }
    }

    func addedUserAgent(_ manager: ManagerMessage, _ path: FieldPath) -> ByteString? {
        guard manager.addUserAgent.value else { return nil }
        let name = loaded.bootstrap.node.cluster
        if name.isEmpty {
            warn(
                path,
                "has no effect: node.cluster, which would be sent, is empty",
                "give node: {cluster: …}"
            )
            return nil
        }
        outside.append(contentsOf: Array("node.cluster \(name)\n".utf8))
        return headText(name, FieldPath("node")["cluster"], inRequestLine: false)
    }

    func underscoredHeaders(
        _ manager: ManagerMessage
    ) -> HTTPConnectionManager.UnderscoredHeaders {
        switch manager.commonHTTPProtocolOptions.headersWithUnderscoresAction {
        case .rejectRequest: .reject
        case .dropHeader: .drop
        default: .allow
        }
    }
}
