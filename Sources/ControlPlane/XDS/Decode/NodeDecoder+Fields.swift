internal import FoundationEssentials
internal import SwiftProtobuf

/// What the generated code asks for, field by field. The integers of the API's several encodings
/// are all written alike in JSON.
extension NodeDecoder: SwiftProtobuf.Decoder {
    /// Rivals within one object are refused before they are decoded; a value of an earlier file may
    /// be replaced by another member of its group.
    mutating func handleConflictingOneOf() throws {}

    mutating func decodeSingularFloatField(value: inout Float) throws {
        value = scalar.float() ?? value
    }
    mutating func decodeSingularFloatField(value: inout Float?) throws {
        value = scalar.float() ?? value
    }
    mutating func decodeRepeatedFloatField(value: inout [Float]) throws {
        list(&value) { $0.float() }
    }
    mutating func decodeSingularDoubleField(value: inout Double) throws {
        value = scalar.double() ?? value
    }
    mutating func decodeSingularDoubleField(value: inout Double?) throws {
        value = scalar.double() ?? value
    }
    mutating func decodeRepeatedDoubleField(value: inout [Double]) throws {
        list(&value) { $0.double() }
    }
    mutating func decodeSingularInt32Field(value: inout Int32) throws {
        value = scalar.integer(Int32.self) ?? value
    }
    mutating func decodeSingularInt32Field(value: inout Int32?) throws {
        value = scalar.integer(Int32.self) ?? value
    }
    mutating func decodeRepeatedInt32Field(value: inout [Int32]) throws {
        list(&value) { $0.integer(Int32.self) }
    }
    mutating func decodeSingularInt64Field(value: inout Int64) throws {
        value = scalar.integer(Int64.self) ?? value
    }
    mutating func decodeSingularInt64Field(value: inout Int64?) throws {
        value = scalar.integer(Int64.self) ?? value
    }
    mutating func decodeRepeatedInt64Field(value: inout [Int64]) throws {
        list(&value) { $0.integer(Int64.self) }
    }
    mutating func decodeSingularUInt32Field(value: inout UInt32) throws {
        value = scalar.integer(UInt32.self) ?? value
    }
    mutating func decodeSingularUInt32Field(value: inout UInt32?) throws {
        value = scalar.integer(UInt32.self) ?? value
    }
    mutating func decodeRepeatedUInt32Field(value: inout [UInt32]) throws {
        list(&value) { $0.integer(UInt32.self) }
    }
    mutating func decodeSingularUInt64Field(value: inout UInt64) throws {
        value = scalar.integer(UInt64.self) ?? value
    }
    mutating func decodeSingularUInt64Field(value: inout UInt64?) throws {
        value = scalar.integer(UInt64.self) ?? value
    }
    mutating func decodeRepeatedUInt64Field(value: inout [UInt64]) throws {
        list(&value) { $0.integer(UInt64.self) }
    }
    mutating func decodeSingularSInt32Field(value: inout Int32) throws {
        try decodeSingularInt32Field(value: &value)
    }
    mutating func decodeSingularSInt32Field(value: inout Int32?) throws {
        try decodeSingularInt32Field(value: &value)
    }
    mutating func decodeRepeatedSInt32Field(value: inout [Int32]) throws {
        try decodeRepeatedInt32Field(value: &value)
    }
    mutating func decodeSingularSInt64Field(value: inout Int64) throws {
        try decodeSingularInt64Field(value: &value)
    }
    mutating func decodeSingularSInt64Field(value: inout Int64?) throws {
        try decodeSingularInt64Field(value: &value)
    }
    mutating func decodeRepeatedSInt64Field(value: inout [Int64]) throws {
        try decodeRepeatedInt64Field(value: &value)
    }
    mutating func decodeSingularFixed32Field(value: inout UInt32) throws {
        try decodeSingularUInt32Field(value: &value)
    }
    mutating func decodeSingularFixed32Field(value: inout UInt32?) throws {
        try decodeSingularUInt32Field(value: &value)
    }
    mutating func decodeRepeatedFixed32Field(value: inout [UInt32]) throws {
        try decodeRepeatedUInt32Field(value: &value)
    }
    mutating func decodeSingularFixed64Field(value: inout UInt64) throws {
        try decodeSingularUInt64Field(value: &value)
    }
    mutating func decodeSingularFixed64Field(value: inout UInt64?) throws {
        try decodeSingularUInt64Field(value: &value)
    }
    mutating func decodeRepeatedFixed64Field(value: inout [UInt64]) throws {
        try decodeRepeatedUInt64Field(value: &value)
    }
    mutating func decodeSingularSFixed32Field(value: inout Int32) throws {
        try decodeSingularInt32Field(value: &value)
    }
    mutating func decodeSingularSFixed32Field(value: inout Int32?) throws {
        try decodeSingularInt32Field(value: &value)
    }
    mutating func decodeRepeatedSFixed32Field(value: inout [Int32]) throws {
        try decodeRepeatedInt32Field(value: &value)
    }
    mutating func decodeSingularSFixed64Field(value: inout Int64) throws {
        try decodeSingularInt64Field(value: &value)
    }
    mutating func decodeSingularSFixed64Field(value: inout Int64?) throws {
        try decodeSingularInt64Field(value: &value)
    }
    mutating func decodeRepeatedSFixed64Field(value: inout [Int64]) throws {
        try decodeRepeatedInt64Field(value: &value)
    }
    mutating func decodeSingularBoolField(value: inout Bool) throws {
        value = scalar.bool() ?? value
    }
    mutating func decodeSingularBoolField(value: inout Bool?) throws {
        value = scalar.bool() ?? value
    }
    mutating func decodeRepeatedBoolField(value: inout [Bool]) throws {
        list(&value) { $0.bool() }
    }
    mutating func decodeSingularStringField(value: inout String) throws {
        value = scalar.string() ?? value
    }
    mutating func decodeSingularStringField(value: inout String?) throws {
        value = scalar.string() ?? value
    }
    mutating func decodeRepeatedStringField(value: inout [String]) throws {
        list(&value) { $0.string() }
    }
    mutating func decodeSingularBytesField(value: inout Data) throws {
        value = scalar.bytes().map { Data($0) } ?? value
    }
    mutating func decodeSingularBytesField(value: inout Data?) throws {
        value = scalar.bytes().map { Data($0) } ?? value
    }
    mutating func decodeRepeatedBytesField(value: inout [Data]) throws {
        list(&value) { $0.bytes().map { Data($0) } }
    }

