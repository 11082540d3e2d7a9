import Model

/// A JSON value that keeps the order of its members, as the admin pages print it.
package indirect enum JSONValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int64)
    /// A number with a fraction; null where it is not finite, which JSON cannot say.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One member of an object.
    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: JSONValue

        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// A 64-bit number as the protobuf JSON mapping has it: in quotes, because readers keep numbers
    /// as doubles.
    package static func uint64(_ value: UInt64) -> JSONValue { .string("\(value)") }

    /// The text, with line breaks and one space for each level, and a line feed at its end.
    package var text: String {
        var bytes: [UInt8] = []
        append(to: &bytes, indentation: 0)
        bytes.append(0x0a)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func append(to bytes: inout [UInt8], indentation: Int) {
        switch self {
        case .null: bytes += "null".utf8
        case .boolean(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += "\(value)".utf8
        case .number(let value):
            bytes += (value.isFinite ? PlainText.number(value) : "null").utf8
        case .string(let value): Self.append(quoted: value, to: &bytes)
        case .array(let elements):
            bytes.append(0x5b)
            for (index, element) in elements.enumerated() {
                Self.startLine(isFirst: index == 0, indentation + 1, to: &bytes)
                element.append(to: &bytes, indentation: indentation + 1)
            }
            if !elements.isEmpty { Self.startLine(isFirst: true, indentation, to: &bytes) }
            bytes.append(0x5d)
        case .object(let members):
            bytes.append(0x7b)
            for (index, member) in members.enumerated() {
                Self.startLine(isFirst: index == 0, indentation + 1, to: &bytes)
                Self.append(quoted: member.name, to: &bytes)
                bytes += ": ".utf8
                member.value.append(to: &bytes, indentation: indentation + 1)
            }
            if !members.isEmpty { Self.startLine(isFirst: true, indentation, to: &bytes) }
            bytes.append(0x7d)
        }
    }

    private static func startLine(isFirst: Bool, _ indentation: Int, to bytes: inout [UInt8]) {
        if !isFirst { bytes.append(0x2c) }
        bytes.append(0x0a)
        for _ in 0..<indentation { bytes.append(0x20) }
    }

    /// RFC 8259 section 7: quotes, backslashes and control characters are escaped.
    private static func append(quoted text: String, to bytes: inout [UInt8]) {
        bytes.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5c: bytes += [0x5c, byte]
            case 0x0a: bytes += [0x5c, 0x6e]
            case 0x0d: bytes += [0x5c, 0x72]
            case 0x09: bytes += [0x5c, 0x74]
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += (digits.utf8.count == 1 ? "\\u000" : "\\u00").utf8
                bytes += digits.utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

extension JSONValue {
    /// A socket's address in the shape of `envoy.config.core.v3.Address`.
    static func address(_ address: SocketAddress) -> JSONValue {
        if let port = address.port {
            return [
                "socket_address": [
                    "address": .string(address.host), "port_value": .integer(Int64(port)),
                ]
            ]
        }
        return ["pipe": ["path": .string(address.host)]]
    }
}
