/// Writes frames into memory that the caller gives (RFC 9113 section 6).
///
/// Each function traps where the memory is smaller than the count stated for it, and returns the
/// number of bytes written.
package enum HTTP2FrameWriter {
    /// The bytes of a frame's header, and of a SETTINGS acknowledgement.
    package static let headerByteCount = HTTP2.frameHeaderByteCount
    /// The most bytes of a SETTINGS frame.
    package static let settingsByteCountMax = headerByteCount + 7 * 6
    /// The bytes of PING.
    package static let pingByteCount = headerByteCount + 8
    /// The bytes of RST_STREAM.
    package static let resetByteCount = headerByteCount + 4
    /// The bytes of WINDOW_UPDATE.
    package static let windowUpdateByteCount = headerByteCount + 4

    /// The bytes of GOAWAY with this debug text.
    package static func goAwayByteCount(debug: StaticString) -> Int {
        headerByteCount + 8 + debug.utf8CodeUnitCount
    }

    /// Writes the header of a frame.
    ///
    /// - Parameter length: bytes of the payload, below 2^24.
    @discardableResult
    package static func writeHeader(
        length: Int,
        type: HTTP2FrameType,
        flags: HTTP2Flags = [],
        streamID: UInt32,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        precondition(length >= 0 && length <= 0xff_ffff, "a frame above 2^24 bytes")
        precondition(buffer.count >= headerByteCount, "no room for a frame's header")
        let first = UInt32(truncatingIfNeeded: length) &<< 8 | UInt32(type.rawValue)
        unsafe buffer.storeBytes(of: first.bigEndian, toByteOffset: 0, as: UInt32.self)
        unsafe buffer.storeBytes(of: flags.rawValue, toByteOffset: 4, as: UInt8.self)
        unsafe store(streamID, at: 5, in: buffer)
        return headerByteCount
    }

    /// Writes the settings that differ from the values that hold before the first SETTINGS.
    @discardableResult
    package static func write(
        settings: HTTP2Settings,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        let initial = HTTP2Settings()
        var count = headerByteCount
        func add(_ number: UInt16, _ value: UInt32) {
            precondition(buffer.count >= count + 6, "no room for settings")
            unsafe buffer.storeBytes(of: number.bigEndian, toByteOffset: count, as: UInt16.self)
            unsafe store(value, at: count + 2, in: buffer)
            count += 6
        }
        if settings.headerTableSize != initial.headerTableSize {
            add(HTTP2Settings.Identifier.headerTableSize, settings.headerTableSize)
        }
        if settings.enablePush != initial.enablePush {
            add(HTTP2Settings.Identifier.enablePush, settings.enablePush ? 1 : 0)
        }
        if let streams = settings.maxConcurrentStreams {
            add(HTTP2Settings.Identifier.maxConcurrentStreams, streams)
        }
        if settings.initialWindowSize != initial.initialWindowSize {
            add(HTTP2Settings.Identifier.initialWindowSize, settings.initialWindowSize)
        }
        if settings.maxFrameSize != initial.maxFrameSize {
            add(HTTP2Settings.Identifier.maxFrameSize, settings.maxFrameSize)
        }
        if let bytes = settings.maxHeaderListSize {
            add(HTTP2Settings.Identifier.maxHeaderListSize, bytes)
        }
        if settings.enablesConnectProtocol {
            add(HTTP2Settings.Identifier.enablesConnectProtocol, 1)
        }
        unsafe writeHeader(
            length: count - headerByteCount,
            type: .settings,
            streamID: 0,
            into: buffer
        )
        return count
    }

    /// Writes the acknowledgement of SETTINGS: `headerByteCount` bytes.
    @discardableResult
    package static func writeSettingsAck(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        unsafe writeHeader(length: 0, type: .settings, flags: .ack, streamID: 0, into: buffer)
    }

    /// Writes PING or its acknowledgement.
    @discardableResult
    package static func writePing(
        opaque: UInt64,
        ack: Bool,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        precondition(buffer.count >= pingByteCount, "no room for PING")
        unsafe writeHeader(
            length: 8,
            type: .ping,
            flags: ack ? .ack : [],
            streamID: 0,
            into: buffer
        )
        unsafe buffer.storeBytes(of: opaque.bigEndian, toByteOffset: 9, as: UInt64.self)
        return pingByteCount
    }

    /// Writes GOAWAY with a text for whoever debugs the peer.
    @discardableResult
    package static func writeGoAway(
        lastStreamID: UInt32,
        code: HTTP2ErrorCode,
        debug: StaticString = "",
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        let size = debug.utf8CodeUnitCount
        precondition(buffer.count >= headerByteCount + 8 + size, "no room for GOAWAY")
        unsafe writeHeader(length: 8 + size, type: .goAway, streamID: 0, into: buffer)
        unsafe store(lastStreamID & 0x7fff_ffff, at: 9, in: buffer)
        unsafe store(code.rawValue, at: 13, in: buffer)
        if size > 0, let base = buffer.baseAddress {
            unsafe (base + 17).copyMemory(from: debug.utf8Start, byteCount: size)
        }
        return headerByteCount + 8 + size
    }

    /// Writes RST_STREAM.
    @discardableResult
    package static func writeReset(
        streamID: UInt32,
        code: HTTP2ErrorCode,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        precondition(buffer.count >= resetByteCount, "no room for RST_STREAM")
        unsafe writeHeader(length: 4, type: .reset, streamID: streamID, into: buffer)
        unsafe store(code.rawValue, at: 9, in: buffer)
        return resetByteCount
    }

    /// Writes WINDOW_UPDATE.
    ///
    /// - Parameter increment: from 1 to 2^31-1.
    @discardableResult
    package static func writeWindowUpdate(
        streamID: UInt32,
        increment: UInt32,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        precondition(buffer.count >= windowUpdateByteCount, "no room for WINDOW_UPDATE")
        precondition(increment > 0 && increment <= HTTP2.windowMax, "no such increment")
        unsafe writeHeader(length: 4, type: .windowUpdate, streamID: streamID, into: buffer)
        unsafe store(increment, at: 9, in: buffer)
        return windowUpdateByteCount
    }

    /// Stores in network order; the caller has checked that there is room.
    @inline(__always)
    private static func store(
        _ value: UInt32,
        at offset: Int,
        in buffer: UnsafeMutableRawBufferPointer
    ) {
        unsafe buffer.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }
}
