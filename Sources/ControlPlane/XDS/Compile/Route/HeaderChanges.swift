internal import Document
internal import Model
internal import SwiftProtobuf

/// `HeaderValueOption`, lists of names to remove, and `HeaderMutation`, as operations on a head.
extension Compilation {
    typealias HeaderOption = Envoy_Config_Core_V3_HeaderValueOption
    typealias HeaderMutationMessage = Envoy_Config_Common_MutationRules_V3_HeaderMutation

    /// How many changes of one kind one message may list, as in Envoy.
    private static var headerChangesMax: Int { 1000 }

    /// The changes of one level, in the order in which they are made: what goes away first, then
    /// what replaces, then what is added, as Envoy's header parser does.
    func headerOperations(
        adding: [HeaderOption],
        _ addPath: FieldPath,
        removing: [String],
        _ removePath: FieldPath
    ) -> HeaderOperations {
        var steps: [HeaderOperations.Step] = []
        checkCount(removing.count, removePath)
        checkCount(adding.count, addPath)
        for (index, name) in removing.prefix(Self.headerChangesMax).enumerated() {
            guard let name = changedName(name, removePath[index], isRemoved: true) else { continue }
            steps.append(.remove(name, knownField(name)))
        }
        var added: [HeaderOperations.Step] = []
        for (index, option) in adding.prefix(Self.headerChangesMax).enumerated() {
            guard let step = addition(option, addPath[index]) else { continue }
            if case .add(_, _, _, let action, _) = step, action.replaces {
                steps.append(step)
            } else {
                added.append(step)
            }
        }
        return HeaderOperations(steps: steps + added)
    }

    /// `HeaderMutation`s, in the order in which they stand.
    func headerOperations(
        _ mutations: [HeaderMutationMessage],
        _ path: FieldPath
    ) -> HeaderOperations {
        var steps: [HeaderOperations.Step] = []
        checkCount(mutations.count, path)
        for (index, mutation) in mutations.prefix(Self.headerChangesMax).enumerated() {
            let path = path[index]
            switch mutation.action {
            case .remove(let name):
                guard let name = changedName(name, path["remove"], isRemoved: true) else {
                    continue
                }
                steps.append(.remove(name, knownField(name)))
            case .append(let option):
                guard let step = addition(option, path["append"]) else { continue }
                steps.append(step)
            case .removeOnMatch:
                refuse(
                    path["remove_on_match"],
                    "it is not supported yet",
                    "name each header with remove"
                )
            case nil:
                refuse(path, "says no change", "give remove or append")
            }
        }
        return HeaderOperations(steps: steps)
    }

    private func checkCount(_ count: Int, _ path: FieldPath) {
        if count > Self.headerChangesMax {
            refuse(path, "lists \(count) headers", "at most \(Self.headerChangesMax) are allowed")
        }
    }

    private func addition(
        _ option: HeaderOption,
        _ path: FieldPath
    ) -> HeaderOperations.Step? {
        guard option.hasHeader else {
            refuse(path, "has no header", "give header: {key: x-name, value: text}")
            return nil
        }
        let header = path["header"]
        let name = changedName(option.header.key, header["key"], isRemoved: false)
        let action = appendAction(option, path)
        guard let value = headerValue(option.header, header), let name, let action else {
            return nil
        }
        if case .literal(let text) = value, text.isEmpty, !option.keepEmptyValue {
            warn(
                header,
                "header \(quoted(option.header.key)) has no value, so it is never added",
                "give it a value, or say keep_empty_value: true"
            )
        }
        return .add(name, knownField(name), value, action, keepsEmpty: option.keepEmptyValue)
    }

