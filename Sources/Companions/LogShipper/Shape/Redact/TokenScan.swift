import Model

/// Keys and tokens that can be told by how they begin.
enum TokenScan {
    /// How a kind of token looks.
    private struct Kind {
        let begin: [UInt8]
        /// What may follow.
        let set: Set
        /// Bytes after the begin, at least.
        let least: Int
        /// The begin stays; only what follows goes.
        var keepsBegin = false
    }

    private enum Set {
        /// Letters and digits.
        case plain
        /// Capital letters and digits.
        case capitals
        /// With `_` and `-`.
        case url
        /// With `-`, `.`, `_`, `~`, `+`, `/` and `=`.
        case token68
    }

    private static let kinds: [Kind] = [
        kind("Bearer ", .token68, 8, keepsBegin: true),
        kind("bearer ", .token68, 8, keepsBegin: true),
        kind("BEARER ", .token68, 8, keepsBegin: true),
        kind("Basic ", .token68, 8, keepsBegin: true),
        kind("AKIA", .capitals, 16), kind("ASIA", .capitals, 16), kind("ghp_", .plain, 30),
        kind("gho_", .plain, 30), kind("ghu_", .plain, 30), kind("ghs_", .plain, 30),
        kind("ghr_", .plain, 30), kind("github_pat_", .url, 20), kind("glpat-", .url, 16),
        kind("xoxb-", .url, 10), kind("xoxp-", .url, 10), kind("xoxa-", .url, 10),
        kind("xoxr-", .url, 10), kind("xoxs-", .url, 10), kind("xoxe-", .url, 10),
        kind("xapp-", .url, 10), kind("sk_live_", .plain, 16), kind("rk_live_", .plain, 16),
        kind("sk-", .url, 32), kind("AIza", .url, 30), kind("hvs.", .url, 20),
        kind("npm_", .plain, 30),
    ]

    private static func kind(
        _ begin: String,
        _ set: Set,
        _ least: Int,
        keepsBegin: Bool = false
    ) -> Kind { Kind(begin: Array(begin.utf8), set: set, least: least, keepsBegin: keepsBegin) }

    private static let jsonWebToken = Array("eyJ".utf8)
    private static let keyBegin = Array("-----BEGIN ".utf8)
    private static let keyWords = Array("PRIVATE KEY".utf8)
    private static let keyEnd = Array("-----END ".utf8)

    /// For each byte the kinds that begin with it; nil for the other bytes.
    private static let byFirst: [[Kind]?] = {
        var byFirst = [[Kind]?](repeating: nil, count: 256)
        for kind in kinds {
            byFirst[Int(kind.begin[0])] = (byFirst[Int(kind.begin[0])] ?? []) + [kind]
        }
        for byte in [UInt8(ascii: "e"), 0x2d] where byFirst[Int(byte)] == nil {
            byFirst[Int(byte)] = []
        }
        return byFirst
    }()

    static func next(_ text: Span<UInt8>, _ from: Int) -> Range<Int>? {
        let byFirst = byFirst
        var index = from
        // The end of what no token can begin within.
        var passed = from
        // Tokens begin where a word does.
        var isInWord = from > 0 && isURL(text[from - 1])
        while index < text.count {
            let byte = text[index]
            let wasInWord = isInWord
            isInWord = isURL(byte)
            guard !wasInWord || byte == 0x2d, isInWord, index >= passed,
                let kinds = byFirst[Int(byte)]
            else {
                index += 1
                continue
            }
            let rest = text.extracting(index...)
            if text[index] == UInt8(ascii: "e"), rest.hasPrefix(jsonWebToken.span) {
                let (end, isToken) = webToken(text, index)
                if isToken { return index..<end }
                passed = end
            } else if text[index] == 0x2d, rest.hasPrefix(keyBegin.span), isPrivateKey(rest) {
                return index..<privateKey(text, index)
            } else if let found = plain(kinds, text, index, rest) {
                return found
            }
            index += 1
        }
        return nil
    }

    private static func plain(
        _ kinds: [Kind],
        _ text: Span<UInt8>,
        _ start: Int,
        _ rest: Span<UInt8>
    ) -> Range<Int>? {
        for kind in kinds where rest.hasPrefix(kind.begin.span) {
            let from = start + kind.begin.count
            var end = from
            while end < text.count, isIn(kind.set, text[end]) { end += 1 }
            if end - from >= kind.least { return (kind.keepsBegin ? from : start)..<end }
        }
        return nil
    }

    /// Three parts with dots between; where they end, and whether they are a token.
    private static func webToken(_ text: Span<UInt8>, _ start: Int) -> (Int, Bool) {
        var end = start
        for part in 0..<3 {
            let from = end
            while end < text.count, isURL(text[end]) { end += 1 }
            if end - from < (part == 2 ? 0 : 8) { return (end, false) }
            guard part < 2 else { break }
            guard end < text.count, text[end] == UInt8(ascii: ".") else { return (end, false) }
            end += 1
        }
        return (end, true)
    }

    /// Certificates begin like keys, and are no secrets.
    private static func isPrivateKey(_ text: Span<UInt8>) -> Bool {
        let words = keyWords
        for start in keyBegin.count..<max(keyBegin.count, min(text.count - words.count, 48))
        where text.extracting(start...).hasPrefix(words.span) { return true }
        return false
    }

    /// Up to the end of the last line of a key, or of the text.
    private static func privateKey(_ text: Span<UInt8>, _ start: Int) -> Int {
        let end = keyEnd
        var index = start + keyBegin.count
        while let dash = text.firstIndex(of: 0x2d, from: index) {
            if text.extracting(dash...).hasPrefix(end.span) {
                var stop = dash + end.count
                while stop < text.count, text[stop] != 0x2d, text[stop] != 0x0a { stop += 1 }
                while stop < text.count, text[stop] == 0x2d { stop += 1 }
                return stop
            }
            index = dash + 1
        }
        return text.count
    }

    private static func isURL(_ byte: UInt8) -> Bool {
        byte.isASCIIDigit || byte.asciiLowercased &- 0x61 < 26 || byte == 0x2d
            || byte == UInt8(ascii: "_")
    }

    private static func isIn(_ set: Set, _ byte: UInt8) -> Bool {
        switch set {
        case .plain: byte.isASCIIDigit || byte.asciiLowercased &- 0x61 < 26
        case .capitals: byte.isASCIIDigit || byte &- 0x41 < 26
        case .url: isURL(byte)
        case .token68:
            isURL(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "~")
                || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/") || byte == 0x3d
        }
    }
}
