internal import Document
internal import Model
internal import SwiftProtobuf
internal import Telemetry

/// `LocalReplyConfig`: how the answers of the proxy itself look.
extension Compilation {
    private typealias MapperMessage =
        Envoy_Extensions_Filters_Network_HttpConnectionManager_V3_ResponseMapper
    typealias BodyFormatMessage = Envoy_Config_Core_V3_SubstitutionFormatString

    /// The bytes of a text that a file or a message gives, as for the text of a format.
    private static var localBodyBytesMax: Int { 64 * 1024 }

    func localReplies(_ manager: ManagerMessage, _ path: FieldPath) -> LocalReplies? {
        guard manager.hasLocalReplyConfig else { return nil }
        let given = manager.localReplyConfig
        let mappers = given.mappers.enumerated().compactMap {
            mapper($1, path["mappers"][$0])
        }
        let format =
            given.hasBodyFormat ? localBodyFormat(given.bodyFormat, path["body_format"]) : nil
        if mappers.isEmpty, format == nil { return nil }
        return LocalReplies(mappers: mappers, format: format)
    }

    private func mapper(_ given: MapperMessage, _ path: FieldPath) -> LocalReplies.Mapper? {
        guard given.hasFilter else {
            refuse(path["filter"], "is missing", "say which answers: {status_code_filter: …}")
            return nil
        }
        guard let filter = exchangeFilter(given.filter, path["filter"]) else { return nil }
        var compiled = LocalReplies.Mapper(filter: filter)
        if given.hasStatusCode {
            let status = given.statusCode.value
            guard let exact = UInt16(exactly: status), 200...599 ~= exact else {
                refuse(
                    path["status_code"],
                    "\(status) is not the status of a response",
                    "give 200 to 599"
                )
                return nil
            }
            compiled.status = exact
        }
        if given.hasBody {
            guard
                let text = bytes(given.body, path["body"], limit: Self.localBodyBytesMax)
            else { return nil }
            compiled.body = text
        }
        if given.hasBodyFormatOverride {
            let place = path["body_format_override"]
            guard let format = localBodyFormat(given.bodyFormatOverride, place) else { return nil }
            compiled.format = format
        }
        compiled.headers = headerOperations(
            adding: given.headersToAdd,
            path["headers_to_add"],
            removing: [],
            path
        )
        return compiled
    }

    /// The format of a body: a text, or an object whose members stand by name, as in Envoy.
    func localBodyFormat(_ given: BodyFormatMessage, _ path: FieldPath) -> LocalBodyFormat? {
        if given.omitEmptyValues {
            warn(
                path["omit_empty_values"],
                "has no effect yet: a missing value is - or null",
                "leave it out"
            )
        }
        var type: ByteString?
        if !given.contentType.isEmpty {
            guard
                let text = headText(given.contentType, path["content_type"], inRequestLine: false)
            else { return nil }
            type = text
        }
        do {
            switch given.format {
            case .textFormat(let text):
                let format = try SubstitutionBody(text: text)
                return LocalBodyFormat(format: format, contentType: type)
            case .textFormatSource(let source):
                let place = path["text_format_source"]
                guard let bytes = bytes(source, place, limit: Self.localBodyBytesMax) else {
                    return nil
                }
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    refuse(place, "is not UTF-8", "formats are texts")
                    return nil
                }
                let format = try SubstitutionBody(text: text)
                return LocalBodyFormat(format: format, contentType: type)
            case .jsonFormat(let object):
                let shape = Self.sorted(shape(of: object, path["json_format"]))
                let format = try SubstitutionBody(json: shape)
                return LocalBodyFormat(
                    format: format,
                    contentType: type ?? "application/json",
                    isJSON: true
                )
            case nil:
                refuse(path, "says no format", "give text_format_source or json_format")
                return nil
            }
        } catch {
            let place = error.member.isEmpty ? "" : "in member \(quoted(error.member)): "
            refuse(path, place + error.message, error.hint)
            return nil
        }
    }

    private static func sorted(
        _ shape: AccessLogConfiguration.JSONShape
    ) -> AccessLogConfiguration.JSONShape {
        switch shape {
        case .object(let members):
            .object(
                members.sorted { $0.name < $1.name }
                    .map { (name: $0.name, value: sorted($0.value)) }
            )
        case .list(let elements): .list(elements.map { sorted($0) })
        case .text, .literal: shape
        }
    }
}
