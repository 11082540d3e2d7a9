/// Addresses of backends, put together of what files say about them in pieces.
enum FluentAddress {
    /// `host:port`, with brackets around an IPv6 address.
    static func join(_ host: String, _ port: Int) -> String {
        "\(bracketed(host)):\(port)"
    }

    private static func bracketed(_ host: String) -> String {
        host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
    }

    static func url(scheme: String, host: String, port: Int, path: String) -> String {
        "\(scheme)://\(join(host, port))" + slashed(path)
    }

    /// A path with a slash before it and none after it; empty stays empty.
    static func slashed(_ path: String) -> String {
        var path = path
        while path.hasSuffix("/") { path.removeLast() }
        return path.isEmpty || path.hasPrefix("/") ? path : "/" + path
    }

    /// A URL without what it says about the user.
    struct Target {
        var url: String
        var user: String?
        var password: String?
    }

    /// Takes an address apart that may lack its scheme and its port, which are then added.
    ///
    /// `https://user:password@host:port/path`, `host:port` or `host`; nil where it is no address.
    static func target(_ text: String, scheme: String, port: Int, path: String) -> Target? {
        var rest = Substring(text)
        var scheme = scheme
        var hasScheme = false
        for known in ["http", "https"] where rest.lowercased().hasPrefix(known + "://") {
            scheme = known
            rest = rest.dropFirst(known.count + 3)
            hasScheme = true
        }
        guard !rest.contains("://"), !rest.contains(where: { $0 == " " || $0 == "\t" }) else {
            return nil
        }
        var target = Target(url: "")
        var ownPath = path
        if let slash = rest.firstIndex(of: "/") {
            if rest.index(after: slash) != rest.endIndex { ownPath = String(rest[slash...]) }
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            let user = rest[..<at]
            if let colon = user.firstIndex(of: ":") {
                target.user = unescaped(user[..<colon])
                target.password = unescaped(user[user.index(after: colon)...])
            } else {
                target.user = unescaped(user)
                target.password = ""
            }
            rest = rest[rest.index(after: at)...]
        }
        guard let (host, own) = split(String(rest)) else { return nil }
        let standard = hasScheme ? (scheme == "https" ? 443 : 80) : port
        // A URL without a port has that of the parameter `port` in fluentd's plugins.
        target.url = url(
            scheme: scheme,
            host: host,
            port: own ?? (hasScheme && port == 9200 ? port : standard),
            path: ownPath
        )
        return target
    }

    /// `host:port` or `host`; nil where it is neither.
    static func split(_ text: String) -> (host: String, port: Int?)? {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            if rest.isEmpty { return host.isEmpty ? nil : (host, nil) }
            guard rest.hasPrefix(":"), let port = port(rest.dropFirst()) else { return nil }
            return (host, port)
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count > 2, text.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) {
            return (text, nil)
        }
        guard let first = parts.first, !first.isEmpty, parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return (String(first), nil) }
        guard let port = port(parts[1]) else { return nil }
        return (String(first), port)
    }

    private static func port(_ text: Substring) -> Int? {
        guard let port = UInt16(text), port > 0, !text.hasPrefix("+") else { return nil }
        return Int(port)
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        let source = Array(text.utf8)
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "%"), index + 2 < source.count,
                let value = UInt8(
                    String(decoding: source[index + 1...index + 2], as: UTF8.self),
                    radix: 16
                )
            {
                bytes.append(value)
                index += 3
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
