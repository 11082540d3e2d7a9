/// A condition on an exchange (`envoy.config.accesslog.v3.AccessLogFilter`), compiled.
///
/// Decides whether an access log has a line of it, and whether a mapper changes a local reply.
package indirect enum ExchangeFilter: Sendable {
    package enum Comparison: Sendable { case equal, greaterOrEqual, lessOrEqual, notEqual }

    case status(Comparison, UInt64)
    /// Milliseconds since the request began.
    case duration(Comparison, UInt64)
    /// True of all: no request is answered as a health check here.
    case notHealthCheck
    /// One of these is set; empty: any.
    case flags(ResponseFlags)
    /// Of the request.
    case header(HeaderMatcher)
    /// A share of the exchanges: by `x-request-id`, which other proxies share, or by chance.
    case share(numerator: UInt32, denominator: UInt32, isIndependent: Bool)
    /// One of the statuses of gRPC, each a bit by its number; where it excludes, none of them.
    case grpcStatus(UInt32, excludes: Bool)
    case all([ExchangeFilter])
    case any([ExchangeFilter])
}

/// A body with `%OPERATORS%`, compiled (`envoy.config.core.v3.SubstitutionFormatString`).
///
/// `Telemetry` makes them: the operators are those of access logs.
package protocol BodyFormat: AnyObject, Sendable {
    /// The bytes as they are sent; `%LOCAL_REPLY_BODY%` is `record.localReplyBody`.
    func body(of record: borrowing ExchangeRecord) -> [UInt8]
}

/// How the body of a local reply is made, and what it says that it is.
package struct LocalBodyFormat: Sendable {
    package var format: any BodyFormat
    /// The `content_type` that is given, or that of JSON; nil: a plain text.
    package var contentType: ByteString?
    /// The format is an object, whose text ends with a newline.
    package var isJSON: Bool

    package init(format: any BodyFormat, contentType: ByteString? = nil, isJSON: Bool = false) {
        self.format = format
        self.contentType = contentType
        self.isJSON = isJSON
    }
}

/// `LocalReplyConfig`, compiled: how the answers of the proxy itself look.
package final class LocalReplies: Sendable {
    /// `ResponseMapper`: a change of those answers that a condition holds for.
    package struct Mapper: Sendable {
        package var filter: ExchangeFilter
        package var status: UInt16?
        /// Instead of the words.
        package var body: [UInt8]?
        package var format: LocalBodyFormat?
        package var headers: HeaderOperations

        package init(
            filter: ExchangeFilter,
            status: UInt16? = nil,
            body: [UInt8]? = nil,
            format: LocalBodyFormat? = nil,
            headers: HeaderOperations = HeaderOperations()
        ) {
            self.filter = filter
            self.status = status
            self.body = body
            self.format = format
            self.headers = headers
        }
    }

    /// The first whose condition holds counts.
    package let mappers: [Mapper]
    /// Where no mapper brings a format of its own; nil: the text as it is.
    package let format: LocalBodyFormat?

    package init(mappers: [Mapper] = [], format: LocalBodyFormat? = nil) {
        self.mappers = mappers
        self.format = format
    }
}