    mutating func decodeSingularEnumField<E: Enum>(value: inout E) throws
    where E.RawValue == Int {
        value = scalar.enumNumber(typeName).flatMap { E(rawValue: $0) } ?? value
    }
    mutating func decodeSingularEnumField<E: Enum>(value: inout E?) throws
    where E.RawValue == Int {
        value = scalar.enumNumber(typeName).flatMap { E(rawValue: $0) } ?? value
    }
    mutating func decodeRepeatedEnumField<E: Enum>(value: inout [E]) throws
    where E.RawValue == Int {
        list(&value) { $0.enumNumber(typeName).flatMap { E(rawValue: $0) } }
    }

    mutating func decodeSingularMessageField<M: Message>(value: inout M?) throws {
        value = message(M.self, over: value, scalar) ?? value
    }
    mutating func decodeRepeatedMessageField<M: Message>(value: inout [M]) throws {
        list(&value) { message(M.self, over: nil, $0) }
    }

    mutating func decodeMapField<KeyType, ValueType: MapValueType>(
        fieldType: _ProtobufMap<KeyType, ValueType>.Type,
        value: inout _ProtobufMap<KeyType, ValueType>.BaseType
    ) throws {
        map(&value) { element in
            var decoder = self
            decoder.attend(to: element)
            var decoded: ValueType.BaseType?
            try? ValueType.decodeSingular(value: &decoded, from: &decoder)
            return decoded
        }
    }
    mutating func decodeMapField<KeyType, ValueType>(
        fieldType: _ProtobufEnumMap<KeyType, ValueType>.Type,
        value: inout _ProtobufEnumMap<KeyType, ValueType>.BaseType
    ) throws where ValueType.RawValue == Int {
        map(&value) { $0.enumNumber(typeName).flatMap { ValueType(rawValue: $0) } }
    }
    mutating func decodeMapField<KeyType, ValueType>(
        fieldType: _ProtobufMessageMap<KeyType, ValueType>.Type,
        value: inout _ProtobufMessageMap<KeyType, ValueType>.BaseType
    ) throws {
        map(&value) { message(ValueType.self, over: nil, $0) }
    }

    // The API is proto3: it has neither groups nor extensions.
    mutating func decodeSingularGroupField<G: Message>(value: inout G?) throws {}
    mutating func decodeRepeatedGroupField<G: Message>(value: inout [G]) throws {}
    mutating func decodeExtensionField(
        values: inout ExtensionFieldValueSet,
        messageType: any Message.Type,
        fieldNumber: Int
    ) throws {}
}
