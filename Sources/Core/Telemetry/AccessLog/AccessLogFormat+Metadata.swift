import Model

extension AccessLogFormat {
    /// A value of metadata: a string as it is, a number without a needless fraction, anything that
    /// holds others as JSON.
    func renderMetadata(
        _ record: borrowing ExchangeRecord,
        _ step: FormatInstruction,
        _ line: LineBuffer
    ) {
        let metadata: Metadata?
        switch MetadataSource(rawValue: step.b) {
        case .route: metadata = record.routeMetadata
        case .cluster: metadata = record.clusterMetadata
        case .upstream: metadata = record.upstreamMetadata
        case .absent, nil: metadata = nil
        }
        guard Int(step.a) < metadataPaths.count,
            let value = metadata?.value(at: metadataPaths[Int(step.a)])
        else { return line.appendAbsent(step.style) }
        switch value {
        case .null: line.appendAbsent(step.style)
        case .string(let text):
            let bytes = text.utf8.span
            line.append(bytes, step.style, limit: step.limit)
        case .bool, .number, .list, .object:
            let text = value.jsonText
            if step.style == .jsonValue { return line.append(text) }
            let bytes = text.utf8.span
            line.append(bytes, step.style, limit: step.limit)
        }
    }
}

extension MetadataValue {
    /// The value as JSON, the members of objects by name.
    var jsonText: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): Self.text(of: value)
        case .string(let value): JSONText.string(value)
        case .list(let elements): "[\(elements.map(\.jsonText).joined(separator: ","))]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }
                .map { "\(JSONText.string($0.key)):\($0.value.jsonText)" }
                .joined(separator: ",") + "}"
        }
    }

    private static func text(of number: Double) -> String {
        // JSON has no infinities, and no configuration can write one.
        if !number.isFinite { return "null" }
        let whole = number.rounded()
        return whole == number && whole.magnitude < 1e15 ? "\(Int64(whole))" : "\(number)"
    }
}
