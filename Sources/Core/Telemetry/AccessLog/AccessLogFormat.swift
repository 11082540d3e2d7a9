package import Model

/// Why a format was refused.
package struct AccessLogFormatFailure: Error, Equatable, CustomStringConvertible {
    /// The byte of the text where the operator begins, from 0.
    package let position: Int
    /// For JSON, the path of the member: `request.path`; else empty.
    package let member: String
    /// What is wrong.
    package let message: String
    /// What would be right; may be empty.
    package let hint: String

    package var description: String {
        let place = member.isEmpty ? "byte \(position)" : "\(member), byte \(position)"
        return hint.isEmpty ? "\(place): \(message)" : "\(place): \(message): \(hint)"
    }
}

/// A compiled format of access log lines: text or JSON.
package struct AccessLogFormat: Sendable {
    package init(text: String) throws(AccessLogFormatFailure) {}
    package init(json: AccessLogConfiguration.JSONShape) throws(AccessLogFormatFailure) {}
    /// What a configuration says.
    package init(_ format: AccessLogConfiguration.Format) throws(AccessLogFormatFailure) {}
    private init(standard: ()) {}
    /// Envoy's default.
    package static let standard = AccessLogFormat(standard: ())

    /// Appends one line.
    package func render(_ record: borrowing AccessLogRecord, into line: LineBuffer) {}
}
