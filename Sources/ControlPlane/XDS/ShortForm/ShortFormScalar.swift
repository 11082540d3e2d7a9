internal import Document
internal import Model

/// Reads one scalar of the short form.
struct ShortFormScalar {
    let decoding: Decoding
    let place: SourceMap.Place
    let node: Node

    func read(_ kind: ShortFormKind) -> ShortFormValue.Content? {
        guard case .scalar(let text, let isPlain) = node.content, !node.isNull else {
            refuse(
                "\(Self.noun(kind)) is expected, \(node.kindInWords) was found",
                Self.example(kind)
            )
            return nil
        }
        switch kind {
        case .text(let rule): return self.text(text, rule)
        case .integer(let range): return integer(text, range)
        case .boolean: return boolean(text, isPlain: isPlain)
        case .duration(let range): return duration(text, range)
        case .percent: return percent(text)
        case .size(let range): return size(text, range)
        case .word(let words): return word(text, words)
        case .listen(let host): return listen(text, host: host)
        case .destination: return destination(text)
        case .object, .map, .list, .oneOrMany, .byShape: return nil
        }
    }

    private func refuse(_ what: String, _ hint: String) {
        decoding.refuse(place, node.position, what, hint: hint)
    }

    // MARK: - Texts and numbers

    private func text(_ text: String, _ rule: TextRule) -> ShortFormValue.Content? {
        guard rule.matches(text) else {
            refuse("\(quoted(text)) is not \(rule.noun)", rule.hint)
            return nil
        }
        return .text(text)
    }

    private func integer(_ text: String, _ range: ClosedRange<Int64>) -> ShortFormValue.Content? {
        let digits = text.hasPrefix("-") ? text.dropFirst() : Substring(text)
        guard ScalarText.isDigits(digits) else {
            refuse("\(quoted(text)) is not a whole number", "write digits only")
            return nil
        }
        guard let value = Int64(text), range.contains(value) else {
            refuse(
                "\(Self.shortened(text)) is out of range",
                "from \(range.lowerBound) to \(range.upperBound)"
            )
            return nil
        }
        return .integer(value)
    }

    private func boolean(_ text: String, isPlain: Bool) -> ShortFormValue.Content? {
        if text == "true" { return .boolean(true) }
        if text == "false" { return .boolean(false) }
        refuse("\(quoted(text)) is not a boolean", "write true or false")
        return nil
    }

    private func duration(_ text: String, _ range: ClosedRange<Int64>) -> ShortFormValue.Content? {
        guard let value = ShortFormUnits.nanoseconds(text) else {
            refuse(
                "\(quoted(text)) is not a duration",
                ScalarText.isNumber(text) && !text.hasPrefix("-")
                    ? "write the unit too, such as \(Self.shortened(text))s or "
                        + "\(Self.shortened(text))ms" : "such as 500ms, 2s or 1m30s"
            )
            return nil
        }
        guard range.contains(value) else {
            refuse(
                "\(Self.shortened(text)) is out of range",
                "from \(ShortFormUnits.duration(range.lowerBound)) to "
                    + ShortFormUnits.duration(range.upperBound)
            )
            return nil
        }
        return .nanoseconds(value)
    }

    private func percent(_ text: String) -> ShortFormValue.Content? {
        let number = text.hasSuffix("%") ? String(text.dropLast()) : text
        guard let value = ScalarText.double(number) else {
            refuse("\(quoted(text)) is not a percentage", "such as 20%")
            return nil
        }
        guard value >= 0, value <= 100 else {
            refuse("\(Self.shortened(text)) is out of range", "from 0% to 100%")
            return nil
        }
        return .percent(value)
    }

    private func size(_ text: String, _ range: ClosedRange<Int64>) -> ShortFormValue.Content? {
        guard let value = ShortFormUnits.bytes(text) else {
            refuse("\(quoted(text)) is not a size", "such as 4096, 64KiB or 1MiB")
            return nil
        }
        guard range.contains(value) else {
            refuse(
                "\(Self.shortened(text)) is out of range",
                "from \(ShortFormUnits.size(range.lowerBound)) to "
                    + ShortFormUnits.size(range.upperBound)
            )
            return nil
        }
        return .bytes(value)
    }

