package import Model

/// A body with operators, compiled: `<h1>%RESPONSE_CODE%</h1> %LOCAL_REPLY_BODY%`, or an object.
///
/// The operators are those of access logs (`docs/reference/access-log.md`). In a text a value that
/// is absent is `-` and nothing is escaped, as in Envoy: a text that quotes the request must not be
/// HTML. An object is JSON and ends with a newline.
package final class SubstitutionBody: BodyFormat {
    private let format: AccessLogFormat

    /// Compiles a text.
    package init(text: String) throws(AccessLogFormatFailure) {
        format = try AccessLogFormat(body: text)
    }

    /// Compiles an object.
    package init(json: AccessLogConfiguration.JSONShape) throws(AccessLogFormatFailure) {
        format = try AccessLogFormat(json: json)
    }

    package func body(of record: borrowing ExchangeRecord) -> [UInt8] {
        let line = LineBuffer(capacity: 1024)
        format.render(record, into: line)
        return line.copy()
    }
}
