import Wire

extension RequestCase {
    /// Where the body ends (RFC 9112 section 6).
    static let framings: [RequestCase] = [
        .init("a length", post("Content-Length: 5"), reaches: .length(5)),
        .init("a length of zero", post("Content-Length: 0"), reaches: .length(0)),
        .init("a length with leading zeros", post("Content-Length: 0005"), reaches: .length(5)),
        .init("a length on GET", get("Content-Length: 5"), reaches: .length(5)),
        .init(
            "the largest length",
            post("Content-Length: 9223372036854775807"),
            reaches: .length(9_223_372_036_854_775_807)
        ),
        .init(
            "a length in HTTP/1.0",
            post("Content-Length: 5", version: "1.0"),
            reaches: .length(5)
        ),
        .init("no length", post(), reaches: .none),
        .init("chunks", post("Transfer-Encoding: chunked"), reaches: .chunked),
        .init("chunks in capitals", post("TRANSFER-ENCODING: ChUnKeD"), reaches: .chunked),
        .init(
            "chunks with blanks around",
            post("Transfer-Encoding: \t chunked \t"),
            reaches: .chunked
        ),
        .init(
            "a length and chunks",
            post("Content-Length: 5", "Transfer-Encoding: chunked"),
            .lengthWithTransferEncoding
        ),
        .init(
            "chunks and a length",
            post("Transfer-Encoding: chunked", "Content-Length: 5"),
            .lengthWithTransferEncoding
        ),
        .init(
            "a length of zero and chunks",
            post("Content-Length: 0", "Transfer-Encoding: chunked"),
            .lengthWithTransferEncoding
        ),
        .init(
            "two lengths",
            post("Content-Length: 5", "Content-Length: 6"),
            .repeatedContentLength
        ),
        .init(
            "two equal lengths",
            post("Content-Length: 5", "Content-Length: 5"),
            .repeatedContentLength
        ),
        .init(
            "two lengths in two cases",
            post("content-length: 5", "CONTENT-LENGTH: 6"),
            .repeatedContentLength
        ),
        .init("a list of lengths", post("Content-Length: 5, 6"), .repeatedContentLength),
        .init("a list of equal lengths", post("Content-Length: 5,5"), .repeatedContentLength),
        .init("a list with empty elements", post("Content-Length: ,5"), .repeatedContentLength),
        .init("an empty length", post("Content-Length:"), .invalidContentLength),
        .init("a blank length", post("Content-Length:   "), .invalidContentLength),
        .init("a length with a plus", post("Content-Length: +5"), .invalidContentLength),
        .init("a length with a minus", post("Content-Length: -5"), .invalidContentLength),
        .init("minus zero", post("Content-Length: -0"), .invalidContentLength),
        .init("a length with a space inside", post("Content-Length: 1 5"), .invalidContentLength),
        .init("a length with a tab inside", post("Content-Length: 1\t5"), .invalidContentLength),
        .init("a hexadecimal length", post("Content-Length: 0x5"), .invalidContentLength),
        .init(
            "a length with a digit separator",
            post("Content-Length: 1_000"),
            .invalidContentLength
        ),
        .init("a length with a fraction", post("Content-Length: 5.0"), .invalidContentLength),
        .init("a length with an exponent", post("Content-Length: 1e1"), .invalidContentLength),
        .init("a length in quotes", post("Content-Length: \"5\""), .invalidContentLength),
        .init("a length with letters", post("Content-Length: 5a"), .invalidContentLength),
        .init("a length with a parameter", post("Content-Length: 5;a"), .invalidContentLength),
        .init(
            "a length in Arabic digits",
            post("Content-Length: \u{d9}\u{a5}"),
            .invalidContentLength
        ),
        .init("a length with a NUL", post("Content-Length: 5\u{0}"), .invalidFieldValue),
        .init(
            "a length of 2^63",
            post("Content-Length: 9223372036854775808"),
            .invalidContentLength
        ),
        .init(
            "a length of 2^64",
            post("Content-Length: 18446744073709551616"),
            .invalidContentLength
        ),
        .init(
            "a length of 2^64 + 5",
            post("Content-Length: 18446744073709551621"),
            .invalidContentLength
        ),
        .init(
            "a length of 20 digits",
            post("Content-Length: 00000000000000000005"),
            .invalidContentLength
        ),
        .init("an empty encoding", post("Transfer-Encoding:"), .unsupportedTransferEncoding),
        .init("identity", post("Transfer-Encoding: identity"), .unsupportedTransferEncoding),
        .init(
            "gzip and chunked",
            post("Transfer-Encoding: gzip, chunked"),
            .unsupportedTransferEncoding
        ),
        .init(
            "chunked and gzip",
            post("Transfer-Encoding: chunked, gzip"),
            .unsupportedTransferEncoding
        ),
        .init(
            "chunked and identity",
            post("Transfer-Encoding: chunked, identity"),
            .unsupportedTransferEncoding
        ),
        .init(
            "chunked twice in a line",
            post("Transfer-Encoding: chunked, chunked"),
            .unsupportedTransferEncoding
        ),
        .init(
            "chunked on two lines",
            post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
            .unsupportedTransferEncoding
        ),
        .init(
            "gzip and chunked on two lines",
            post("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"),
            .unsupportedTransferEncoding
        ),
        .init(
            "chunked with a comma",
            post("Transfer-Encoding: chunked,"),
            .unsupportedTransferEncoding
        ),
        .init(
            "chunked after a comma",
            post("Transfer-Encoding: ,chunked"),
            .unsupportedTransferEncoding
        ),
        .init(
            "chunked with a parameter",
            post("Transfer-Encoding: chunked;q=1"),
            .unsupportedTransferEncoding
        ),
        .init(
            "chunked in quotes",
            post("Transfer-Encoding: \"chunked\""),
            .unsupportedTransferEncoding
        ),
        .init("a longer word", post("Transfer-Encoding: xchunked"), .unsupportedTransferEncoding),
        .init("a shorter word", post("Transfer-Encoding: chunke"), .unsupportedTransferEncoding),
        .init("two words", post("Transfer-Encoding: chunked foo"), .unsupportedTransferEncoding),
        .init(
            "chunked after a vertical tab",
            post("Transfer-Encoding: \u{b}chunked"),
            .invalidFieldValue
        ),
        .init(
            "chunked after a no-break space",
            post("Transfer-Encoding: \u{a0}chunked"),
            .unsupportedTransferEncoding
        ),
        .init("chunked with a NUL", post("Transfer-Encoding: chunked\u{0}"), .invalidFieldValue),
        .init(
            "chunked with a colon",
            post("Transfer-Encoding:: chunked"),
            .unsupportedTransferEncoding
        ),
        .init(
            "an encoding with an underscore is another field",
            post("Transfer_Encoding: chunked"),
            reaches: .none
        ),
        .init(
            "a length with an underscore is another field",
            post("Content_Length: 5"),
            reaches: .none
        ),
        .init(
            "chunks in HTTP/1.0",
            post("Transfer-Encoding: chunked", version: "1.0"),
            .transferEncodingInHTTP10
        ),
        .init(
            "chunks and a length in HTTP/1.0",
            post("Transfer-Encoding: chunked", "Content-Length: 5", version: "1.0"),
            .lengthWithTransferEncoding
        ),
        .init("chunks on GET", get("Transfer-Encoding: chunked"), reaches: .chunked),
        .init(
            "an h2c upgrade",
            get("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"),
            reaches: .none
        ),
    ]

    /// Limits on size and number.
    static let limits: [RequestCase] = [
        .init("100 fields", padded(lines: 99), reaches: .none),
        .init("101 fields", padded(lines: 100), .tooManyHeaders),
        .init("1000 fields", padded(lines: 1000), .tooManyHeaders),
        .init("a head of 60 KiB", padded(bytes: 61_440), reaches: .none),
        .init("a head of 60 KiB and one byte", padded(bytes: 61_441), .headTooLarge),
        .init("a long target", target("/" + String(repeating: "a", count: 70_000)), .headTooLarge),
        .init("a method that never ends", String(repeating: "A", count: 70_000), .invalidMethod),
        .init("a name that never ends", get(String(repeating: "A", count: 70_000)), .headTooLarge),
    ]

    private static func padded(lines padding: Int) -> String {
        let lines = (0..<padding).map { "X-\($0): y\r\n" }.joined()
        return "GET / HTTP/1.1\r\nHost: a.example\r\n" + lines + "\r\n"
    }

    private static func padded(bytes: Int) -> String {
        let start = "GET / HTTP/1.1\r\nHost: a.example\r\nX: "
        return start + String(repeating: "y", count: bytes - start.utf8.count - 4) + "\r\n\r\n"
    }
}
