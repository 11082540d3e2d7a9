import Model

extension AccessLogFormat {
    /// The operators that the default format does not use.
    func renderRarer(
        _ record: borrowing ExchangeRecord,
        _ step: FormatInstruction,
        _ line: LineBuffer
    ) {
        let style = step.style
        switch step.code {
        case .path: renderPath(record.request, step, line)
        case .queryParameter: renderParameter(record.request, step, line)
        case .responseCodeDetails: renderDetails(record, style, line)
        case .connectionTerminationDetails:
            line.append(record.connectionTerminationDetails, style)
        case .grpcStatus, .grpcStatusNumber: renderGRPCStatus(record, step, line)
        case .requestHeadBytes: line.append(decimal: record.requestHeadBytes)
        case .responseHeadBytes: line.append(decimal: record.responseHeadBytes)
        case .upstreamWireBytesSent: line.append(decimal: record.upstreamWireBytesSent)
        case .upstreamWireBytesReceived: line.append(decimal: record.upstreamWireBytesReceived)
        case .downstreamWireBytesSent: line.append(decimal: record.downstreamWireBytesSent)
        case .downstreamWireBytesReceived:
            line.append(decimal: record.downstreamWireBytesReceived)
        case .upstreamRequestAttemptCount: line.append(decimal: UInt64(record.attemptCount))
        case .connectionID: line.append(decimal: record.connectionID)
        case .upstreamConnectionID:
            let id = record.upstreamConnectionID
            line.append(id == 0 ? nil : id, style)
        case .upstreamProtocol:
            // Known once there is a connection, where it speaks HTTP.
            if record.upstreamLocalAddress == nil || record.upstreamMajorVersion == 0
                || record.isConnection
            {
                return line.appendAbsent(style)
            }
            line.append(record.upstreamMajorVersion == 2 ? "HTTP/2" : "HTTP/1.1", style)
        case .upstreamCluster:
            let name = record.upstreamClusterStatName
            line.append(name.isEmpty ? record.clusterName : name, style)
        case .upstreamClusterRaw: line.append(record.clusterName, style)
        case .virtualCluster: line.append(record.virtualClusterName, style)
        case .metadata: renderMetadata(record, step, line)
        case .upstreamHostName:
            if record.upstreamHostName.isEmpty { return line.append(record.upstreamHost, style) }
            line.append(record.upstreamHostName, style)
        case .upstreamHostWithoutPort, .upstreamPort: renderEndpoint(record, step, line)
        case .upstreamTransportFailureReason:
            line.append(reason: record.upstreamTransportFailureReason, style)
        case .downstreamTransportFailureReason:
            line.append(reason: record.downstreamTransportFailureReason, style)
        case .tls: renderTLS(record, step, line)
        case .requestedServerName:
            let name = record.requestedServerName.bytes
            line.append(name.span, style)
        case .filterChainName: line.append(record.filterChainName, style)
        case .routeName: line.append(record.routeName, style)
        case .virtualHost: line.append(record.virtualHostName, style)
        case .listenerName: line.append(record.listenerName, style)
        case .reason: line.append(record.reason, style)
        case .localReplyBody:
            // Present and empty where there is no text.
            let body = record.localReplyBody
            if !body.isEmpty { return line.append(body.span, style) }
            if style == .jsonValue { line.append("\"\"") }
        case .uniqueID: line.appendUniqueID(style)
        case .requestDuration, .requestSentDuration, .responseDuration, .responseSentDuration,
            .commonDuration:
            renderDuration(record, step, line)
        default: renderAddress(record, step, line)
        }
    }

    // MARK: - Addresses

    private func renderAddress(
        _ record: borrowing ExchangeRecord,
        _ step: FormatInstruction,
        _ line: LineBuffer
    ) {
        let style = step.style
        switch step.code {
        case .upstreamLocalAddress:
            line.append(record.upstreamLocalAddress, port: true, style)
        case .upstreamLocalAddressWithoutPort:
            line.append(record.upstreamLocalAddress, port: false, style)
        case .upstreamLocalPort:
            line.append(record.upstreamLocalAddress?.port.map(UInt64.init), style)
        case .downstreamRemoteAddress:
            line.append(record.downstreamRemoteAddress, port: true, style)
        case .downstreamRemoteAddressWithoutPort:
            line.append(record.downstreamRemoteAddress, port: false, style)
        case .downstreamRemotePort:
            line.append(record.downstreamRemoteAddress?.port.map(UInt64.init), style)
        case .downstreamDirectAddress:
            line.append(record.downstreamDirectRemoteAddress, port: true, style)
        case .downstreamDirectAddressWithoutPort:
            line.append(record.downstreamDirectRemoteAddress, port: false, style)
        case .downstreamDirectPort:
            line.append(record.downstreamDirectRemoteAddress?.port.map(UInt64.init), style)
        case .downstreamLocalAddress:
            line.append(record.downstreamLocalAddress, port: true, style)
        case .downstreamLocalAddressWithoutPort:
            line.append(record.downstreamLocalAddress, port: false, style)
        case .downstreamLocalPort:
            line.append(record.downstreamLocalAddress?.port.map(UInt64.init), style)
        default:
            assertionFailure("an operator without a renderer")
            line.appendAbsent(style)
        }
    }

