import Wire

/// What must hold for any bytes at all, checked by the fuzzer and for each file of its corpus.
///
/// The bytes are read as frames; the pieces they come in must not matter, and what is held is
/// limited.
enum HTTP2Property {
    static let frameSizeMax = 16_384
    private static let blockBytesMax = 32_768

    /// What does not hold, in words; nil where all does.
    static func violation(in bytes: [UInt8]) -> String? {
        let whole = heard(bytes, step: bytes.count + 1)
        if let broken = whole.broken { return broken }
        for step in [1, 3, 10] {
            let pieces = heard(bytes, step: step)
            if let broken = pieces.broken { return broken }
            if !agree(pieces.heard, whole.heard) { return "other events in pieces of \(step)" }
            if pieces.heldMax > frameSizeMax + 9 { return "held \(pieces.heldMax) bytes" }
        }
        for cut in stride(from: 0, to: bytes.count, by: 1 + bytes.count / 16) {
            var feed = feed()
            feed.feed(bytes[..<cut])
            feed.feed(bytes[cut...])
            if !agree(feed.heard, whole.heard) { return "other events with a cut at \(cut)" }
        }
        for event in whole.heard {
            guard case .settings(false, let payload) = event else { continue }
            var settings = HTTP2Settings()
            do throws(HTTP2Violation) {
                try settings.apply(payload.span)
                guard settings.maxFrameSize >= 16_384, settings.maxFrameSize < 1 << 24,
                    settings.initialWindowSize <= HTTP2.windowMax
                else { return "settings that may not be" }
            } catch {
                if !error.endsConnection { return "settings that end a stream" }
            }
        }
        return nil
    }

    private static func feed() -> FrameFeed {
        FrameFeed(
            HTTP2FrameReader(
                maxFrameSize: frameSizeMax,
                headerBlockBytesMax: blockBytesMax,
                continuationsMax: 4,
                startsWithSettings: false
            )
        )
    }

    static func heard(_ bytes: [UInt8], step: Int) -> FrameFeed {
        var feed = feed()
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + step)
            feed.feed(bytes[start..<end])
            start = end
        }
        return feed
    }

    private static func agree(_ one: [Heard], _ other: [Heard]) -> Bool { one == other }
}
