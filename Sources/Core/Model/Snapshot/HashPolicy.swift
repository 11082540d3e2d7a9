/// `RouteAction.HashPolicy`: one part of what consistent hashing looks at.
package struct HashPolicy: Sendable {
    package enum Source: Sendable {
        /// All values of the header; the expression rewrites each first.
        case header(
            ByteString,
            rewrite: (expression: any RegularExpression, substitution: ByteString)?
        )
        /// With a time to live, a cookie is made where the request has none.
        case cookie(Cookie)
        /// The client's address, without the port.
        case sourceIP
        case queryParameter(ByteString)
    }
    package struct Cookie: Sendable {
        package var name: ByteString
        /// Seconds; nil: never made; 0: for the session.
        package var ttlSeconds: Int64?
        package var path: ByteString
        /// `; SameSite=Strict` and the like, ready to be appended.
        package var attributes: ByteString

        package init(
            name: ByteString,
            ttlSeconds: Int64? = nil,
            path: ByteString = "",
            attributes: ByteString = ""
        ) {
            self.name = name
            self.ttlSeconds = ttlSeconds
            self.path = path
            self.attributes = attributes
        }
    }
    package var source: Source
    /// With a hash so far, the policies after this one are not asked.
    package var isTerminal: Bool

    package init(_ source: Source, isTerminal: Bool = false) {
        self.source = source
        self.isTerminal = isTerminal
    }
}
