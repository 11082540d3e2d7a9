import Model

/// The fields that the parts of OpenTelemetry's log records become, and that the sink turns back.
///
/// The body, the severity's text and the identifiers have the names that the sink has by default.
/// Attributes keep theirs.
enum OTLPField {
    static let body = Array("message".utf8)
    static let severityText = Array("level".utf8)
    static let traceID = Array("trace_id".utf8)
    static let spanID = Array("span_id".utf8)
    /// What all further names begin with.
    static let prefix = Array("otel.".utf8)
    /// A JSON object with the attributes of the resource.
    static let resource = Array("otel.resource".utf8)
    static let scopeName = Array("otel.scope.name".utf8)
    static let scopeVersion = Array("otel.scope.version".utf8)
    /// A JSON object.
    static let scopeAttributes = Array("otel.scope.attributes".utf8)
    /// Where the text does not say it: 1 to 24.
    static let severityNumber = Array("otel.severity_number".utf8)
    /// Where it is not the event's own time.
    static let observedTime = Array("otel.observed_time_unix_nano".utf8)
    static let traceFlags = Array("otel.trace_flags".utf8)
    static let eventName = Array("event.name".utf8)

    /// Attributes that are named like one of the parts get this before their name.
    static let attributePrefix = Array("attributes.".utf8)

    /// True for a name that an attribute may not have, because a part of the record has it.
    static func isReserved(_ name: Span<UInt8>) -> Bool {
        for reserved in [body, severityText, traceID, spanID, eventName] {
            if isName(name, of: reserved) { return true }
        }
        return hasPrefix(name)
    }

    /// True for a name that begins as those of this protocol alone do.
    static func hasPrefix(_ name: Span<UInt8>) -> Bool {
        let prefix = prefix
        guard name.count > prefix.count, name[0] == prefix[0] else { return false }
        return name.extracting(0..<prefix.count).equals(prefix.span)
    }

    /// True for the name of the field.
    static func isName(_ name: Span<UInt8>, of field: [UInt8]) -> Bool { name.equals(field.span) }
}
