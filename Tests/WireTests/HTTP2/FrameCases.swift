import Testing
import Wire

/// Frames and what the reader says of them.
struct FrameCase: Sendable, CustomTestStringConvertible {
    var name: String
    var bytes: [UInt8]
    var heard: [Heard]

    init(_ name: String, _ bytes: [UInt8], _ heard: [Heard]) {
        self.name = name
        self.bytes = bytes
        self.heard = heard
    }

    /// A frame that ends the connection.
    static func fatal(
        _ name: String,
        _ bytes: [UInt8],
        _ details: String,
        _ code: HTTP2ErrorCode = .protocolError
    ) -> FrameCase {
        FrameCase(name, bytes, [.violation("http2.\(details)", code.rawValue)])
    }

    var testDescription: String { name }

    private static func headers(
        _ stream: UInt32,
        _ block: [UInt8],
        end: Bool = false,
        emptyFrames: Int = 0,
        dependsOnItself: Bool = false
    ) -> Heard {
        .headers(
            stream,
            block,
            end: end,
            emptyFrames: emptyFrames,
            dependsOnItself: dependsOnItself
        )
    }

    private static func data(
        _ stream: UInt32,
        _ bytes: [UInt8],
        _ flow: Int,
        end: Bool = false,
        empty: Bool = false
    ) -> Heard {
        .data(stream, bytes, flowControlled: flow, end: end, empty: empty)
    }

    static let all = valid + fatal + ofStreams

    static let valid = [
        FrameCase("DATA", Frame.data(1, [1, 2, 3]), [data(1, [1, 2, 3], 3)]),
        FrameCase("DATA at the end", Frame.data(1, [1], end: true), [data(1, [1], 1, end: true)]),
        FrameCase("empty DATA", Frame.data(1, []), [data(1, [], 0, empty: true)]),
        FrameCase(
            "empty DATA at the end",
            Frame.data(1, [], end: true),
            [data(1, [], 0, end: true)]
        ),
        FrameCase(
            "padded DATA",
            Frame.data(1, [1, 2], padding: 4, end: true),
            [data(1, [1, 2], 7, end: true)]
        ),
        FrameCase("DATA of padding", Frame.data(1, [], padding: 3), [data(1, [], 4, empty: true)]),
        FrameCase(
            "DATA with a padding of nothing",
            Frame.data(1, [], padding: 0),
            [data(1, [], 1, empty: true)]
        ),
        FrameCase(
            "the reserved bit of a stream",
            Frame.of(0, stream: 0x8000_0001, [5]),
            [data(1, [5], 1)]
        ),
        FrameCase(
            "unknown flags",
            Frame.of(0, flags: 0xf6, stream: 1, [5]),
            [data(1, [5], 1)]
        ),
        FrameCase(
            "the largest DATA",
            Frame.data(1, [UInt8](repeating: 7, count: 16_384)),
            [data(1, [UInt8](repeating: 7, count: 16_384), 16_384)]
        ),
        FrameCase("HEADERS", Frame.of(1, flags: 4, stream: 3, [1, 2]), [headers(3, [1, 2])]),
        FrameCase(
            "HEADERS at the end",
            Frame.of(1, flags: 5, stream: 3, [1]),
            [headers(3, [1], end: true)]
        ),
        FrameCase(
            "HEADERS with padding and priority",
            Frame.of(1, flags: 0x2c, stream: 3, [2, 0, 0, 0, 1, 9, 0x82, 0, 0]),
            [headers(3, [0x82])]
        ),
        FrameCase(
            "HEADERS that depend on themselves",
            Frame.of(1, flags: 0x24, stream: 3, [0x80, 0, 0, 3, 9, 0x82]),
            [headers(3, [0x82], dependsOnItself: true)]
        ),
        FrameCase(
            "empty HEADERS",
            Frame.of(1, flags: 4, stream: 3),
            [headers(3, [], emptyFrames: 1)]
        ),
        FrameCase(
            "HEADERS with CONTINUATION",
            Frame.of(1, flags: 9, stream: 3, [1, 1, 2, 0]) + Frame.of(9, stream: 3, [])
                + Frame.of(9, flags: 4, stream: 3, [3]) + Frame.of(6, [0, 0, 0, 0, 0, 0, 0, 1]),
            [headers(3, [1, 2, 3], end: true), .ping(ack: false, 1)]
        ),
        FrameCase(
            "empty frames of a block",
            Frame.of(1, stream: 3) + Frame.of(9, stream: 3) + Frame.of(9, flags: 4, stream: 3, [3]),
            [headers(3, [3], emptyFrames: 2)]
        ),
        FrameCase(
            "two blocks of several frames",
            Frame.of(1, stream: 3, [1]) + Frame.of(9, flags: 4, stream: 3, [2])
                + Frame.of(1, stream: 5, [3]) + Frame.of(9, flags: 4, stream: 5, [4]),
            [headers(3, [1, 2]), headers(5, [3, 4])]
        ),
        FrameCase(
            "PRIORITY",
            Frame.of(2, stream: 3, [0, 0, 0, 1, 5]),
            [.priority(3, dependsOnItself: false)]
        ),
        FrameCase(
            "PRIORITY that depends on itself",
            Frame.of(2, stream: 3, [0x80, 0, 0, 3, 5]),
            [.priority(3, dependsOnItself: true)]
        ),
        FrameCase("RST_STREAM", Frame.of(3, stream: 3, [0, 0, 0, 8]), [.reset(3, 8)]),
        FrameCase("empty SETTINGS", Frame.of(4), [.settings(ack: false, [])]),
        FrameCase(
            "SETTINGS",
            Frame.of(4, Frame.setting(3, 100)),
            [.settings(ack: false, Frame.setting(3, 100))]
        ),
        FrameCase("SETTINGS, acknowledged", Frame.of(4, flags: 1), [.settings(ack: true, [])]),
        FrameCase(
            "PING",
            Frame.of(6, [1, 2, 3, 4, 5, 6, 7, 8]),
            [.ping(ack: false, 0x0102_0304_0506_0708)]
        ),
        FrameCase(
            "PING, acknowledged",
            Frame.of(6, flags: 1, [0, 0, 0, 0, 0, 0, 0, 9]),
            [.ping(ack: true, 9)]
        ),
        FrameCase(
            "GOAWAY",
            Frame.of(7, [0x80, 0, 0, 7, 0, 0, 0, 2, 0x62, 0x79, 0x65]),
            [.goAway(7, 2, [0x62, 0x79, 0x65])]
        ),
        FrameCase("GOAWAY alone", Frame.of(7, [0, 0, 0, 7, 0, 0, 0, 2]), [.goAway(7, 2, [])]),
        FrameCase(
            "WINDOW_UPDATE of a stream",
            Frame.of(8, stream: 3, [0xff, 0xff, 0xff, 0xff]),
            [.windowUpdate(3, 0x7fff_ffff)]
        ),
        FrameCase(
            "WINDOW_UPDATE of the connection",
            Frame.of(8, [0, 0, 0, 1]),
            [.windowUpdate(0, 1)]
        ),
        FrameCase(
            "an unknown frame",
            Frame.of(0xbe, stream: 3, [1, 2, 3]) + Frame.of(3, stream: 3, [0, 0, 0, 8]),
            [.unknown(0xbe, 3), .reset(3, 8)]
        ),
        FrameCase("an empty unknown frame", Frame.of(0x0a), [.unknown(0x0a, 0)]),
    ]

