import Testing
import Wire

@Suite("Writing HTTP/2 frames")
struct FrameWriterTests {
    /// What a function writes into memory of a size.
    private func written(
        _ size: Int,
        _ write: (UnsafeMutableRawBufferPointer) -> Int
    ) -> [UInt8] {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
        defer { unsafe memory.deallocate() }
        return unsafe [UInt8](memory.prefix(write(memory)))
    }

    private func heard(_ bytes: [UInt8]) -> [Heard] {
        HTTP2Property.heard(bytes, step: bytes.count).heard
    }

    @Test("Each frame that is written is read as it was meant")
    func frames() {
        let reset = unsafe written(HTTP2FrameWriter.resetByteCount) {
            unsafe HTTP2FrameWriter.writeReset(streamID: 5, code: .cancel, into: $0)
        }
        #expect(heard(reset) == [.reset(5, 8)])
        let update = unsafe written(HTTP2FrameWriter.windowUpdateByteCount) {
            unsafe HTTP2FrameWriter.writeWindowUpdate(
                streamID: 5,
                increment: HTTP2.windowMax,
                into: $0
            )
        }
        #expect(heard(update) == [.windowUpdate(5, 0x7fff_ffff)])
        for ack in [false, true] {
            let ping = unsafe written(HTTP2FrameWriter.pingByteCount) {
                unsafe HTTP2FrameWriter.writePing(opaque: 0x0102_0304_0506_0708, ack: ack, into: $0)
            }
            #expect(heard(ping) == [.ping(ack: ack, 0x0102_0304_0506_0708)])
        }
        let ack = unsafe written(HTTP2FrameWriter.headerByteCount) {
            unsafe HTTP2FrameWriter.writeSettingsAck(into: $0)
        }
        #expect(heard(ack) == [.settings(ack: true, [])])
        let goAway = unsafe written(HTTP2FrameWriter.goAwayByteCount(debug: "bye")) {
            unsafe HTTP2FrameWriter.writeGoAway(
                lastStreamID: 7,
                code: .enhanceYourCalm,
                debug: "bye",
                into: $0
            )
        }
        #expect(heard(goAway) == [.goAway(7, 11, Array("bye".utf8))])
        let data = unsafe written(9) {
            unsafe HTTP2FrameWriter.writeHeader(
                length: 0x01_0203,
                type: .data,
                flags: .endStream,
                streamID: 0x0405_0607,
                into: $0
            )
        }
        #expect(data == [1, 2, 3, 0, 1, 4, 5, 6, 7])
    }

    @Test("Settings are read as they were written")
    func settings() throws {
        var all = HTTP2Settings()
        all.headerTableSize = 0
        all.enablePush = false
        all.maxConcurrentStreams = 100
        all.initialWindowSize = HTTP2.windowMax
        all.maxFrameSize = 0xff_ffff
        all.maxHeaderListSize = 61_440
        all.enablesConnectProtocol = true
        for settings in [HTTP2Settings(), all] {
            let bytes = unsafe written(HTTP2FrameWriter.settingsByteCountMax) {
                unsafe HTTP2FrameWriter.write(settings: settings, into: $0)
            }
            guard case .settings(false, let payload) = heard(bytes).first else {
                Issue.record("not read")
                return
            }
            var again = HTTP2Settings()
            try again.apply(payload.span)
            #expect(again == settings)
        }
    }

    @Test(
        "A header block is spread over as many frames as it needs",
        arguments: [0, 1, 99, 100, 101, 200, 201, 399]
    )
    func headerBlock(size: Int) {
        let block = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        let bound = HTTP2FrameWriter.headerBlockByteCount(block: size, maxFrameSize: 100)
        for end in [false, true] {
            let bytes = unsafe written(bound) { memory in
                for index in block.indices { unsafe memory[9 + index] = block[index] }
                return unsafe HTTP2FrameWriter.frameHeaderBlock(
                    size,
                    in: memory,
                    streamID: 3,
                    endStream: end,
                    maxFrameSize: 100
                )
            }
            var feed = FrameFeed(
                HTTP2FrameReader(maxFrameSize: 100, startsWithSettings: false)
            )
            feed.feed(bytes[...])
            guard case .headers(3, block, end, _, false) = feed.heard.first else {
                Issue.record("\(feed.heard)")
                return
            }
            #expect(feed.heard.count == 1)
        }
    }
}
