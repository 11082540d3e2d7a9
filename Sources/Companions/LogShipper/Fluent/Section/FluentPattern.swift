internal import CRE2

/// Turns regular expressions of Ruby, which both programs use, into those of RE2.
enum FluentPattern {
    static let bytesMax = 64 << 10

    /// `/…/im`, or the expression alone; refused where RE2 can't do the same.
    static func convert(
        _ text: String,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> String {
        guard text.hasPrefix("/"), text.utf8.count > 1 else {
            return try convert(body: text, options: "", at: place)
        }
        guard let slash = text.lastIndex(of: "/"), slash != text.startIndex else {
            throw LogConfigurationFailure(
                place: place,
                what: "the expression \(fluentQuoted(text)) does not end with a slash"
            )
        }
        let options = String(text[text.index(after: slash)...])
        guard options.count <= 3, options.allSatisfy({ "imxno".contains($0) }) else {
            throw LogConfigurationFailure(
                place: place,
                what: "the expression \(fluentQuoted(text)) does not end with a slash",
                hint: "after it only the options i and m may stand"
            )
        }
        if options.contains("x") {
            throw LogConfigurationFailure(
                place: place,
                what: "the option x of an expression is not supported",
                hint: "write it without spaces and comments"
            )
        }
        return try convert(
            body: String(text[text.index(after: text.startIndex)..<slash]),
            options: options,
            at: place
        )
    }

    /// An expression without slashes around it.
    static func convert(
        body: String,
        options: String,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> String {
        guard body.utf8.count <= bytesMax else {
            throw LogConfigurationFailure(
                place: place,
                what: "the expression is longer than \(bytesMax >> 10) KiB"
            )
        }
        var converter = FluentPatternConverter(Array(body.utf8))
        let converted: [UInt8]
        switch converter.run() {
        case .success(let bytes): converted = bytes
        case .failure(let refusal):
            throw LogConfigurationFailure(
                place: place,
                what: "the expression \(fluentQuoted(body)) uses \(refusal.what)",
                hint: "expressions run in linear time here (RE2), which has none of it"
            )
        }
        // Ruby's ^ and $ are those of lines; its m is what elsewhere is called s.
        var flags = ""
        if options.contains("i") { flags += "i" }
        if converter.usesAnchors { flags += "m" }
        if options.contains("m") { flags += "s" }
        let pattern =
            (flags.isEmpty ? "" : "(?\(flags))") + String(decoding: converted, as: UTF8.self)
        try check(pattern, of: body, at: place)
        return pattern
    }

    private static func check(
        _ pattern: String,
        of body: String,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) {
        let bytes = Array(pattern.utf8)
        var failure = pillion_re2_failure()
        let compiled = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe pillion_re2_create(buffer.baseAddress, buffer.count, false, 8 << 20, &failure)
        }
        if unsafe compiled != nil {
            unsafe pillion_re2_destroy(compiled)
            return
        }
        let message = unsafe withUnsafeBytes(of: failure.message) { raw in
            unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        throw LogConfigurationFailure(
            place: place,
            what: "the expression \(fluentQuoted(body)) is not valid: \(message)"
        )
    }

    /// A text that stands for itself in an expression.
    static func escaped(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            if "\\.+*?()|[]{}^$".unicodeScalars.contains(scalar) { shown += "\\" }
            shown.unicodeScalars.append(scalar)
        }
        return shown
    }

    /// The texts that `^(a|b)$` matches, or nil where it is more than a choice of texts.
    static func literals(_ pattern: String) -> [String]? {
        var text = Substring(pattern)
        if text.hasPrefix("/"), text.hasSuffix("/"), text.count > 2 {
            text = text.dropFirst().dropLast()
        }
        for begin in ["^", "\\A"] where text.hasPrefix(begin) {
            text = text.dropFirst(begin.count)
            for end in ["$", "\\z", "\\Z"] where text.hasSuffix(end) {
                text = text.dropLast(end.count)
                if text.hasPrefix("("), text.hasSuffix(")") {
                    text = text.dropFirst(text.hasPrefix("(?:") ? 3 : 1).dropLast()
                }
                let words = text.split(separator: "|", omittingEmptySubsequences: false)
                guard words.allSatisfy({ !$0.contains { "\\.+*?()[]{}^$".contains($0) } }) else {
                    return nil
                }
                return words.map(String.init)
            }
        }
        return nil
    }
}

private struct FluentPatternRefusal: Error { var what: String }

private struct FluentPatternConverter {
    private let bytes: [UInt8]
    private var position = 0
    private var output: [UInt8] = []
    private(set) var usesAnchors = false

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private func next(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    private func starts(_ text: StaticString) -> Bool {
        let wanted = Array("\(text)".utf8)
        return position + wanted.count <= bytes.count
            && bytes[position..<position + wanted.count].elementsEqual(wanted)
    }

    mutating func run() -> Result<[UInt8], FluentPatternRefusal> {
        var classDepth = 0
        while let byte = next() {
            if byte == UInt8(ascii: "\\") {
                if let refusal = escape(isInClass: classDepth > 0) { return .failure(refusal) }
                continue
            }
            if classDepth > 0 {
                if starts("&&") { return refused("&& between sets of characters") }
                if starts("[:") {
                    // `[:alpha:]` up to its end.
                    while let byte = next() {
                        output.append(byte)
                        position += 1
                        if byte == UInt8(ascii: "]") { break }
                    }
                    continue
                }
                if byte == UInt8(ascii: "[") { return refused("a set of characters inside of one") }
                if byte == UInt8(ascii: "]") { classDepth = 0 }
                take()
                continue
            }
            switch byte {
            case UInt8(ascii: "["):
                classDepth = 1
                take()
                if next() == UInt8(ascii: "^") { take() }
                if next() == UInt8(ascii: "]") {
                    output.append(UInt8(ascii: "\\"))
                    take()
                }
            case UInt8(ascii: "("):
                if let refusal = group() { return .failure(refusal) }
            case UInt8(ascii: "^"), UInt8(ascii: "$"):
                usesAnchors = true
                take()
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
                take()
                if next() == UInt8(ascii: "+") { return refused("a possessive quantifier") }
            default: take()
            }
        }
        return .success(output)
    }

    private func refused(_ what: String) -> Result<[UInt8], FluentPatternRefusal> {
        .failure(FluentPatternRefusal(what: what))
    }

    private mutating func take() {
        output.append(bytes[position])
        position += 1
    }

    private mutating func add(_ text: StaticString, skipping count: Int) {
        output.append(contentsOf: "\(text)".utf8)
        position += count
    }

    private mutating func group() -> FluentPatternRefusal? {
        if starts("(?=") || starts("(?!") { return FluentPatternRefusal(what: "look-ahead") }
        if starts("(?<=") || starts("(?<!") { return FluentPatternRefusal(what: "look-behind") }
        if starts("(?>") { return FluentPatternRefusal(what: "an atomic group") }
        if starts("(?#") {
            while let byte = next(), byte != UInt8(ascii: ")") {
                _ = byte
                position += 1
            }
            position += 1
            return nil
        }
        if starts("(?<") {
            add("(?P<", skipping: 3)
        } else if starts("(?'") {
            return FluentPatternRefusal(what: "a name in quotes")
        } else {
            take()
        }
        return nil
    }

    private mutating func escape(isInClass: Bool) -> FluentPatternRefusal? {
        guard let byte = next(1) else {
            take()
            return nil
        }
        switch byte {
        case UInt8(ascii: "h"):
            isInClass ? add("0-9a-fA-F", skipping: 2) : add("[0-9a-fA-F]", skipping: 2)
        case UInt8(ascii: "H"):
            if isInClass { return FluentPatternRefusal(what: "\\H in a set of characters") }
            add("[^0-9a-fA-F]", skipping: 2)
        case UInt8(ascii: "Z"): add("\\n?\\z", skipping: 2)
        case UInt8(ascii: "R"): add("(?:\\r\\n|\\n|\\r)", skipping: 2)
        case UInt8(ascii: "e"): add("\\x1b", skipping: 2)
        case UInt8(ascii: "1")...UInt8(ascii: "9"), UInt8(ascii: "k"):
            return FluentPatternRefusal(what: "a back-reference")
        case UInt8(ascii: "G"), UInt8(ascii: "K"), UInt8(ascii: "g"), UInt8(ascii: "X"):
            return FluentPatternRefusal(what: "\\\(String(decoding: [byte], as: UTF8.self))")
        case UInt8(ascii: "_"), UInt8(ascii: " "), UInt8(ascii: "/"), UInt8(ascii: "\""),
            UInt8(ascii: "'"), UInt8(ascii: "<"), UInt8(ascii: ">"):
            position += 1
            take()
        default:
            take()
            take()
        }
        return nil
    }
}
