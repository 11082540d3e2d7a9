/// What a peer did wrong, and what ends because of it: one stream, or the connection.
///
/// Trivially copyable, so that refusing an attack costs no allocation. The texts are constants for
/// the access log, GOAWAY's debug data and metrics.
package struct HTTP2Violation: Error, Equatable, Sendable {
    /// What RST_STREAM or GOAWAY says.
    package var code: HTTP2ErrorCode
    /// The stream that ends; 0 where the whole connection does.
    package var streamID: UInt32
    /// The response code details: the `http2.` family, in snake case.
    package var details: StaticString
    /// One sentence for a person who reads the log.
    package var explanation: StaticString
    /// Whether the message was well formed and only larger than allowed: a request can be answered
    /// with 431.
    package var isHeaderListTooLarge = false

    package init(
        code: HTTP2ErrorCode,
        streamID: UInt32 = 0,
        details: StaticString,
        explanation: StaticString
    ) {
        self.code = code
        self.streamID = streamID
        self.details = details
        self.explanation = explanation
    }

    /// A violation that this module knows.
    package init(_ fault: HTTP2Fault, streamID: UInt32 = 0) {
        let (code, details, explanation) = fault.meaning
        self.init(code: code, streamID: streamID, details: details, explanation: explanation)
        if case .headerListTooLarge = fault { isHeaderListTooLarge = true }
    }

    package static func == (left: HTTP2Violation, right: HTTP2Violation) -> Bool {
        let count = left.details.utf8CodeUnitCount
        guard left.code.rawValue == right.code.rawValue, left.streamID == right.streamID,
            count == right.details.utf8CodeUnitCount
        else { return false }
        let (one, other) = unsafe (left.details.utf8Start, right.details.utf8Start)
        for index in 0..<count where unsafe one[index] != other[index] { return false }
        return true
    }

    /// Whether the whole connection ends.
    package var endsConnection: Bool { streamID == 0 }
}
