internal import Document
internal import FoundationEssentials
internal import SwiftProtobuf

/// The JSON form of a message as a tree, with the names of the .proto files, as Envoy's files have
/// them.
///
/// Fields stand in the order of their numbers; those without a value are left out.
struct MessageTree {
    /// The form of any message of the supported API.
    static func tree(_ message: some Message) -> JSONTree {
        if let known = wellKnown(message) { return known }
        var visitor = TreeVisitor(type(of: message).protoMessageName)
        // A visitor that throws nothing cannot fail.
        try? message.traverse(visitor: &visitor)
        return .object(visitor.members)
    }

    /// The messages of protobuf itself that JSON writes in forms of their own.
    private static func wellKnown(_ message: any Message) -> JSONTree? {
        switch message {
        case let any as Google_Protobuf_Any: tree(of: any)
        case let value as Google_Protobuf_Duration: .text(duration(value))
        case let value as Google_Protobuf_BoolValue: .literal(value.value ? "true" : "false")
        case let value as Google_Protobuf_UInt32Value: .literal(String(value.value))
        case let value as Google_Protobuf_Int32Value: .literal(String(value.value))
        case let value as Google_Protobuf_UInt64Value: .text(String(value.value))
        case let value as Google_Protobuf_Int64Value: .text(String(value.value))
        case let value as Google_Protobuf_DoubleValue: number(value.value)
        case let value as Google_Protobuf_FloatValue: number(Double(value.value))
        case let value as Google_Protobuf_StringValue: .text(value.value)
        case let value as Google_Protobuf_Struct: tree(of: value)
        case let value as Google_Protobuf_Value: tree(of: value)
        case let value as Google_Protobuf_ListValue: .list(value.values.map(tree(of:)))
        default: nil
        }
    }

    private static func tree(of any: Google_Protobuf_Any) -> JSONTree {
        let type = JSONTree.Member(name: "@type", value: .text(any.typeURL))
        let name = any.typeURL.split(separator: "/").last.map(String.init) ?? ""
        guard let known = KnownTypes.type(named: name),
            let message = try? known.init(serializedBytes: Array(any.value))
        else { return .object([type]) }
        guard case .object(let members) = tree(message) else { return .object([type]) }
        return .object([type] + members)
    }

    /// Members in the order of their names: a struct keeps none.
    private static func tree(of object: Google_Protobuf_Struct) -> JSONTree {
        .object(
            object.fields.sorted { $0.key < $1.key }
                .map { JSONTree.Member(name: $0.key, value: tree(of: $0.value)) }
        )
    }

    private static func tree(of value: Google_Protobuf_Value) -> JSONTree {
        switch value.kind {
        case .stringValue(let text): .text(text)
        case .boolValue(let flag): .literal(flag ? "true" : "false")
        case .numberValue(let value): number(value)
        case .structValue(let object): tree(of: object)
        case .listValue(let list): .list(list.values.map(tree(of:)))
        case .nullValue, nil: .literal("null")
        }
    }

    static func number(_ value: Double) -> JSONTree {
        if let whole = Int64(exactly: value) { return .literal(String(whole)) }
        if value.isFinite { return .literal(String(value)) }
        return .text(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
    }

    static func duration(_ value: Google_Protobuf_Duration) -> String {
        let isNegative = value.seconds < 0 || value.nanos < 0
        var digits = String(value.nanos.magnitude)
        digits = String(repeating: "0", count: max(0, 9 - digits.count)) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        let fraction = digits.isEmpty ? "" : ".\(digits)"
        return (isNegative ? "-" : "") + "\(value.seconds.magnitude)\(fraction)s"
    }
}

/// Collects the fields of one message.
private struct TreeVisitor: Visitor {
    private let description: MessageDescription?
    private(set) var members: [JSONTree.Member] = []

    init(_ name: String) {
        description = APIDescription.shared.messages[name]
    }

    private func field(_ number: Int) -> FieldDescription? {
        description?.fields.first { $0.number == number }
    }

    private mutating func add(_ number: Int, _ value: JSONTree) {
        members.append(.init(name: field(number)?.name ?? String(number), value: value))
    }

    private func enumName<E: Enum>(_ value: E, _ number: Int) -> JSONTree {
        let type = field(number)?.typeName.flatMap { APIDescription.shared.enums[$0] }
        let name = type?.values.first { $0.number == value.rawValue }?.name
        return name.map { .text($0) } ?? .literal(String(value.rawValue))
    }

