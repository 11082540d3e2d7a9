internal import Document
internal import FoundationEssentials
internal import SwiftProtobuf

/// Decodes the members of one object into one message: the generated code asks for field after
/// field, and this answers from the nodes of the document.
///
/// It never throws: what is wrong is reported to ``Decoding`` and left out. Values are decoded over
/// those of earlier files: messages merge, lists append, single values are replaced.
struct NodeDecoder {
    let decoding: Decoding
    private let description: MessageDescription
    private let place: SourceMap.Place
    private let members: [Node.Member]
    /// `@type` is read already.
    private let isInsideAny: Bool
    /// What may stand in the `Any` of this object, where the field around it decides; else nil.
    private let allowed: [any Message.Type]?
    /// A file that is named here is read again by those who use it, not with the configuration.
    private let isRotated: Bool
    private var next = 0
    /// The line of each field that was met in this object.
    private var seen: [Int: Int] = [:]
    /// The field of each `oneof` that was met in this object.
    private var chosen: [String: String] = [:]

    // What the generated code is about to ask for.
    private var field: FieldDescription?
    private var value: Node
    private var valuePlace: SourceMap.Place

    private init(
        _ decoding: Decoding,
        _ description: MessageDescription,
        _ place: SourceMap.Place,
        _ node: Node,
        _ members: [Node.Member],
        isInsideAny: Bool,
        allowed: [any Message.Type]?,
        isRotated: Bool
    ) {
        self.decoding = decoding
        self.description = description
        self.place = place
        self.members = members
        self.isInsideAny = isInsideAny
        self.allowed = allowed
        self.isRotated = isRotated
        value = node
        valuePlace = place
    }

    /// Decodes `node` into `message`, which may hold values already.
    static func decode<M: Message>(
        _ node: Node,
        into message: inout M,
        at place: SourceMap.Place,
        _ decoding: Decoding,
        isInsideAny: Bool = false,
        allowed: [any Message.Type]? = nil,
        isRotated: Bool = false
    ) {
        guard case .mapping(let members) = node.content else {
            decoding.refuse(
                place,
                node.position,
                "an object is expected, \(node.kindInWords) was found"
            )
            return
        }
        guard let description = APIDescription.shared.messages[M.protoMessageName] else {
            decoding.refuse(place, node.position, "\(M.protoMessageName) is not described")
            return
        }
        var decoder = NodeDecoder(
            decoding,
            description,
            place,
            node,
            members,
            isInsideAny: isInsideAny,
            allowed: allowed,
            isRotated: isRotated
        )
        do {
            try message.decodeMessage(decoder: &decoder)
        } catch {
            decoding.refuse(place, node.position, "it can't be decoded")
        }
    }
}

// MARK: - From member to member

extension NodeDecoder {
    /// The number of the next field with a value to decode; nil after the last.
    mutating func nextFieldNumber() throws -> Int? {
        while next < members.count, !decoding.isFull {
            let member = members[next]
            next += 1
            if isInsideAny, member.key == "@type" { continue }
            guard let field = description.field(named: member.key) else {
                refuseUnknown(member)
                continue
            }
            value = member.value
            valuePlace = decoding.enter(.field(field.name), of: place, at: member.keyPosition)
            if let line = seen.updateValue(member.keyPosition.line, forKey: field.number) {
                decoding.refuse(
                    valuePlace,
                    member.keyPosition,
                    "it is given twice",
                    hint: "it is already in line \(line), under its other name"
                )
                continue
            }
            if isWorthDecoding(field, member) {
                noteDependency(field)
                self.field = field
                return field.number
            }
        }
        return nil
    }

    /// Whether a field has a value, has an effect, and has no rival; what is not so is reported.
    private mutating func isWorthDecoding(
        _ field: FieldDescription,
        _ member: Node.Member
    ) -> Bool {
        let position = member.keyPosition
        if value.isNull, field.typeName != "google.protobuf.Value" {
            decoding.warn(
                valuePlace,
                position,
                "it has no value and counts as not given",
                hint: "remove it, or give it a value"
            )
            return false
        }
        if !field.ignored.isEmpty {
            decoding.warn(valuePlace, position, "it has no effect", hint: field.ignored)
            if field.kind == "map" || field.kind.hasPrefix("message") { return false }
        }
        if !field.oneof.isEmpty {
            if let rival = chosen[field.oneof] {
                decoding.refuse(
                    valuePlace,
                    position,
                    "it can't stand beside \(rival)",
                    hint: "give only one"
                )
                return false
            }
            chosen[field.oneof] = field.name
        }
        if !field.only.isEmpty, case .scalar(let text, _) = value.content,
            !field.only.contains(text)
        {
            decoding.refuse(
                valuePlace,
                value.position,
                "\(quoted(text)) is not supported yet",
                hint: "only \(field.only.joined(separator: ", ")) is"
            )
            return false
        }
        return true
    }

