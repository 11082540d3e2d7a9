package import Model

extension AccessLogFormat {
    /// Appends one line to `line`.
    ///
    /// Allocates nothing for the default format, once the buffer has its size.
    package func render(_ record: borrowing ExchangeRecord, into line: LineBuffer) {
        // Read in place: a copy of each step costs more than what most of them do.
        let steps = instructions.span
        for index in steps.indices {
            let leadCount = steps[index].leadCount
            if leadCount > 0 {
                line.append(
                    padded: pooled(steps[index].leadStart, leadCount + 8),
                    length: Int(leadCount)
                )
            }
            let style = steps[index].style
            switch steps[index].code {
            case .literal:
                line.append(pooled(steps[index].a, steps[index].b))
            case .startTime:
                if style == .jsonValue { line.append(byte: 0x22) }
                line.append(timestamp: record.requestStartUnixMicroseconds)
                if style == .jsonValue { line.append(byte: 0x22) }
            case .startTimeCustom:
                renderTime(record.requestStartUnixMicroseconds, steps[index], line)
            case .requestHeader:
                renderField(record.request, steps[index], line)
            case .responseHeader:
                renderField(record.response, steps[index], line)
            case .trailer:
                renderField(record.responseTrailers, steps[index], line)
            case .httpVersion:
                guard let request = record.request else {
                    appendProtocol(record.connectionProtocol, style, line)
                    continue
                }
                if request.majorVersion == 2 {
                    line.append("HTTP/2", style)
                } else {
                    line.append(request.minorVersion == 0 ? "HTTP/1.0" : "HTTP/1.1", style)
                }
            case .responseCode:
                line.append(decimal: UInt64(record.responseCode))
            case .responseFlags, .responseFlagsLong:
                if style == .jsonValue { line.append(byte: 0x22) }
                record.flags.append(to: line, long: steps[index].code == .responseFlagsLong)
                if style == .jsonValue { line.append(byte: 0x22) }
            case .bytesReceived:
                line.append(decimal: record.bytesReceived)
            case .bytesSent:
                line.append(decimal: record.bytesSent)
            case .duration:
                line.append(milliseconds: record.durationMicroseconds, style)
            case .upstreamHost:
                line.append(record.upstreamHost, style)
            default:
                renderRarer(record, steps[index], line)
            }
        }
    }

    @_lifetime(borrow self)
    func pooled(_ start: UInt32, _ count: UInt32) -> Span<UInt8> {
        let span = pool.span.extracting(Int(start)..<Int(start) + Int(count))
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    // MARK: - Fields

    /// The first of the two names that has a value.
    private func renderField(
        _ head: Head?,
        _ step: borrowing FormatInstruction,
        _ line: LineBuffer
    ) {
        guard let head else { return line.appendAbsent(step.style) }
        if renderField(head, step.first, step, line) { return }
        if step.second.kind != .none, renderField(head, step.second, step, line) { return }
        line.appendAbsent(step.style)
    }

    /// False, and nothing written, where the head has no such value.
    private func renderField(
        _ head: Head,
        _ reference: borrowing FieldReference,
        _ step: borrowing FormatInstruction,
        _ line: LineBuffer
    ) -> Bool {
        let slice: Head.Slice
        switch reference.kind {
        case .none: return false
        case .method: slice = head.methodSlice
        case .path: slice = head.path
        case .authority: slice = head.authority
        case .scheme:
            line.append(isSecure(head) ? "https" : "http", step.style)
            return true
        case .status:
            if head.status == 0 { return false }
            line.append(decimal: UInt64(head.status))
            return true
        case .known:
            guard let value = head.first(reference.known) else { return false }
            slice = value
        case .named:
            let name = pooled(reference.start, reference.count)
            guard let value = head.first(named: name) else { return false }
            slice = value
        }
        if slice.isEmpty { return false }
        line.append(head.span(slice), step.style, limit: step.limit)
        return true
    }

    /// What `x-forwarded-proto` says where it says a scheme, otherwise what the connection is.
    private func isSecure(_ head: Head) -> Bool {
        guard let value = head.first(.xForwardedProto) else { return head.isTLS }
        let name = head.span(value)
        if name.equals(Self.https.span) { return true }
        return head.isTLS && !name.equals(Self.https.span.extracting(0..<4))
    }

    private static let https = Array("https".utf8)

    private func appendProtocol(
        _ name: ConnectionProtocol,
        _ style: FormatInstruction.Style,
        _ line: LineBuffer
    ) {
        switch name {
        case .unknown: line.appendAbsent(style)
        case .http10: line.append("HTTP/1.0", style)
        case .http11: line.append("HTTP/1.1", style)
        case .http2: line.append("HTTP/2", style)
        }
    }

    func renderTime(
        _ microseconds: Int64,
        _ step: FormatInstruction,
        _ line: LineBuffer
    ) {
        guard Int(step.a) < timeFormats.count else { return }
        // A literal of the format may hold what JSON escapes: rendered apart, then escaped.
        switch step.style {
        case .text, .header, .body:
            return timeFormats[Int(step.a)].render(microseconds, into: line)
        case .jsonValue, .jsonPart: break
        }
        let apart = LineBuffer(capacity: 64)
        timeFormats[Int(step.a)].render(microseconds, into: apart)
        line.append(apart.bytes, step.style)
    }
}
