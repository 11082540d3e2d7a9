import Model
import Testing
import Wire

/// Each byte at each place of a word: the parsers look at eight bytes at a time.
@Suite("Single bytes")
struct ByteTests {
    private static let tokenBytes: Set<UInt8> = Set(
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8
    )

    /// The bytes that are accepted at a place of `text`, which stands between two others.
    private func accepted(
        _ before: String,
        _ text: String,
        _ after: String,
        at place: Int
    ) -> Set<UInt8> {
        var bytes = (before + text + after).latin1
        var accepted: Set<UInt8> = []
        for byte in UInt8.min...UInt8.max {
            bytes[before.utf8.count + place] = byte
            if case .message = readRequest(bytes.span) { accepted.insert(byte) }
        }
        return accepted
    }

    @Test("A name is made of token bytes", arguments: 0..<18)
    func names(place: Int) {
        let name = "abcdefghijklmnopqr"
        // A colon ends the name before it.
        let expected = place == 0 ? Self.tokenBytes : Self.tokenBytes.union([0x3a])
        #expect(
            accepted("GET / HTTP/1.1\r\nHost: a\r\n", name, ": v\r\n\r\n", at: place) == expected
        )
    }

    @Test("A method is made of token bytes", arguments: 0..<18)
    func methods(place: Int) {
        #expect(
            accepted("", "ABCDEFGHIJKLMNOPQR", " / HTTP/1.1\r\nHost: a\r\n\r\n", at: place)
                == Self.tokenBytes
        )
    }

    @Test("A value has no control characters but tabs", arguments: 0..<18)
    func values(place: Int) {
        let expected = Set(UInt8.min...UInt8.max).subtracting(0..<0x20).subtracting([0x7f])
            .union([0x09])
        #expect(
            accepted("GET / HTTP/1.1\r\nHost: a\r\nX:", "abcdefghijklmnopqr", "\r\n\r\n", at: place)
                == expected
        )
    }

    @Test("A target has visible ASCII without the number sign", arguments: 1..<18)
    func targets(place: Int) {
        let expected = Set<UInt8>(0x21...0x7e).subtracting([0x23])
        #expect(
            accepted("GET ", "/bcdefghijklmnopqr", " HTTP/1.1\r\nHost: a\r\n\r\n", at: place)
                == expected
        )
    }

    @Test("A boundary starts over for the next message")
    func reset() {
        let bytes = startLine("GET / HTTP/1.1").latin1
        var boundary = HeadBoundary()
        let first = boundary.isComplete(bytes.span)
        boundary.reset()
        let part = boundary.isComplete(bytes.span.extracting(0..<(bytes.count - 1)))
        let second = boundary.isComplete(bytes.span)
        #expect([first, part, second] == [true, false, true])
    }

    @Test("A boundary is found at the size limit, so that the parser can refuse")
    func limit() {
        let bytes = [UInt8](repeating: 0x61, count: 100)
        var boundary = HeadBoundary(headBytesMax: 100)
        let before = boundary.isComplete(bytes.span.extracting(0..<99))
        let at = boundary.isComplete(bytes.span)
        #expect([before, at] == [false, true])
    }
}
