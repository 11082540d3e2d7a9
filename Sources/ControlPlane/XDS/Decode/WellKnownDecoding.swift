internal import Document
internal import SwiftProtobuf

/// The messages of protobuf itself that JSON writes in forms of their own.
struct WellKnownDecoding {
    let scalar: ScalarDecoding

    private var decoding: Decoding { scalar.decoding }
    private var node: Node { scalar.node }

    /// The value where `type` is such a message; nil within where the node does not fit.
    func decode<M: Message>(_ type: M.Type) -> (value: M?, ())? {
        switch type {
        case is Google_Protobuf_Duration.Type:
            (duration() as? M, ())
        case is Google_Protobuf_BoolValue.Type:
            (scalar.bool().map { Google_Protobuf_BoolValue($0) } as? M, ())
        case is Google_Protobuf_UInt32Value.Type:
            (scalar.integer(UInt32.self).map { Google_Protobuf_UInt32Value($0) } as? M, ())
        case is Google_Protobuf_UInt64Value.Type:
            (scalar.integer(UInt64.self).map { Google_Protobuf_UInt64Value($0) } as? M, ())
        case is Google_Protobuf_Int32Value.Type:
            (scalar.integer(Int32.self).map { Google_Protobuf_Int32Value($0) } as? M, ())
        case is Google_Protobuf_Int64Value.Type:
            (scalar.integer(Int64.self).map { Google_Protobuf_Int64Value($0) } as? M, ())
        case is Google_Protobuf_DoubleValue.Type:
            (scalar.double().map { Google_Protobuf_DoubleValue($0) } as? M, ())
        case is Google_Protobuf_FloatValue.Type:
            (scalar.float().map { Google_Protobuf_FloatValue($0) } as? M, ())
        case is Google_Protobuf_StringValue.Type:
            (scalar.string().map { Google_Protobuf_StringValue($0) } as? M, ())
        case is Google_Protobuf_Struct.Type:
            (structure(node, scalar.place) as? M, ())
        case is Google_Protobuf_Value.Type:
            (Self.value(node, scalar.place, decoding) as? M, ())
        default:
            nil
        }
    }

    private func duration() -> Google_Protobuf_Duration? {
        guard case .scalar(let text, _) = node.content, !node.isNull else {
            refuse("a duration is expected, \(node.kindInWords) was found", "such as 0.25s")
            return nil
        }
        do throws(DurationText.Failure) {
            let (seconds, nanos) = try DurationText.parse(text)
            return Google_Protobuf_Duration(seconds: seconds, nanos: nanos)
        } catch {
            switch error {
            case .form:
                refuse("\(quoted(text)) is not a duration", DurationText.suggestion(for: text))
            case .range:
                refuse(
                    "\(quoted(text)) is out of range",
                    "at most 315576000000s, with nine decimals"
                )
            }
            return nil
        }
    }

    private func refuse(_ what: String, _ hint: String?) {
        decoding.refuse(scalar.place, node.position, what, hint: hint)
    }
}

// MARK: - Free-form values

extension WellKnownDecoding {
    private func structure(_ node: Node, _ place: SourceMap.Place) -> Google_Protobuf_Struct? {
        guard case .mapping(let members) = node.content else {
            refuse("an object is expected, \(node.kindInWords) was found", nil)
            return nil
        }
        return Self.structure(members, place, decoding)
    }

    private static func structure(
        _ members: [Node.Member],
        _ place: SourceMap.Place,
        _ decoding: Decoding
    ) -> Google_Protobuf_Struct {
        var result = Google_Protobuf_Struct()
        for member in members {
            let inner = decoding.enter(.key(member.key), of: place, at: member.keyPosition)
            result.fields[member.key] = value(member.value, inner, decoding)
        }
        return result
    }

    /// The depth is bounded by that of the document.
    private static func value(
        _ node: Node,
        _ place: SourceMap.Place,
        _ decoding: Decoding
    ) -> Google_Protobuf_Value {
        switch node.content {
        case .mapping(let members):
            return Google_Protobuf_Value(structValue: structure(members, place, decoding))
        case .sequence(let elements):
            var list = Google_Protobuf_ListValue()
            for (index, element) in elements.enumerated() {
                let inner = decoding.enter(.index(index), of: place, at: element.position)
                list.values.append(value(element, inner, decoding))
            }
            return Google_Protobuf_Value(listValue: list)
        case .scalar(let text, let isPlain):
            if node.isNull {
                var null = Google_Protobuf_Value()
                null.nullValue = .nullValue
                return null
            }
            if isPlain, text == "true" { return Google_Protobuf_Value(boolValue: true) }
            if isPlain, text == "false" { return Google_Protobuf_Value(boolValue: false) }
            if isPlain, let number = ScalarText.double(text) {
                return Google_Protobuf_Value(numberValue: number)
            }
            return Google_Protobuf_Value(stringValue: text)
        }
    }
}