    private func appendAction(
        _ option: HeaderOption,
        _ path: FieldPath
    ) -> HeaderOperations.Action? {
        let given = known(option.appendAction, path["append_action"])
        if option.hasAppend {
            if given != .appendIfExistsOrAdd {
                refuse(
                    path["append"],
                    "stands beside append_action",
                    "append is the older of the two; keep append_action alone"
                )
                return nil
            }
            return option.append.value ? .appendIfExistsOrAdd : .overwriteIfExistsOrAdd
        }
        switch given {
        case .addIfAbsent: return .addIfAbsent
        case .overwriteIfExistsOrAdd: return .overwriteIfExistsOrAdd
        case .overwriteIfExists: return .overwriteIfExists
        default: return .appendIfExistsOrAdd
        }
    }

    /// The name of a header that is changed, in lower case.
    ///
    /// Pseudo-headers and the host have fields of their own, and what frames the message is written
    /// by the proxy alone: another value there would make two messages of one.
    private func changedName(
        _ name: String,
        _ path: FieldPath,
        isRemoved: Bool
    ) -> ByteString? {
        let verb = isRemoved ? "removed" : "changed"
        if name.hasPrefix(":") || ByteString(name).lowercased == "host" {
            refuse(
                path,
                ":-prefixed headers and host cannot be \(verb)",
                isRemoved
                    ? "every request has them"
                    : "host_rewrite_literal, prefix_rewrite and regex_rewrite change host and path"
            )
            return nil
        }
        guard let lower = headerName(name, path, allowsPseudo: false) else { return nil }
        if isRemoved {
            if !Self.isWrittenHere(knownField(lower)) { return lower }
            warn(
                path,
                "\(quoted(name)) is the proxy's own to write, so removing it has no effect",
                "leave it out"
            )
            return nil
        }
        switch knownField(lower) {
        case .contentLength?, .transferEncoding?:
            refuse(
                path,
                "\(quoted(name)) says where the message ends and cannot be \(verb)",
                "leave it out: the proxy writes it"
            )
            return nil
        case .connection?, .keepAlive?, .proxyConnection?, .te?, .trailer?, .upgrade?:
            refuse(
                path,
                "\(quoted(name)) belongs to one connection and cannot be \(verb)",
                "leave it out: the proxy writes it for each connection"
            )
            return nil
        default: return lower
        }
    }

    /// Whether the field frames the message or belongs to one connection.
    private static func isWrittenHere(_ field: KnownField?) -> Bool {
        switch field {
        case .contentLength, .transferEncoding, .connection, .keepAlive, .proxyConnection, .te,
            .trailer, .upgrade:
            true
        default: false
        }
    }

    /// The slot of a name in heads, where it has one.
    func knownField(_ name: ByteString) -> KnownField? {
        let bytes = name.bytes
        let field = KnownFieldIndex.shared.field(named: bytes.span)
        return field == .unknown ? nil : field
    }

    private func headerValue(
        _ header: Envoy_Config_Core_V3_HeaderValue,
        _ path: FieldPath
    ) -> HeaderOperations.Value? {
        let bytes: [UInt8]
        let place: FieldPath
        if !header.rawValue.isEmpty {
            if !header.value.isEmpty {
                refuse(path["raw_value"], "stands beside value", "keep one of the two")
                return nil
            }
            bytes = Array(header.rawValue)
            place = path["raw_value"]
        } else {
            bytes = Array(header.value.utf8)
            place = path["value"]
        }
        if bytes.count > 16_384 {
            refuse(place, "has \(bytes.count) bytes", "at most 16384 are allowed")
            return nil
        }
        if bytes.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7f }) {
            refuse(
                place,
                "contains a control character",
                "a line end there would be a header of its own; leave it out"
            )
            return nil
        }
        // Without an operator or an escape the bytes are the value.
        guard bytes.contains(UInt8(ascii: "%")) else { return .literal(ByteString(bytes)) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            refuse(place, "is not UTF-8", "a value with operators is a text")
            return nil
        }
        return formattedValue(text, place)
    }
}

extension HeaderOperations.Action {
    /// Whether a value that is there goes away.
    fileprivate var replaces: Bool {
        switch self {
        case .overwriteIfExistsOrAdd, .overwriteIfExists: true
        case .appendIfExistsOrAdd, .addIfAbsent: false
        }
    }
}
