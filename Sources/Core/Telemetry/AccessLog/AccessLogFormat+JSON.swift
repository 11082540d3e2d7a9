import Model

extension AccessLogFormat {
    /// Nested objects and lists at most; what a file says must not decide how deep we recurse.
    private static let depthMax = 32

    mutating func add(
        _ shape: AccessLogConfiguration.JSONShape,
        member: String,
        depth: Int
    ) throws(AccessLogFormatFailure) {
        if depth > Self.depthMax {
            throw AccessLogFormatFailure(
                position: 0,
                member: member,
                message: "nested deeper than \(Self.depthMax)",
                hint: ""
            )
        }
        switch shape {
        case .text(let text): try add(text: Array(text.utf8), member: member)
        case .literal(let text): try add(scalar: text, member: member)
        case .list(let elements):
            addLiteral([0x5b])
            for (index, element) in elements.enumerated() {
                if index > 0 { addLiteral([0x2c]) }
                try add(element, member: "\(member)[\(index)]", depth: depth + 1)
            }
            addLiteral([0x5d])
        case .object(let members):
            try add(members, member: member, depth: depth)
        }
    }

    private mutating func add(
        _ members: [(name: String, value: AccessLogConfiguration.JSONShape)],
        member: String,
        depth: Int
    ) throws(AccessLogFormatFailure) {
        var seen: Set<String> = []
        addLiteral([0x7b])
        for (index, (name, value)) in members.enumerated() {
            let path = member.isEmpty ? name : "\(member).\(name)"
            if !seen.insert(name).inserted {
                throw AccessLogFormatFailure(
                    position: 0,
                    member: path,
                    message: "the member is there twice",
                    hint: ""
                )
            }
            if index > 0 { addLiteral([0x2c]) }
            addLiteral(Array("\(JSONText.string(name)):".utf8))
            try add(value, member: path, depth: depth + 1)
        }
        addLiteral([0x7d])
    }

    /// One operator alone keeps its type; anything else becomes a string.
    private mutating func add(
        text: [UInt8],
        member: String
    ) throws(AccessLogFormatFailure) {
        do {
            let pieces = try FormatParser.parse(text)
            if pieces.count == 1, case .operation = pieces[0] {
                return try add(pieces[0], style: .jsonValue)
            }
            addLiteral([0x22])
            for piece in pieces { try add(piece, style: .jsonPart) }
            addLiteral([0x22])
        } catch {
            throw AccessLogFormatFailure(
                position: error.position,
                member: member,
                message: error.message,
                hint: error.hint
            )
        }
    }

    private mutating func add(
        scalar text: String,
        member: String
    ) throws(AccessLogFormatFailure) {
        let isWord = ["true", "false", "null"].contains(text)
        guard isWord || JSONText.isNumber(Array(text.utf8)) else {
            throw AccessLogFormatFailure(
                position: 0,
                member: member,
                message: "\(text) is no JSON value",
                hint: "a string, a number, true, false or null"
            )
        }
        addLiteral(Array(text.utf8))
    }
}

extension JSONText {
    /// Bytes as they stand inside of the quotes.
    static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        let line = LineBuffer(capacity: bytes.count + 16)
        line.append(jsonEscaping: bytes.span)
        return line.copy()
    }

    /// RFC 8259 section 6.
    static func isNumber(_ text: [UInt8]) -> Bool {
        var index = 0
        func digits() -> Int {
            let start = index
            while index < text.count, text[index].isASCIIDigit { index += 1 }
            return index - start
        }
        if index < text.count, text[index] == 0x2d { index += 1 }
        let first = index
        let whole = digits()
        if whole == 0 || (whole > 1 && text[first] == 0x30) { return false }
        if index < text.count, text[index] == 0x2e {
            index += 1
            if digits() == 0 { return false }
        }
        if index < text.count, text[index] | 0x20 == 0x65 {
            index += 1
            if index < text.count, text[index] == 0x2b || text[index] == 0x2d { index += 1 }
            if digits() == 0 { return false }
        }
        return index == text.count
    }
}
