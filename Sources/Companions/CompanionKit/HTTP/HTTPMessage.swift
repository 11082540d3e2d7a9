/// A request that a companion makes.
package struct HTTPRequest: Sendable {
    package var method: String
    /// Path and query, percent-encoded as it goes out.
    package var path: String
    /// Without Host, Content-Length and Connection, which the client writes.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        method: String,
        path: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }
}

/// The answer to it.
package struct HTTPResponse: Sendable {
    package var status: Int
    /// Names in lower case.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// The body was longer than what was kept of it.
    package var isCut: Bool

    package init(
        status: Int,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        isCut: Bool = false
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.isCut = isCut
    }

    /// The first value of a field; `name` in lower case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// `Retry-After` in seconds; a date counts as none.
    package var retryAfter: Duration? {
        guard let text = header("retry-after"), let seconds = Int64(text), seconds >= 0 else {
            return nil
        }
        return .seconds(min(seconds, 86_400))
    }

    /// The begin of the body on one line, for messages.
    package func excerpt(_ count: Int = 200) -> String {
        let text = String(decoding: body.prefix(count), as: UTF8.self)
        let plain = String(text.unicodeScalars.map { $0.value < 0x20 ? " " : Character($0) })
        return plain.split(separator: " ").joined(separator: " ")
    }
}

/// Where a server is: `https://host:9200/base`.
package struct HTTPEndpoint: Sendable, Equatable {
    package var isTLS: Bool
    /// Without brackets.
    package var host: String
    package var port: Int
    /// Without a slash at the end; may be empty, and may have a query.
    package var basePath: String
    /// Path and query as they stand in the URL; at least a slash.
    package var exactPath: String

    /// nil for what is no http or https URL.
    package init?(_ url: String) {
        let rest: Substring
        if url.hasPrefix("https://") {
            isTLS = true
            rest = url.dropFirst(8)
        } else if url.hasPrefix("http://") {
            isTLS = false
            rest = url.dropFirst(7)
        } else {
            return nil
        }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.isEmpty, !authority.contains("@"),
            rest.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f })
        else { return nil }
        var path = rest[end...]
        if path.first != "/" { path = "/" + path }
        exactPath = String(path)
        if !path.contains("?") {
            while path.last == "/" { path = path.dropLast() }
        }
        basePath = String(path)
        port = isTLS ? 443 : 80
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<close])
            let after = authority[authority.index(after: close)...]
            if !after.isEmpty {
                guard after.first == ":", let number = Self.port(after.dropFirst()) else {
                    return nil
                }
                port = number
            }
        } else if let colon = authority.firstIndex(of: ":") {
            host = String(authority[..<colon])
            guard let number = Self.port(authority[authority.index(after: colon)...]) else {
                return nil
            }
            port = number
        } else {
            host = String(authority)
        }
        guard !host.isEmpty else { return nil }
    }

    private static func port(_ text: Substring) -> Int? {
        guard text.utf8.count <= 5, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let number = Int(text), (1...65_535).contains(number)
        else { return nil }
        return number
    }

    /// As it stands in `Host`.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }
}
