import Model

/// A part of a format text.
enum FormatPiece: Sendable {
    case literal([UInt8])
    case operation(OperatorUse)
}

/// Reads `literal %OPERATOR(ARGUMENT):LENGTH% literal`.
enum FormatParser {
    static func parse(_ text: [UInt8]) throws(AccessLogFormatFailure) -> [FormatPiece] {
        var pieces: [FormatPiece] = []
        var literal: [UInt8] = []
        var index = 0
        while index < text.count {
            guard text[index] == 0x25 else {
                literal.append(text[index])
                index += 1
                continue
            }
            if index + 1 < text.count, text[index + 1] == 0x25 {
                literal.append(0x25)
                index += 2
                continue
            }
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = []
            let (use, end) = try operation(text, at: index)
            pieces.append(.operation(use))
            index = end
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        return pieces
    }

    /// The operator that begins at `start`, and the position behind it.
    private static func operation(
        _ text: [UInt8],
        at start: Int
    ) throws(AccessLogFormatFailure) -> (OperatorUse, Int) {
        var index = start + 1
        while index < text.count, isNameByte(text[index]) { index += 1 }
        let name = String(decoding: text[(start + 1)..<index], as: UTF8.self)
        let unterminated = AccessLogFormatFailure(
            position: start,
            member: "",
            message: "an operator without its closing %",
            hint: "write %% for a percent sign"
        )
        guard index < text.count, !name.isEmpty else { throw unterminated }
        var argument: [UInt8]?
        if text[index] == 0x28 {
            // The argument may hold percent signs and parentheses (a time format): it ends at the
            // first parenthesis behind which the operator can end.
            guard let end = endOfArgument(text, from: index + 1) else { throw unterminated }
            argument = Array(text[(index + 1)..<end])
            index = end + 1
        }
        var limit: Int?
        if index < text.count, text[index] == 0x3a {
            let end = endOfDigits(text, from: index + 1)
            let digits = Array(text[(index + 1)..<end])
            guard let value = digits.span.decimal(limit: 1 << 20) else {
                throw AccessLogFormatFailure(
                    position: index,
                    member: "",
                    message: "a length must be a number",
                    hint: "%\(name)(…):100%, at most 1048576"
                )
            }
            limit = value
            index = end
        }
        guard index < text.count, text[index] == 0x25 else { throw unterminated }
        let known = try find(name, at: start)
        let use = OperatorUse(operation: known, argument: argument, limit: limit, position: start)
        try use.check()
        return (use, index + 1)
    }

    private static func endOfArgument(_ text: [UInt8], from start: Int) -> Int? {
        var index = start
        while index < text.count {
            if text[index] == 0x29 {
                var next = index + 1
                if next < text.count, text[next] == 0x3a {
                    next = endOfDigits(text, from: next + 1)
                }
                if next < text.count, text[next] == 0x25 { return index }
            }
            index += 1
        }
        return nil
    }

    private static func endOfDigits(_ text: [UInt8], from start: Int) -> Int {
        var index = start
        while index < text.count, text[index].isASCIIDigit { index += 1 }
        return index
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte == 0x5f || byte.isASCIIDigit || byte.asciiLowercased &- 0x61 < 26
    }

    private static func find(
        _ name: String,
        at position: Int
    ) throws(AccessLogFormatFailure) -> OperatorName {
        if let known = OperatorName.all.first(where: { $0.name == name }) {
            if known.code != .unsupported { return known }
            throw AccessLogFormatFailure(
                position: position,
                member: "",
                message: "%\(name)% is not supported yet",
                hint: ""
            )
        }
        let wanted = Array(name.utf8.map(\.asciiUppercased))
        let nearest = OperatorName.all
            .filter { $0.code != .unsupported }
            .map { (name: $0.name, distance: editDistance(wanted, Array($0.name.utf8))) }
            .min { $0.distance < $1.distance }
        var hint = "docs/reference/access-log.md lists the operators"
        if let nearest, nearest.distance <= max(2, wanted.count / 3) {
            hint = "did you mean %\(nearest.name)%?"
        }
        throw AccessLogFormatFailure(
            position: position,
            member: "",
            message: "unknown operator %\(name)%",
            hint: hint
        )
    }

    /// Levenshtein's distance, of names up to 64 bytes.
    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        if left.count > 64 || right.count > 64 { return .max }
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let change = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(change, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}

extension UInt8 {
    fileprivate var asciiUppercased: UInt8 { self &- 0x61 < 26 ? self & 0xdf : self }
}
