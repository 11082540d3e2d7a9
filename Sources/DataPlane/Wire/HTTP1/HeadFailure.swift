/// Why a message was refused: a rule of RFC 9112 that it broke, or a limit that it passed.
///
/// Trivially copyable, so that refusing an attack costs no allocation. The texts are constants for
/// the access log, the `x-pillion-reason` field and the body of the local reply.
package enum HeadFailure: UInt8, Error, Equatable, Sendable, CaseIterable {
    // Limits
    case headTooLarge, tooManyHeaders, tooManyConnectionOptions
    // Start line
    case invalidMethod, invalidTarget, invalidVersion, unsupportedVersion, invalidStatusLine
    // Lines
    case bareCR, bareLF, obsFold, spaceBeforeColon, invalidFieldName, invalidFieldValue
    // Routing
    case missingHost, multipleHosts, invalidHost
    // Framing
    case lengthWithTransferEncoding, repeatedContentLength, invalidContentLength
    case unsupportedTransferEncoding, transferEncodingInHTTP10, bodyWithConnect
    // Meaning of single fields
    case invalidConnection, unsupportedExpectation
    // Chunked bodies
    case invalidChunkSize, chunkTooLarge, invalidChunkExtension, chunkExtensionsTooLarge
    case chunkNotTerminated, trailersTooLarge, tooManyTrailers

    /// The status for a request refused for this reason; a response so refused becomes 502.
    package var status: UInt16 {
        switch self {
        case .headTooLarge, .tooManyHeaders, .trailersTooLarge, .tooManyTrailers: 431
        case .unsupportedVersion: 505
        case .unsupportedExpectation: 417
        case .chunkTooLarge: 413
        default: 400
        }
    }

    /// The response code details for the access log: the `http1.` family, in snake case.
    package var details: StaticString {
        switch self {
        case .headTooLarge: "http1.headers_too_large"
        case .tooManyHeaders: "http1.too_many_headers"
        case .tooManyConnectionOptions: "http1.too_many_connection_options"
        case .invalidMethod: "http1.invalid_method"
        case .invalidTarget: "http1.invalid_url"
        case .invalidVersion: "http1.invalid_version"
        case .unsupportedVersion: "http1.unsupported_version"
        case .invalidStatusLine: "http1.invalid_status_line"
        case .bareCR: "http1.bare_cr"
        case .bareLF: "http1.bare_lf"
        case .obsFold: "http1.obsolete_line_folding"
        case .spaceBeforeColon: "http1.space_before_colon"
        case .invalidFieldName: "http1.invalid_header_name"
        case .invalidFieldValue: "http1.invalid_header_value"
        case .missingHost: "http1.missing_host"
        case .multipleHosts: "http1.multiple_hosts"
        case .invalidHost: "http1.invalid_host"
        case .lengthWithTransferEncoding: "http1.content_length_and_chunked"
        case .repeatedContentLength: "http1.repeated_content_length"
        case .invalidContentLength: "http1.invalid_content_length"
        case .unsupportedTransferEncoding: "http1.invalid_transfer_encoding"
        case .transferEncodingInHTTP10: "http1.transfer_encoding_in_http10"
        case .bodyWithConnect: "http1.body_with_connect"
        case .invalidConnection: "http1.invalid_connection_header"
        case .unsupportedExpectation: "http1.unsupported_expectation"
        case .invalidChunkSize: "http1.invalid_chunk_size"
        case .chunkTooLarge: "http1.chunk_too_large"
        case .invalidChunkExtension: "http1.invalid_chunk_extension"
        case .chunkExtensionsTooLarge: "http1.chunk_extensions_too_large"
        case .chunkNotTerminated: "http1.chunk_not_terminated"
        case .trailersTooLarge: "http1.trailers_too_large"
        case .tooManyTrailers: "http1.too_many_trailers"
        }
    }

    /// One sentence for a person who reads the reply or the log.
    package var explanation: StaticString {
        switch self {
        case .headTooLarge:
            "The request line and headers together are larger than this listener allows."
        case .tooManyHeaders:
            "There are more header lines than this listener allows."
        case .tooManyConnectionOptions:
            "The Connection header names more options than any client needs."
        case .invalidMethod:
            "The method is not a token of at most 32 bytes followed by one space."
        case .invalidTarget:
            "The request target is empty, of a form this method can't use, or not encoded."
        case .invalidVersion:
            "The request line does not end with one space and HTTP/1.0 or HTTP/1.1."
        case .unsupportedVersion:
            "This port speaks HTTP/1.0 and HTTP/1.1 only."
        case .invalidStatusLine:
            "The status line is not a version, a space and three digits."
        case .bareCR:
            "A carriage return is not followed by a line feed."
        case .bareLF:
            "A line ends with a line feed alone; HTTP/1.1 ends lines with CR LF."
        case .obsFold:
            "A header line begins with white space; folded lines are obsolete and refused."
        case .spaceBeforeColon:
            "There is white space in or after a header name, before the colon."
        case .invalidFieldName:
            "A header name is empty or holds a byte that names may not have."
        case .invalidFieldValue:
            "A header value holds a NUL or another control character."
        case .missingHost:
            "An HTTP/1.1 request must have a Host header."
        case .multipleHosts:
            "There is more than one Host header."
        case .invalidHost:
            "The host is not a name or address with an optional port from 1 to 65535."
        case .lengthWithTransferEncoding:
            "Content-Length and Transfer-Encoding together make the end of the body ambiguous."
        case .repeatedContentLength:
            "There is more than one Content-Length."
        case .invalidContentLength:
            "Content-Length is not a plain decimal number below 2^63."
        case .unsupportedTransferEncoding:
            "Transfer-Encoding must be exactly \"chunked\", once."
        case .transferEncodingInHTTP10:
            "HTTP/1.0 has no Transfer-Encoding, so the end of the body is ambiguous."
        case .bodyWithConnect:
            "A CONNECT request may not have a body."
        case .invalidConnection:
            "The Connection header is not a list of tokens."
        case .unsupportedExpectation:
            "The only expectation that can be met is 100-continue."
        case .invalidChunkSize:
            "A chunk does not begin with a plain hexadecimal size of at most 16 digits."
        case .chunkTooLarge:
            "A chunk claims to be larger than 2^62 bytes."
        case .invalidChunkExtension:
            "A chunk extension is not a name with an optional token or quoted value."
        case .chunkExtensionsTooLarge:
            "The chunk extensions are out of proportion to the data."
        case .chunkNotTerminated:
            "The data of a chunk is not followed by CR LF."
        case .trailersTooLarge:
            "The trailer section is larger than 8 KiB."
        case .tooManyTrailers:
            "There are more than 32 trailer lines."
        }
    }
}
