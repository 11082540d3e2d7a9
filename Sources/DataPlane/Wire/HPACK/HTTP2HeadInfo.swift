/// What a header block is the head of.
package enum HTTP2HeadKind: UInt8, Sendable {
    case request, response, trailers
}

/// What a head says beyond its fields.
package struct HTTP2HeadInfo: Equatable, Sendable {
    /// The length that the body must have; nil for interim responses and 204, too.
    ///
    /// In a response to HEAD and in 304 it is not that of the body.
    package var contentLength: UInt64?
    /// A 1xx response: the response proper is still to come.
    package var isInterim = false
    /// Whether the request is an extended CONNECT (RFC 8441): `Head.upgradeProtocol` names what for.
    package var hasUpgradeProtocol = false
    /// Whether the client waits for 100 before it sends the body, if there is one.
    package var expectsContinue = false
    /// Whether there is an expectation other than 100-continue, to be answered with 417.
    package var hasUnsupportedExpectation = false

    package init() {}
}
