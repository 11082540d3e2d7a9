package import Model

/// A request to one of the process's own pages, whole, as plain values: these are not the hot path.
package struct LocalRequest: Sendable {
    package var method: String
    /// Without the query, percent escapes as they came.
    package var path: String
    /// Split at `&` and the first `=`, percent-decoded.
    package var query: [(name: String, value: String)]
    package var headers: [(name: String, value: String)]
    /// The body's first bytes, up to the server's limit.
    package var body: [UInt8]
    /// The size of the whole body.
    package var bodyCount: UInt64
    package var peer: SocketAddress
    package var minorVersion: UInt8

    /// The value of the first parameter with this name.
    package func parameter(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }
}

/// An answer from one of the process's own pages.
package struct LocalResponse: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// So many bytes of a pattern, made as they are sent.
        case generated(UInt64)
        /// Pieces with pauses of so many milliseconds between them, as chunks.
        case paced(pieces: [[UInt8]], milliseconds: Int64)
    }
    package var status: UInt16
    package var contentType: String
    package var headers: [(name: String, value: String)]
    package var body: Body
    /// Waits for so long before anything is sent.
    package var delayMilliseconds: Int64 = 0
    /// Closes the connection after the response.
    package var closes = false
    /// Breaks the connection instead of answering.
    package var resets = false

    package init(
        _ status: UInt16 = 200,
        contentType: String = "text/plain; charset=UTF-8",
        headers: [(name: String, value: String)] = [],
        _ text: String = ""
    ) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = .bytes(Array(text.utf8))
    }
}