    /// The two parts of `10.0.0.1:80` or `[::1]:80`; a path has no port.
    private func renderEndpoint(
        _ record: borrowing ExchangeRecord,
        _ step: FormatInstruction,
        _ line: LineBuffer
    ) {
        let host = record.upstreamHost
        let bytes = host.utf8.span
        var colon = bytes.count
        while colon > 0, bytes[colon - 1] != 0x3a { colon -= 1 }
        let port = bytes.extracting(colon..<bytes.count).decimal(limit: 65_535)
        if step.code == .upstreamPort {
            return line.append(colon == 0 ? nil : port.map(UInt64.init), step.style)
        }
        guard colon > 0, port != nil else { return line.append(bytes, step.style) }
        let isBracketed = colon > 2 && bytes[0] == 0x5b && bytes[colon - 2] == 0x5d
        let whole = isBracketed ? 1..<colon - 2 : 0..<colon - 1
        line.append(bytes.extracting(whole), step.style)
    }

    // MARK: - Durations

    private func renderDuration(
        _ record: borrowing ExchangeRecord,
        _ step: FormatInstruction,
        _ line: LineBuffer
    ) {
        let style = step.style
        switch step.code {
        case .requestDuration:
            line.append(milliseconds: record.requestReceivedMicroseconds, style)
        case .requestSentDuration:
            line.append(milliseconds: record.upstreamLastByteSentMicroseconds, style)
        case .responseDuration:
            line.append(milliseconds: record.responseFirstByteMicroseconds, style)
        case .responseSentDuration:
            line.append(
                milliseconds: Self.difference(
                    record.responseFirstByteMicroseconds,
                    record.downstreamLastByteSentMicroseconds
                ),
                style
            )
        default:
            let from = Self.point(step.a & 255, record)
            let until = Self.point(step.a >> 8 & 255, record)
            guard let span = Self.difference(from, until) else {
                return line.appendAbsent(style)
            }
            switch step.a >> 16 {
            case 0: line.append(decimal: span / 1000)
            case 1: line.append(decimal: span)
            default: line.append(decimal: UInt64(span.magnitude.multipliedClamped(by: 1000)))
            }
        }
    }

    /// nil where one of them did not happen; never negative.
    private static func difference(_ from: Int64?, _ until: Int64?) -> Int64? {
        guard let from, let until else { return nil }
        let (span, overflowed) = until.subtractingReportingOverflow(from)
        return overflowed ? nil : max(0, span)
    }

    /// The points in the order of `OperatorUse.timePointNames`.
    private static func point(_ number: UInt32, _ record: borrowing ExchangeRecord) -> Int64? {
        switch number {
        case 0: 0
        case 1: record.requestReceivedMicroseconds
        case 2: record.upstreamFirstByteSentMicroseconds
        case 3: record.upstreamLastByteSentMicroseconds
        case 4: record.responseFirstByteMicroseconds
        case 5: record.responseLastByteMicroseconds
        case 6: record.downstreamFirstByteSentMicroseconds
        default: record.downstreamLastByteSentMicroseconds
        }
    }

    // MARK: - Parts of the path

    private func renderPath(_ head: Head?, _ step: FormatInstruction, _ line: LineBuffer) {
        guard let head else { return line.appendAbsent(step.style) }
        var slice = head.path
        if step.b != 1 {
            let original = head.first(.xEnvoyOriginalPath)
            if step.b == 0 && original == nil { return line.appendAbsent(step.style) }
            slice = original ?? slice
        }
        let whole = head.span(slice)
        let end = step.a == 1 ? whole.count : whole.firstIndex(of: 0x3f) ?? whole.count
        line.append(whole.extracting(0..<end), step.style, limit: step.limit)
    }

    private func renderParameter(_ head: Head?, _ step: FormatInstruction, _ line: LineBuffer) {
        guard let head else { return line.appendAbsent(step.style) }
        let query = head.span(head.query)
        let name = pooled(step.a, step.b)
        var start = 0
        while start < query.count {
            let end = query.firstIndex(of: 0x26, from: start) ?? query.count
            let pair = query.extracting(start..<end)
            let equals = pair.firstIndex(of: 0x3d) ?? pair.count
            if pair.extracting(0..<equals).equals(name) {
                let value = pair.extracting(min(equals + 1, pair.count)..<pair.count)
                return line.append(value, step.style, limit: step.limit)
            }
            start = end + 1
        }
        line.appendAbsent(step.style)
    }
}

extension UInt64 {
    fileprivate func multipliedClamped(by factor: UInt64) -> UInt64 {
        let (product, overflowed) = multipliedReportingOverflow(by: factor)
        return overflowed ? .max : product
    }
}
