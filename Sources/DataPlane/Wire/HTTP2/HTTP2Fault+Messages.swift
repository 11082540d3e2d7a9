extension HTTP2Fault {
    /// The response code details of a malformed message (RFC 9113 section 8).
    var messageDetails: StaticString {
        switch self {
        case .headerListTooLarge: "http2.header_list_too_large"
        case .invalidHeaderName: "http2.invalid_header_name"
        case .invalidHeaderValue: "http2.invalid_header_value"
        case .pseudoAfterRegular: "http2.pseudo_header_after_header"
        case .pseudoInTrailers: "http2.pseudo_header_in_trailers"
        case .unknownPseudo: "http2.unknown_pseudo_header"
        case .repeatedPseudo: "http2.repeated_pseudo_header"
        case .missingPseudo: "http2.missing_pseudo_header"
        case .unexpectedPseudo: "http2.unexpected_pseudo_header"
        case .invalidMethod: "http2.invalid_method"
        case .invalidPath: "http2.invalid_path"
        case .invalidScheme: "http2.invalid_scheme"
        case .invalidAuthority: "http2.invalid_authority"
        case .invalidProtocol: "http2.invalid_protocol"
        case .invalidStatus: "http2.invalid_status"
        case .multipleHosts: "http2.multiple_hosts"
        case .hostDiffers: "http2.host_differs_from_authority"
        case .connectionSpecific: "http2.connection_specific_header"
        case .invalidContentLength: "http2.invalid_content_length"
        case .differentContentLengths: "http2.different_content_lengths"
        default: "http2.protocol_error"
        }
    }

    /// One sentence about a malformed message.
    var messageExplanation: StaticString {
        switch self {
        case .headerListTooLarge:
            "The headers together are larger or more than allowed."
        case .invalidHeaderName:
            "A header name is empty, not in lower case, or holds a byte that names may not have."
        case .invalidHeaderValue:
            "A header value holds a control character, or white space at its start or end."
        case .pseudoAfterRegular:
            "A pseudo-header follows a header."
        case .pseudoInTrailers:
            "A trailer section has a pseudo-header."
        case .unknownPseudo:
            "There is a pseudo-header that is not defined for this message."
        case .repeatedPseudo:
            "A pseudo-header is there more than once."
        case .missingPseudo:
            "A pseudo-header that the message must have is not there."
        case .unexpectedPseudo:
            "A pseudo-header may not be in a message of this method."
        case .invalidMethod:
            "The method is not a token of at most 32 bytes."
        case .invalidPath:
            "The path does not begin with a slash, or is not encoded."
        case .invalidScheme:
            "The scheme is not one that RFC 3986 allows."
        case .invalidAuthority:
            "The authority is not a name or address with an optional port from 1 to 65535."
        case .invalidProtocol:
            "The protocol of an extended CONNECT is not a token."
        case .invalidStatus:
            "The status is not a number from 100 to 999 other than 101."
        case .multipleHosts:
            "There is more than one host header."
        case .hostDiffers:
            "The host header is not the same as the authority."
        case .connectionSpecific:
            "There is a header that HTTP/2 does not allow because it belongs to one connection."
        case .invalidContentLength:
            "Content-Length is not a plain decimal number below 2^63."
        case .differentContentLengths:
            "There is more than one Content-Length, and they differ."
        default:
            "The message is malformed."
        }
    }
}
