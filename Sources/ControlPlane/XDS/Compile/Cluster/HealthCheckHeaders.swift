internal import Model
internal import SwiftProtobuf

/// The headers of a health check's request.
extension Compilation {
    private static let countMax = 1000
    private static let nameBytesMax = 16_384

    func headers(
        _ check: Envoy_Config_Core_V3_HealthCheck.HttpHealthCheck,
        _ path: FieldPath
    ) -> HeaderOperations {
        var steps: [HeaderOperations.Step] = []
        for (index, name) in check.requestHeadersToRemove.enumerated() {
            let path = path["request_headers_to_remove"][index]
            guard let field = changeableHeader(name, path) else { continue }
            steps.append(.remove(field, known(field)))
        }
        let path = path["request_headers_to_add"]
        if check.requestHeadersToAdd.count > Self.countMax {
            refuse(
                path,
                "has \(check.requestHeadersToAdd.count) headers",
                "give at most \(Self.countMax)"
            )
            return HeaderOperations()
        }
        for (index, option) in check.requestHeadersToAdd.enumerated() {
            if let step = step(option, path[index]) { steps.append(step) }
        }
        return HeaderOperations(steps: steps)
    }

    private func step(
        _ option: Envoy_Config_Core_V3_HeaderValueOption,
        _ path: FieldPath
    ) -> HeaderOperations.Step? {
        guard option.hasHeader,
            let name = changeableHeader(option.header.key, path["header"]["key"]),
            let value = literalValue(option.header, path["header"])
        else {
            if !option.hasHeader {
                refuse(path, "has no header", "give header: {key: x-check, value: \"1\"}")
            }
            return nil
        }
        if option.hasAppend, option.appendAction != .appendIfExistsOrAdd {
            refuse(path["append"], "stands beside append_action", "leave append out")
        }
        let action: HeaderOperations.Action
        switch known(option.appendAction, path["append_action"]) {
        case .addIfAbsent: action = .addIfAbsent
        case .overwriteIfExistsOrAdd: action = .overwriteIfExistsOrAdd
        case .overwriteIfExists: action = .overwriteIfExists
        default:
            action =
                option.hasAppend && !option.append.value
                ? .overwriteIfExistsOrAdd : .appendIfExistsOrAdd
        }
        return .add(name, known(name), .literal(value), action, keepsEmpty: option.keepEmptyValue)
    }

    private func changeableHeader(_ name: String, _ path: FieldPath) -> ByteString? {
        if name.utf8.count > Self.nameBytesMax {
            refuse(path, "is \(name.utf8.count) bytes long", "up to 16384 are allowed")
            return nil
        }
        guard let field = headerName(name, path, allowsPseudo: false) else { return nil }
        if field == "host" {
            refuse(path, "the host has a field of its own", "write host: in http_health_check")
            return nil
        }
        return field
    }

    /// A value without operators: a check has no request to take values from.
    private func literalValue(
        _ header: Envoy_Config_Core_V3_HeaderValue,
        _ path: FieldPath
    ) -> ByteString? {
        if !header.rawValue.isEmpty, !header.value.isEmpty {
            refuse(path["raw_value"], "stands beside value", "give only one")
            return nil
        }
        let isRaw = !header.rawValue.isEmpty
        let place = path[isRaw ? "raw_value" : "value"]
        let given = isRaw ? Array(header.rawValue) : Array(header.value.utf8)
        var bytes: [UInt8] = []
        var index = 0
        while index < given.count {
            let byte = given[index]
            index += 1
            if byte < 0x20 && byte != 0x09 || byte == 0x7f {
                refuse(place, "contains a control character", "leave it out")
                return nil
            }
            if byte == UInt8(ascii: "%") {
                guard index < given.count, given[index] == UInt8(ascii: "%") else {
                    refuse(
                        place,
                        "a health check has no operators",
                        "write %% for a percent sign"
                    )
                    return nil
                }
                index += 1
            }
            bytes.append(byte)
        }
        return ByteString(bytes)
    }

    private func known(_ name: ByteString) -> KnownField? {
        let bytes = name.bytes
        let field = KnownFieldIndex.shared.field(named: bytes.span)
        return field == .unknown ? nil : field
    }
}
