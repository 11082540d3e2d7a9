/// Goes through the bytes of a fluentd file, token by token.
struct FluentdScanner {
    /// Where a text without quotes ends.
    enum Boundary { case lineEnd, spacing, tagEnd }

    /// A value and the environment variables that it wants and that are not set.
    struct Literal {
        var value: FluentValue
        var unset: [String] = []
    }

    let bytes: [UInt8]
    let file: String
    private(set) var position = 0
    /// Where each line begins.
    private let lines: [Int]

    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
        var lines = [0]
        for (index, byte) in bytes.enumerated() where byte == 0x0a { lines.append(index + 1) }
        self.lines = lines
        // A byte order mark is no part of the first name.
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
    }

    var isAtEnd: Bool { position >= bytes.count }

    private func byte(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    // MARK: - Places

    var place: ConfigurationPlace { place(of: position) }

    private func place(of position: Int) -> ConfigurationPlace {
        var low = 0
        var high = lines.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lines[middle] <= position { low = middle } else { high = middle }
        }
        return ConfigurationPlace(
            file: file,
            line: low + 1,
            column: position - lines[low] + 1
        )
    }

    func failure(
        _ what: String,
        at place: ConfigurationPlace? = nil,
        hint: String? = nil
    ) -> LogConfigurationFailure {
        LogConfigurationFailure(place: place ?? self.place, what: what, hint: hint)
    }

    // MARK: - Spaces

    mutating func skip(_ text: StaticString) -> Bool {
        let wanted = Array("\(text)".utf8)
        guard position + wanted.count <= bytes.count,
            bytes[position..<position + wanted.count].elementsEqual(wanted)
        else { return false }
        position += wanted.count
        return true
    }

    /// Spaces, line ends and comments.
    mutating func skipSpacing() {
        while let byte = byte() {
            if byte == UInt8(ascii: "#") {
                while let byte = self.byte(), !byte.endsFluentLine { position += 1 }
            } else if byte.isFluentSpace {
                position += 1
            } else {
                return
            }
        }
    }

    /// Spaces and line ends; true where a line end was among them.
    mutating func skipSpacingWithoutComment() -> Bool {
        var found = false
        while let byte = byte(), byte.isFluentSpace {
            if byte == 0x0a { found = true }
            position += 1
        }
        return found
    }

    /// The rest of a line where nothing but a comment stands in it, and the empty lines after it.
    mutating func skipLineEnd() -> Bool {
        guard let end = lineEnd(at: position) else { return false }
        position = end
        while !isAtEnd, let end = lineEnd(at: position), end > position { position = end }
        return true
    }

    /// After the line end that begins at a position (spaces and a comment before it), or nil.
    private func lineEnd(at start: Int) -> Int? {
        var index = start
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
        if index < bytes.count, bytes[index] == UInt8(ascii: "#") {
            while index < bytes.count, !bytes[index].endsFluentLine { index += 1 }
        }
        if index >= bytes.count { return bytes.count }
        guard bytes[index].endsFluentLine else { return nil }
        return index + 1
    }

    /// Whether only spaces stand before a `>`, line ends and comments among them.
    private func isTagEnd(at start: Int) -> Bool {
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: ">") { return true }
            guard byte == 0x20 || byte == 0x09 else { return byte.endsFluentLine }
            index += 1
        }
        return true
    }

    // MARK: - Words

    mutating func elementName() -> String? {
        let start = position
        while let byte = byte(), byte.isFluentNameByte { position += 1 }
        return start == position
            ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// A value: JSON, quoted, or the rest of the line.
    mutating func literal(
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) -> Literal {
        switch byte() {
        case UInt8(ascii: "["), UInt8(ascii: "{"): return try json(environment: environment)
        default: return try string(until: .lineEnd, environment: environment)
        }
    }

    mutating func string(
        until boundary: Boundary,
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) -> Literal {
        switch byte() {
        case UInt8(ascii: "\""):
            position += 1
            return try doubleQuoted(environment: environment)
        case UInt8(ascii: "'"):
            position += 1
            return try singleQuoted()
        default: return bare(until: boundary)
        }
    }

    private mutating func bare(until boundary: Boundary) -> Literal {
        let start = position
        // Runs of spaces are looked through once only.
        var solid = start
        while let byte = byte(), !byte.endsFluentLine {
            let isEnd: Bool
            switch boundary {
            case .lineEnd:
                isEnd =
                    position >= solid && (byte == 0x20 || byte == 0x09)
                    && lineEnd(at: position) != nil
            case .spacing: isEnd = byte == 0x20 || byte == 0x09
            case .tagEnd:
                isEnd =
                    (byte == UInt8(ascii: ">"))
                    || (position >= solid && (byte == 0x20 || byte == 0x09)
                        && isTagEnd(at: position))
            }
            if isEnd { break }
            if position >= solid {
                solid = position
                while solid < bytes.count, bytes[solid] == 0x20 || bytes[solid] == 0x09 {
                    solid += 1
                }
            }
            position += 1
        }
        return Literal(value: .text(String(decoding: bytes[start..<position], as: UTF8.self)))
    }

    private mutating func singleQuoted() throws(LogConfigurationFailure) -> Literal {
        let begin = place(of: position - 1)
        var text: [UInt8] = []
        while let byte = byte(), byte != 0x0a {
            position += 1
            if byte == UInt8(ascii: "'") {
                return Literal(value: .text(String(decoding: text, as: UTF8.self)))
            }
            if byte == UInt8(ascii: "\\"), let next = self.byte(),
                next == UInt8(ascii: "'") || next == UInt8(ascii: "\\")
            {
                position += 1
                text.append(next)
            } else {
                text.append(byte)
            }
        }
        throw failure("the text in single quotes does not end in its line", at: begin)
    }

    private mutating func doubleQuoted(
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) -> Literal {
        let begin = place(of: position - 1)
        var text: [UInt8] = []
        var literal = Literal(value: .text(""))
        var special: FluentValue?
        while let byte = byte() {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                literal.value = special ?? .text(String(decoding: text, as: UTF8.self))
                return literal
            case UInt8(ascii: "\\"):
                guard let escape = self.byte() else { break }
                let place = place(of: position - 1)
                position += 1
                // A backslash at the end of a line joins the lines.
                if escape == 0x0a { continue }
                if escape == 0x0d {
                    if self.byte() == 0x0a { position += 1 }
                    continue
                }
                text.append(try unescaped(escape, at: place))
            case UInt8(ascii: "#") where self.byte() == UInt8(ascii: "{"):
                switch try embedded(environment: environment, unset: &literal.unset) {
                case .text(let more): text.append(contentsOf: more.utf8)
                case .nothing: special = .nothing
                default: if special == nil { special = .standard }
                }
            default: text.append(byte)
            }
        }
        throw failure("the text in double quotes does not end", at: begin)
    }

    private func unescaped(
        _ escape: UInt8,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> UInt8 {
        switch escape {
        case UInt8(ascii: "r"): return 0x0d
        case UInt8(ascii: "n"): return 0x0a
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "f"): return 0x0c
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "0"): return 0
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a:
            let shown = String(decoding: [escape], as: UTF8.self)
            throw failure(
                "\\\(shown) is no escape in double quotes",
                at: place,
                hint: "write \\\\\(shown), or use single quotes"
            )
        default: return escape
        }
    }

    // MARK: - Ruby

    /// Reads `{…}` after the `#` and says what it comes to.
    private mutating func embedded(
        environment: FluentEnvironment,
        unset: inout [String]
    ) throws(LogConfigurationFailure) -> FluentValue {
        let begin = place(of: position - 1)
        position += 1
        let start = position
        var depth = 1
        var quote: UInt8?
        while let byte = byte() {
            if let open = quote {
                if byte == UInt8(ascii: "\\") { position += 1 }
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: "{") {
                depth += 1
            } else if byte == UInt8(ascii: "}") {
                depth -= 1
                if depth == 0 { break }
            }
            position += 1
        }
        guard depth == 0, position < bytes.count else {
            throw failure("#{ is not followed by its }", at: begin)
        }
        let code = String(decoding: bytes[start..<position], as: UTF8.self)
        position += 1
        return try FluentdExpression.value(
            of: code,
            at: begin,
            environment: environment,
            unset: &unset
        )
    }

    // MARK: - JSON

    private mutating func json(
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) -> Literal {
        let begin = place
        var literal = Literal(value: .text(""))
        var text: [UInt8] = []
        var depth = 0
        var isQuoted = false
        while let byte = byte() {
            if byte == UInt8(ascii: "#") {
                if !isQuoted {
                    while let byte = self.byte(), byte != 0x0a { position += 1 }
                    continue
                }
                if self.byte(1) == UInt8(ascii: "{") {
                    position += 1
                    let value = try embedded(environment: environment, unset: &literal.unset)
                    if case .text(let more) = value {
                        text.append(contentsOf: FluentJSON.quoted(more).utf8.dropFirst().dropLast())
                    }
                    continue
                }
            }
            position += 1
            text.append(byte)
            if isQuoted {
                if byte == UInt8(ascii: "\\"), let next = self.byte() {
                    position += 1
                    text.append(next)
                } else if byte == UInt8(ascii: "\"") {
                    isQuoted = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isQuoted = true
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
            if depth == 0 {
                guard let value = FluentJSON(String(decoding: text, as: UTF8.self)) else {
                    throw failure("the JSON value is not valid", at: begin)
                }
                literal.value = .text(value.text)
                return literal
            }
        }
        throw failure("the JSON value does not end", at: begin)
    }
}

extension UInt8 {
    fileprivate var isFluentSpace: Bool {
        self == 0x20 || self == 0x09 || self == 0x0a || self == 0x0d
    }
    fileprivate var endsFluentLine: Bool { self == 0x0a || self == 0x0d }
    fileprivate var isFluentNameByte: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "_"): return true
        default: return false
        }
    }
}
