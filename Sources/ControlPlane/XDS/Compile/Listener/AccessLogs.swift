internal import Document
internal import Model
internal import SwiftProtobuf
internal import Telemetry

/// `envoy.config.accesslog.v3.AccessLog`: where lines go, and what they look like.
extension Compilation {
    private typealias FileLog = Envoy_Extensions_AccessLoggers_File_V3_FileAccessLog
    private typealias OutputLog = Envoy_Extensions_AccessLoggers_Stream_V3_StdoutAccessLog
    private typealias ErrorLog = Envoy_Extensions_AccessLoggers_Stream_V3_StderrAccessLog
    private typealias FormatMessage = Envoy_Config_Core_V3_SubstitutionFormatString
    typealias Format = AccessLogConfiguration.Format

    func accessLogs(
        _ logs: [Envoy_Config_Accesslog_V3_AccessLog],
        _ path: FieldPath
    ) -> [AccessLogConfiguration] {
        logs.enumerated().compactMap { accessLog($1, path[$0]) }
    }

    private func accessLog(
        _ log: Envoy_Config_Accesslog_V3_AccessLog,
        _ path: FieldPath
    ) -> AccessLogConfiguration? {
        guard case .typedConfig(let any) = log.configType else {
            refuse(
                path,
                "access log \(quoted(log.name)) has no typed_config",
                "give a FileAccessLog, StdoutAccessLog or StderrAccessLog"
            )
            return nil
        }
        let path = path["typed_config"]
        if any.isA(FileLog.self) {
            return unpack(any, as: FileLog.self, path).flatMap { fileLog($0, path) }
        }
        if any.isA(OutputLog.self) {
            return unpack(any, as: OutputLog.self, path).flatMap { log in
                let isGiven = log.accessLogFormat != nil
                return format(isGiven ? log.logFormat : nil, path["log_format"])
                    .map { AccessLogConfiguration(sink: .standardOutput, format: $0) }
            }
        }
        if any.isA(ErrorLog.self) {
            return unpack(any, as: ErrorLog.self, path).flatMap { log in
                let isGiven = log.accessLogFormat != nil
                return format(isGiven ? log.logFormat : nil, path["log_format"])
                    .map { AccessLogConfiguration(sink: .standardError, format: $0) }
            }
        }
        refuse(
            path,
            "access log \(typeName(any)) is not supported yet",
            "known are FileAccessLog, StdoutAccessLog and StderrAccessLog"
        )
        return nil
    }

    private func fileLog(_ log: FileLog, _ path: FieldPath) -> AccessLogConfiguration? {
        let format: Format? =
            switch log.accessLogFormat {
            case nil: .standard
            case .format(let text): checked(.text(text), path["format"])
            case .jsonFormat(let object): json(object, path["json_format"])
            case .typedJsonFormat(let object): json(object, path["typed_json_format"])
            case .logFormat(let given): self.format(given, path["log_format"])
            }
        let sink: AccessLogConfiguration.Sink
        switch log.path {
        case "":
            refuse(path["path"], "is empty", "give a file, or /dev/stdout")
            return nil
        case "/dev/stdout": sink = .standardOutput
        case "/dev/stderr": sink = .standardError
        default: sink = .file(path: log.path)
        }
        if log.path.utf8.contains(0) {
            refuse(path["path"], "contains a NUL byte", "give the path of a file")
            return nil
        }
        return format.map { AccessLogConfiguration(sink: sink, format: $0) }
    }

    // MARK: - Formats

    private func format(_ given: FormatMessage?, _ path: FieldPath) -> Format? {
        guard let given else { return .standard }
        if given.omitEmptyValues {
            warn(
                path["omit_empty_values"],
                "has no effect yet: a missing value is - or null",
                "leave it out"
            )
        }
        if !given.contentType.isEmpty {
            warn(path["content_type"], "it has no effect", "a log line has no content type")
        }
        switch given.format {
        case .textFormat(let text):
            // An empty text is Envoy's way to ask for its default.
            return text.isEmpty ? .standard : checked(.text(text), path["text_format"])
        case .jsonFormat(let object): return json(object, path["json_format"])
        case .textFormatSource(let source):
            let place = path["text_format_source"]
            guard let bytes = bytes(source, place, limit: 64 * 1024) else { return nil }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                refuse(place, "is not UTF-8", "formats are texts")
                return nil
            }
            return text.isEmpty ? .standard : checked(.text(text), place)
        case nil:
            refuse(path, "says no format", "give text_format_source or json_format")
            return nil
        }
    }

    private func json(_ object: Google_Protobuf_Struct, _ path: FieldPath) -> Format? {
        checked(.json(shape(of: object, path)), path)
    }

    /// The format, where Telemetry can print it.
    private func checked(_ format: Format, _ path: FieldPath) -> Format? {
        do {
            _ = try AccessLogFormat(format)
            return format
        } catch {
            let place = error.member.isEmpty ? "" : "in member \(quoted(error.member)): "
            refuse(path, place + error.message, error.hint)
            return nil
        }
    }

    /// The members of an object as they stand in the file; by name where the file is not known.
    func shape(
        of object: Google_Protobuf_Struct,
        _ path: FieldPath
    ) -> AccessLogConfiguration.JSONShape {
        let members = object.fields.map { name, value in
            let place = path[key: name]
            let position =
                loaded.sources.contains(place.description)
                ? loaded.sources.position(of: place.description) : nil
            return (
                name: name, value: value, path: place,
                order: (position?.line ?? 0, position?.column ?? 0, name)
            )
        }
        return .object(
            members.sorted { $0.order < $1.order }
                .map { (name: $0.name, value: shape(of: $0.value, $0.path)) }
        )
    }

    private func shape(
        of value: Google_Protobuf_Value,
        _ path: FieldPath
    ) -> AccessLogConfiguration.JSONShape {
        switch value.kind {
        case .stringValue(let text): .text(text)
        case .structValue(let object): shape(of: object, path)
        case .listValue(let list):
            .list(list.values.enumerated().map { shape(of: $1, path[$0]) })
        case .boolValue(let flag): .literal(flag ? "true" : "false")
        case .numberValue(let number): .literal(Self.jsonNumber(number))
        case .nullValue, nil: .literal("null")
        }
    }

    private static func jsonNumber(_ number: Double) -> String {
        if let whole = Int64(exactly: number) { return String(whole) }
        return number.isFinite ? "\(number)" : "null"
    }
}