    /// The file of a data source belongs to the configuration: when it changes, so does that; so do
    /// the files with secrets, but not the certificates and keys, which change by themselves.
    private func noteDependency(_ field: FieldDescription) {
        let isDependency =
            switch description.name {
            case "envoy.config.core.v3.DataSource": field.name == "filename" && !isRotated
            case "envoy.config.core.v3.PathConfigSource", "envoy.config.core.v3.ConfigSource":
                field.name == "path"
            default: false
            }
        guard isDependency, case .scalar(let path, _) = value.content, !path.isEmpty else { return }
        decoding.depend(on: path)
    }

    private func refuseUnknown(_ member: Node.Member) {
        let place = decoding.enter(.field(member.key), of: place, at: member.keyPosition)
        let name = Self.snakeCase(member.key)
        if description.unsupported.contains(name) {
            decoding.refuse(
                place,
                member.keyPosition,
                "it is not supported yet",
                hint: description.name == "envoy.config.core.v3.ConfigSource"
                    ? "secrets come from files or static_resources.secrets for now" : nil
            )
        } else if description.removed.contains(name) {
            decoding.refuse(
                place,
                member.keyPosition,
                "it was removed from the API",
                hint: name == "config" ? "write typed_config, with @type" : nil
            )
        } else {
            let names = description.fields.map(\.name)
            let useful = description.fields
                .filter { $0.ignored.isEmpty && !$0.isDeprecated }
                .map(\.name)
            let known =
                switch useful.count {
                case 0: "\(description.shortName) has no fields"
                case 1...12: "\(description.shortName) has \(useful.joined(separator: ", "))"
                default: "\(description.shortName) has no such field"
                }
            decoding.refuse(
                place,
                member.keyPosition,
                "the field is not known",
                hint: didYouMean(name, among: names, otherwise: known)
            )
        }
    }

    /// `connectTimeout` as the .proto files have it: `connect_timeout`.
    private static func snakeCase(_ name: String) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            if ("A"..."Z").contains(scalar) {
                result += "_" + String(scalar).lowercased()
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

// MARK: - Single values, lists and maps of any kind

extension NodeDecoder {
    var scalar: ScalarDecoding {
        ScalarDecoding(decoding: decoding, place: valuePlace, node: value)
    }

    /// Answers the next question with this value: an element of a map.
    mutating func attend(to element: ScalarDecoding) {
        value = element.node
        valuePlace = element.place
    }

    /// The name of the field's message or enum.
    var typeName: String? { field?.typeName }

    /// Decodes each element of a list with `element`, and appends those that fit.
    func list<T>(_ list: inout [T], _ element: (ScalarDecoding) -> T?) {
        guard case .sequence(let nodes) = value.content else {
            decoding.refuse(
                valuePlace,
                value.position,
                "a list is expected, \(value.kindInWords) was found",
                hint: "put [ ] around it, or - before it"
            )
            return
        }
        for node in nodes {
            if decoding.isFull { return }
            let place = decoding.enter(.index(list.count), of: valuePlace, at: node.position)
            if node.isNull {
                decoding.refuse(place, node.position, "an element of the list is empty")
            } else if let decoded = element(
                ScalarDecoding(decoding: decoding, place: place, node: node)
            ) {
                list.append(decoded)
            }
        }
    }

    /// Decodes each member of a map with `element`; all maps of the API have texts as keys.
    func map<Key: Hashable, Value>(
        _ map: inout [Key: Value],
        _ element: (ScalarDecoding) -> Value?
    ) {
        guard case .mapping(let members) = value.content else {
            decoding.refuse(
                valuePlace,
                value.position,
                "an object is expected, \(value.kindInWords) was found"
            )
            return
        }
        for member in members {
            if decoding.isFull { return }
            let place = decoding.enter(.key(member.key), of: valuePlace, at: member.keyPosition)
            guard let key = member.key as? Key else {
                decoding.refuse(place, member.keyPosition, "the key can't be decoded")
                continue
            }
            if member.value.isNull {
                decoding.refuse(place, member.value.position, "it has no value")
            } else if let decoded = element(
                ScalarDecoding(decoding: decoding, place: place, node: member.value)
            ) {
                map[key] = decoded
            }
        }
    }

    /// Decodes one message, over `base` where the kind of message can be merged.
    func message<M: Message>(_ type: M.Type, over base: M?, _ scalar: ScalarDecoding) -> M? {
        if M.self == Google_Protobuf_Any.self {
            // A route turns a filter on with an empty configuration.
            let isFilter = description.name == Envoy_Config_Route_V3_FilterConfig.protoMessageName
            return AnyDecoding(scalar: scalar, mayBeEmpty: isFilter)
                .decode(allowed: allowed ?? allowedInField) as? M
        }
        if let known = WellKnownDecoding(scalar: scalar).decode(M.self) { return known.value }
        var message = base ?? M()
        let isExtension =
            M.self == Envoy_Config_Core_V3_TypedExtensionConfig.self
            || M.self == Envoy_Config_Core_V3_TransportSocket.self
        Self.decode(
            scalar.node,
            into: &message,
            at: scalar.place,
            decoding,
            allowed: isExtension ? allowedInField : nil,
            isRotated: description.name.hasPrefix("envoy.extensions.transport_sockets.tls.")
        )
        return message
    }

    /// What may stand in the `Any` of the current field.
    private var allowedInField: [any Message.Type] {
        KnownTypes.types(in: description.name, field: field?.name ?? "")
    }
}