    mutating func visitSingularFloatField(value: Float, fieldNumber: Int) {
        add(fieldNumber, MessageTree.number(Double(value)))
    }
    mutating func visitSingularDoubleField(value: Double, fieldNumber: Int) {
        add(fieldNumber, MessageTree.number(value))
    }
    mutating func visitSingularInt32Field(value: Int32, fieldNumber: Int) {
        add(fieldNumber, .literal(String(value)))
    }
    mutating func visitSingularUInt32Field(value: UInt32, fieldNumber: Int) {
        add(fieldNumber, .literal(String(value)))
    }
    /// JSON has 64 bits as texts, since not every reader has numbers of that size.
    mutating func visitSingularInt64Field(value: Int64, fieldNumber: Int) {
        add(fieldNumber, .text(String(value)))
    }
    mutating func visitSingularUInt64Field(value: UInt64, fieldNumber: Int) {
        add(fieldNumber, .text(String(value)))
    }
    mutating func visitSingularBoolField(value: Bool, fieldNumber: Int) {
        add(fieldNumber, .literal(value ? "true" : "false"))
    }
    mutating func visitSingularStringField(value: String, fieldNumber: Int) {
        add(fieldNumber, .text(value))
    }
    mutating func visitSingularBytesField(value: Data, fieldNumber: Int) {
        add(fieldNumber, .text(Base64.encode(Array(value))))
    }
    mutating func visitSingularEnumField<E: Enum>(value: E, fieldNumber: Int) {
        add(fieldNumber, enumName(value, fieldNumber))
    }
    mutating func visitSingularMessageField<M: Message>(value: M, fieldNumber: Int) {
        add(fieldNumber, MessageTree.tree(value))
    }
    mutating func visitRepeatedUInt32Field(value: [UInt32], fieldNumber: Int) {
        add(fieldNumber, .list(value.map { .literal(String($0)) }))
    }
    mutating func visitPackedUInt32Field(value: [UInt32], fieldNumber: Int) {
        visitRepeatedUInt32Field(value: value, fieldNumber: fieldNumber)
    }
    mutating func visitRepeatedInt32Field(value: [Int32], fieldNumber: Int) {
        add(fieldNumber, .list(value.map { .literal(String($0)) }))
    }
    mutating func visitPackedInt32Field(value: [Int32], fieldNumber: Int) {
        visitRepeatedInt32Field(value: value, fieldNumber: fieldNumber)
    }
    mutating func visitRepeatedUInt64Field(value: [UInt64], fieldNumber: Int) {
        add(fieldNumber, .list(value.map { .text(String($0)) }))
    }
    mutating func visitPackedUInt64Field(value: [UInt64], fieldNumber: Int) {
        visitRepeatedUInt64Field(value: value, fieldNumber: fieldNumber)
    }
    mutating func visitRepeatedInt64Field(value: [Int64], fieldNumber: Int) {
        add(fieldNumber, .list(value.map { .text(String($0)) }))
    }
    mutating func visitPackedInt64Field(value: [Int64], fieldNumber: Int) {
        visitRepeatedInt64Field(value: value, fieldNumber: fieldNumber)
    }
    mutating func visitRepeatedStringField(value: [String], fieldNumber: Int) {
        add(fieldNumber, .list(value.map { .text($0) }))
    }
    mutating func visitRepeatedEnumField<E: Enum>(value: [E], fieldNumber: Int) {
        add(fieldNumber, .list(value.map { enumName($0, fieldNumber) }))
    }
    mutating func visitPackedEnumField<E: Enum>(value: [E], fieldNumber: Int) {
        visitRepeatedEnumField(value: value, fieldNumber: fieldNumber)
    }
    mutating func visitRepeatedMessageField<M: Message>(value: [M], fieldNumber: Int) {
        add(fieldNumber, .list(value.map { MessageTree.tree($0) }))
    }

    mutating func visitMapField<KeyType, ValueType: MapValueType>(
        fieldType: _ProtobufMap<KeyType, ValueType>.Type,
        value: _ProtobufMap<KeyType, ValueType>.BaseType,
        fieldNumber: Int
    ) throws {
        var entries: [JSONTree.Member] = []
        for (key, value) in value {
            var inner = TreeVisitor("")
            try ValueType.visitSingular(value: value, fieldNumber: 1, with: &inner)
            guard let entry = inner.members.first else { continue }
            entries.append(.init(name: "\(key)", value: entry.value))
        }
        add(fieldNumber, .object(entries.sorted { $0.name < $1.name }))
    }
    mutating func visitMapField<KeyType, ValueType>(
        fieldType: _ProtobufEnumMap<KeyType, ValueType>.Type,
        value: _ProtobufEnumMap<KeyType, ValueType>.BaseType,
        fieldNumber: Int
    ) where ValueType.RawValue == Int {
        let entries = value.map {
            JSONTree.Member(name: "\($0.key)", value: enumName($0.value, fieldNumber))
        }
        add(fieldNumber, .object(entries.sorted { $0.name < $1.name }))
    }
    mutating func visitMapField<KeyType, ValueType>(
        fieldType: _ProtobufMessageMap<KeyType, ValueType>.Type,
        value: _ProtobufMessageMap<KeyType, ValueType>.BaseType,
        fieldNumber: Int
    ) {
        let entries = value.map {
            JSONTree.Member(name: "\($0.key)", value: MessageTree.tree($0.value))
        }
        add(fieldNumber, .object(entries.sorted { $0.name < $1.name }))
    }

    // Fields that are not known are kept by nobody: the decoder refuses them.
    mutating func visitUnknown(bytes: Data) {}
}
