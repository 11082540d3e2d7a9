/// The settings of one side of a connection (RFC 9113 section 6.5.2, RFC 8441 section 3).
package struct HTTP2Settings: Equatable, Sendable {
    /// Bytes of the table that the side decodes with.
    package var headerTableSize: UInt32 = 4_096
    package var enablePush = true
    /// Streams that the other side may have open; nil is no limit.
    package var maxConcurrentStreams: UInt32?
    /// Bytes that may be sent on a new stream before WINDOW_UPDATE.
    package var initialWindowSize: UInt32 = 65_535
    /// The largest payload of a frame that the side accepts.
    package var maxFrameSize: UInt32 = 16_384
    /// Bytes of a header list, each field with 32 more, that the side accepts; advice only.
    package var maxHeaderListSize: UInt32?
    package var enablesConnectProtocol = false

    /// The values that hold before the first SETTINGS.
    package init() {}

    /// The numbers of the settings on the wire.
    enum Identifier {
        static let headerTableSize: UInt16 = 1
        static let enablePush: UInt16 = 2
        static let maxConcurrentStreams: UInt16 = 3
        static let initialWindowSize: UInt16 = 4
        static let maxFrameSize: UInt16 = 5
        static let maxHeaderListSize: UInt16 = 6
        static let enablesConnectProtocol: UInt16 = 8
        static let noRFC7540Priorities: UInt16 = 9
    }

    /// What one SETTINGS frame changed.
    package struct Changes: Equatable, Sendable {
        /// The smallest table size that the frame named, for `HPACKEncoder.limitTable(to:)`, to be
        /// called with it before the size that stands at the end.
        package var lowestHeaderTableSize: UInt32?
        /// What is added to the send window of each open stream; may be negative.
        package var initialWindowDelta: Int64 = 0
    }

    /// Takes over the payload of a SETTINGS frame that is no acknowledgement; unknown settings are
    /// ignored.
    ///
    /// - Parameter fromServer: whether the sender is a server, which may not enable push.
    /// - Throws: a connection error; some settings may be taken over then.
    @discardableResult
    package mutating func apply(
        _ payload: Span<UInt8>,
        fromServer: Bool = false
    ) throws(HTTP2Violation) -> Changes {
        guard payload.count % 6 == 0 else { throw HTTP2Violation(.settingsSize) }
        var changes = Changes()
        var position = 0
        while position < payload.count {
            let number = payload.bigEndian16(at: position)
            let value = payload.bigEndian32(at: position + 2)
            position += 6
            switch number {
            case Identifier.headerTableSize:
                headerTableSize = value
                changes.lowestHeaderTableSize = min(value, changes.lowestHeaderTableSize ?? value)
            case Identifier.enablePush:
                let isOn = try Self.flag(value)
                if isOn, fromServer { throw HTTP2Violation(.invalidSetting) }
                enablePush = isOn
            case Identifier.maxConcurrentStreams:
                maxConcurrentStreams = value
            case Identifier.initialWindowSize:
                guard value <= HTTP2.windowMax else { throw HTTP2Violation(.initialWindowTooLarge) }
                changes.initialWindowDelta += Int64(value) - Int64(initialWindowSize)
                initialWindowSize = value
            case Identifier.maxFrameSize:
                guard value >= 16_384, value <= 0xff_ffff else {
                    throw HTTP2Violation(.invalidSetting)
                }
                maxFrameSize = value
            case Identifier.maxHeaderListSize:
                maxHeaderListSize = value
            case Identifier.enablesConnectProtocol:
                let isOn = try Self.flag(value)
                // RFC 8441 section 3: it can't be taken back.
                if enablesConnectProtocol, !isOn { throw HTTP2Violation(.invalidSetting) }
                enablesConnectProtocol = isOn
            case Identifier.noRFC7540Priorities:
                _ = try Self.flag(value)
            default:
                break
            }
        }
        return changes
    }

    private static func flag(_ value: UInt32) throws(HTTP2Violation) -> Bool {
        guard value <= 1 else { throw HTTP2Violation(.invalidSetting) }
        return value == 1
    }
}

extension Span<UInt8> {
    /// Two bytes in network order; the caller has proved that they are there.
    @inline(__always)
    func bigEndian16(at index: Int) -> UInt16 {
        assert(index >= 0 && index + 2 <= count)
        return UInt16(
            bigEndian: unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index,
                as: UInt16.self
            )
        )
    }

    /// Four bytes in network order; the caller has proved that they are there.
    @inline(__always)
    func bigEndian32(at index: Int) -> UInt32 {
        assert(index >= 0 && index + 4 <= count)
        return UInt32(
            bigEndian: unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index,
                as: UInt32.self
            )
        )
    }
}