    private static let fatal = [
        fatal("DATA for no stream", Frame.data(0, [1]), "stream_id_zero"),
        fatal("HEADERS for no stream", Frame.of(1, flags: 4, [1]), "stream_id_zero"),
        fatal("PRIORITY for no stream", Frame.of(2, [0, 0, 0, 1, 5]), "stream_id_zero"),
        fatal("RST_STREAM for no stream", Frame.of(3, [0, 0, 0, 8]), "stream_id_zero"),
        fatal("CONTINUATION for no stream", Frame.of(9, [0]), "stream_id_zero"),
        fatal("SETTINGS for a stream", Frame.of(4, stream: 1), "stream_id_not_zero"),
        fatal("PING for a stream", Frame.of(6, stream: 1, length: 8), "stream_id_not_zero"),
        fatal("GOAWAY for a stream", Frame.of(7, stream: 1, length: 8), "stream_id_not_zero"),
        // Told from the header, before any payload.
        fatal(
            "too large DATA",
            Frame.of(0, stream: 1, length: 16_385),
            "frame_too_large",
            .frameSizeError
        ),
        fatal(
            "too large HEADERS",
            Frame.of(1, stream: 1, length: 0xff_ffff),
            "frame_too_large",
            .frameSizeError
        ),
        fatal(
            "a too large unknown frame",
            Frame.of(99, length: 16_385),
            "frame_too_large",
            .frameSizeError
        ),
        fatal(
            "DATA without the length of its padding",
            Frame.of(0, flags: 8, stream: 1),
            "frame_size_error",
            .frameSizeError
        ),
        fatal("DATA all padding", Frame.of(0, flags: 8, stream: 1, [1]), "invalid_padding"),
        fatal(
            "DATA less than padding",
            Frame.of(0, flags: 8, stream: 1, [3, 1, 2]),
            "invalid_padding"
        ),
        fatal(
            "HEADERS without the length of its padding",
            Frame.of(1, flags: 0xc, stream: 1),
            "frame_size_error",
            .frameSizeError
        ),
        fatal(
            "HEADERS less than padding",
            Frame.of(1, flags: 0xc, stream: 1, [3, 1, 2]),
            "invalid_padding"
        ),
        fatal(
            "HEADERS without its priority",
            Frame.of(1, flags: 0x24, stream: 1, [0, 0, 0, 0]),
            "frame_size_error",
            .frameSizeError
        ),
        fatal(
            "HEADERS with padding instead of priority",
            Frame.of(1, flags: 0x2c, stream: 1, [1, 0, 0, 0, 0, 0]),
            "frame_size_error",
            .frameSizeError
        ),
        fatal(
            "a short RST_STREAM",
            Frame.of(3, stream: 1, length: 3),
            "frame_size_error",
            .frameSizeError
        ),
        fatal("a long PING", Frame.of(6, length: 9), "frame_size_error", .frameSizeError),
        fatal("a short PING", Frame.of(6, length: 7), "frame_size_error", .frameSizeError),
        fatal("a short GOAWAY", Frame.of(7, length: 7), "frame_size_error", .frameSizeError),
        fatal(
            "a long WINDOW_UPDATE",
            Frame.of(8, length: 5),
            "frame_size_error",
            .frameSizeError
        ),
        fatal("odd SETTINGS", Frame.of(4, length: 5), "settings_size_error", .frameSizeError),
        fatal(
            "an acknowledgement with settings",
            Frame.of(4, flags: 1, length: 6),
            "settings_ack_not_empty",
            .frameSizeError
        ),
        fatal("WINDOW_UPDATE of nothing", Frame.of(8, [0x80, 0, 0, 0]), "zero_window_increment"),
        fatal(
            "PUSH_PROMISE",
            Frame.of(5, flags: 4, stream: 1, length: 5),
            "push_promise_not_allowed"
        ),
        fatal(
            "CONTINUATION alone",
            Frame.of(9, flags: 4, stream: 1, [1]),
            "unexpected_continuation"
        ),
        fatal(
            "CONTINUATION of another stream",
            Frame.of(1, stream: 1, [1]) + Frame.of(9, flags: 4, stream: 3, [1]),
            "unexpected_continuation"
        ),
        fatal(
            "DATA instead of CONTINUATION",
            Frame.of(1, stream: 1, [1]) + Frame.data(1, [1]),
            "continuation_expected"
        ),
        fatal(
            "HEADERS instead of CONTINUATION",
            Frame.of(1, stream: 1, [1]) + Frame.of(1, flags: 4, stream: 1, [1]),
            "continuation_expected"
        ),
        fatal(
            "an unknown frame instead of CONTINUATION",
            Frame.of(1, stream: 1, [1]) + Frame.of(77, stream: 1),
            "continuation_expected"
        ),
        fatal(
            "too many CONTINUATIONs",
            Frame.of(1, stream: 1, [1])
                + (0..<5).flatMap { _ in Frame.of(9, stream: 1, [1]) },
            "too_many_continuations",
            .enhanceYourCalm
        ),
        fatal(
            "a too large block",
            Frame.of(1, stream: 1, [UInt8](repeating: 0, count: 16_384))
                + Frame.of(9, stream: 1, [UInt8](repeating: 0, count: 16_384))
                + Frame.of(9, stream: 1, [0]),
            "header_block_too_large",
            .enhanceYourCalm
        ),
    ]

    private static let ofStreams = [
        FrameCase(
            "WINDOW_UPDATE of nothing for a stream",
            Frame.of(8, stream: 3, [0, 0, 0, 0]) + Frame.of(4, flags: 1),
            [
                .streamViolation("http2.zero_window_increment", 1, 3),
                .settings(ack: true, []),
            ]
        ),
        FrameCase(
            "PRIORITY of another size",
            Frame.of(2, stream: 3, [0, 0, 0, 0]) + Frame.of(4, flags: 1),
            [.streamViolation("http2.frame_size_error", 6, 3), .settings(ack: true, [])]
        ),
    ]
}