    private func word(_ text: String, _ words: [String]) -> ShortFormValue.Content? {
        guard words.contains(text) else {
            let list = words.joined(separator: ", ")
            refuse(
                "\(quoted(text)) is not a known value",
                didYouMean(
                    text,
                    among: words,
                    otherwise: words.count == 1 ? "write \(list)" : "known values: \(list)"
                )
            )
            return nil
        }
        return .text(text)
    }

    // MARK: - Addresses

    private func listen(_ text: String, host: String) -> ShortFormValue.Content? {
        guard let (name, port) = hostAndPort(text, host: host) else { return nil }
        guard let address = SocketAddress(literal: name, port: port) else {
            refuse(
                "\(quoted(name)) is not an IP address",
                "PORT or ADDRESS:PORT, such as 127.0.0.1:8080"
            )
            return nil
        }
        return .address(address)
    }

    private func destination(_ text: String) -> ShortFormValue.Content? {
        guard let (host, port) = hostAndPort(text, host: nil) else { return nil }
        if SocketAddress(literal: host, port: port) != nil {
            return .destination(host: host, port: port, isLiteral: true)
        }
        // A name of digits and dots was meant as an address, and DNS would be asked for it forever.
        let isNumeric = host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || $0.isASCIIDigit }
        guard TextRule.host.matches(host), !isNumeric, !host.contains("*") else {
            refuse(
                "\(quoted(host)) is neither an IP address nor a host name",
                "HOST:PORT, such as payments.shop.svc:8080 or 10.0.0.1:8080"
            )
            return nil
        }
        return .destination(host: host, port: port, isLiteral: false)
    }

    /// The two parts of `HOST:PORT` or `[V6]:PORT`; `host` where there is only a port.
    private func hostAndPort(_ text: String, host: String?) -> (String, UInt16)? {
        let example = host == nil ? "HOST:PORT, such as payments:8080" : "PORT or ADDRESS:PORT"
        if text.contains("://") {
            refuse("\(quoted(text)) is a URL", example)
            return nil
        }
        guard let colon = text.lastIndex(of: ":") else {
            guard let host else {
                refuse("\(quoted(text)) has no port", example)
                return nil
            }
            return portNumber(text[...], example).map { (host, $0) }
        }
        var name = String(text[..<colon])
        if name.hasPrefix("["), name.hasSuffix("]") {
            name = String(name.dropFirst().dropLast())
        } else if name.contains(":") {
            refuse("\(quoted(text)) has no port", "write [ADDRESS]:PORT, such as [::1]:8080")
            return nil
        }
        if name == "localhost" { name = "127.0.0.1" }
        return portNumber(text[colon...].dropFirst(), example).map { (name, $0) }
    }

    private func portNumber(_ text: Substring, _ example: String) -> UInt16? {
        guard ScalarText.isDigits(text) else {
            refuse("\(quoted(String(text))) is not a port", example)
            return nil
        }
        guard let port = UInt16(text), port > 0 else {
            refuse("\(Self.shortened(String(text))) is not a port", "ports are 1 to 65535")
            return nil
        }
        return port
    }

    // MARK: - Words for kinds

    private static func shortened(_ text: String) -> String {
        text.count <= 40 ? text : text.prefix(40) + "…"
    }

    static func noun(_ kind: ShortFormKind) -> String {
        switch kind {
        case .text(let rule): rule.noun
        case .integer: "a whole number"
        case .boolean: "true or false"
        case .duration: "a duration"
        case .percent: "a percentage"
        case .size: "a size"
        case .word: "a word"
        case .listen: "PORT or ADDRESS:PORT"
        case .destination: "HOST:PORT"
        case .object, .map: "an object"
        case .list: "a list"
        case .oneOrMany(let kind, _): "\(noun(kind)), or a list of them"
        case .byShape(let object, let other): "\(noun(other)), or \(noun(object))"
        }
    }

    private static func example(_ kind: ShortFormKind) -> String {
        switch kind {
        case .text(let rule): rule.hint
        case .integer(let range): "from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "write true or false"
        case .duration: "such as 500ms, 2s or 1m30s"
        case .percent: "such as 20%"
        case .size: "such as 4096, 64KiB or 1MiB"
        case .word(let words): "known values: \(words.joined(separator: ", "))"
        case .listen: "such as 127.0.0.1:8080"
        case .destination: "such as payments:8080"
        case .object, .map, .list, .oneOrMany, .byShape: "see the reference of the short form"
        }
    }
}
