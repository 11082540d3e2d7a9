import Model
import Telemetry
import Wire

/// What the owner of a session decides.
protocol HTTP2SessionOwner: AnyObject {
    /// A head for a stream that is not open: the stream for it, or nil where there is to be none; the
    /// block must be decoded in any case.
    func received(_ frame: HTTP2HeadersFrame, block: Span<UInt8>) throws(HTTP2Violation)
    func goAwayReceived(lastStreamID: UInt32, code: HTTP2ErrorCode)
    /// SETTINGS came that are no acknowledgement.
    func settingsChanged()
    /// A stream is over.
    func streamClosed(_ stream: HTTP2Stream)
    /// PING was answered.
    func pingAnswered(_ opaque: UInt64)
    /// GOAWAY has been written: the connection ends when it is sent.
    func sessionFailed(_ violation: HTTP2Violation)
}

/// The state of one HTTP/2 connection that both sides have in common: frames in and out, header
/// compression, settings, windows, and the limits against peers that keep us busy (RFC 9113).
///
/// On the connection's loop; it belongs to the socket that is its owner.
final class HTTP2Session {
    unowned let socket: StreamConnection
    unowned let owner: any HTTP2SessionOwner
    let isServer: Bool
    let options: HTTP2Options
    let stats: HTTP2Stats
    private var reader: HTTP2FrameReader
    var decoder: HPACKDecoder
    var encoder = HPACKEncoder()
    private(set) var remote = HTTP2Settings()
    private(set) var hasRemoteSettings = false
    /// Bytes that the peer lets us send on all streams.
    var sendWindow = 65_535
    var receiveWindow: Int
    var unacknowledged = 0
    private(set) var streams: [UInt32: HTTP2Stream] = [:]
    /// Streams with something to send, in turn.
    var queued: [HTTP2Stream] = []
    var isPumping = false
    var floods: HTTP2FloodCounters
    /// What waits for the peer.
    var outbound = OutboundFrames()
    private(set) var hasFailed = false
    /// The highest stream that the peer has opened.
    var lastPeerStreamID: UInt32 = 0
    /// The highest that this side has opened.
    var lastOwnStreamID: UInt32 = 0
    /// Streams that this side has reset: what the peer had sent before it heard is ignored.
    var recentResets: [UInt32] = []
    var recentResetPosition = 0
    /// The highest of those that there was no room for: up to here no stream's end is known.
    var forgottenResetMax: UInt32 = 0
    /// What the last GOAWAY named; it must not grow (RFC 9113 section 6.8).
    var announcedLastStreamID = HTTP2.windowMax

    /// So much waits in the socket's queue before streams keep what they have themselves.
    private static let socketBacklogMax = 128 * 1024
    private static let frameBytes = 16_384
    /// A stream that is cancelled before this time, and was not answered, may be part of a flood.
    private static let youngMilliseconds: Int64 = 1_000

    init(
        socket: StreamConnection,
        owner: any HTTP2SessionOwner,
        isServer: Bool,
        options: HTTP2Options,
        stats: HTTP2Stats,
        headBytesMax: Int
    ) {
        self.socket = socket
        self.owner = owner
        self.isServer = isServer
        self.options = options
        self.stats = stats
        let blockBytesMax = max(headBytesMax * 2, 32_768)
        reader = HTTP2FrameReader(
            maxFrameSize: Self.frameBytes,
            headerBlockBytesMax: blockBytesMax,
            continuationsMax: max(8, (blockBytesMax + Self.frameBytes - 1) / Self.frameBytes)
        )
        decoder = HPACKDecoder(
            tableSizeMax: Int(options.hpackTableBytes),
            allowsConnectProtocol: isServer && options.allowsConnect
        )
        receiveWindow = Int(options.connectionWindowBytes)
        var limits = HTTP2FloodLimits()
        limits.prioritiesPerStream = Int(options.priorityFramesPerStreamMax)
        limits.windowUpdatesPerDataFrame = Int(options.windowUpdatesPerDataFrameMax)
        limits.emptyFramesMax = Int(options.emptyInboundFramesMax)
        floods = HTTP2FloodCounters(limits: limits)
    }

    /// A header block has begun, and CONTINUATION must follow.
    var isInsideHeaderBlock: Bool { reader.isInsideHeaderBlock }
    var initialStreamWindow: Int { Int(options.streamWindowBytes) }
    var frameBytesMax: Int { min(Int(remote.maxFrameSize), Self.frameBytes) }
    /// Nothing more should be put into the socket's queue.
    var isCongested: Bool {
        guard socket.hasBacklog else { return false }
        return socket.output.count > Self.socketBacklogMax
            || outbound.all > Int(options.outboundFramesMax) / 2
    }

    // MARK: - Beginning

    /// Writes our SETTINGS, and the window of the connection.
    func start(headBytesMax: Int) {
        if !isServer { socket.write(HTTP2.preface) }
        var local = HTTP2Settings()
        local.headerTableSize = options.hpackTableBytes
        local.initialWindowSize = options.streamWindowBytes
        local.maxHeaderListSize = UInt32(clamping: headBytesMax)
        if isServer {
            local.maxConcurrentStreams = options.concurrentStreamsMax
            local.enablesConnectProtocol = options.allowsConnect
        } else {
            local.enablePush = false
        }
        unsafe socket.write(upTo: HTTP2FrameWriter.settingsByteCountMax) {
            unsafe HTTP2FrameWriter.write(settings: local, into: $0)
        }
        let extra = Int(options.connectionWindowBytes) - 65_535
        if extra > 0 { writeWindowUpdate(0, extra) }
    }

    // MARK: - Receiving

    /// Understands what it can; returns how many bytes that was.
    func receive(_ bytes: Span<UInt8>) -> Int {
        var offset = 0
        while socket.isOpen, !hasFailed {
            do throws(HTTP2Violation) {
                try checkOutbound()
                guard let next = try receiveFrame(bytes, from: &offset) else { return offset }
                offset = next
            } catch {
                fail(error)
                return bytes.count
            }
        }
        return bytes.count
    }

    /// nil where more bytes are needed; `offset` is then where they begin.
    private func receiveFrame(
        _ bytes: Span<UInt8>,
        from offset: inout Int
    ) throws(HTTP2Violation) -> Int? {
        switch try reader.next(in: bytes, from: offset) {
        case .more(let at):
            offset = at
            return nil
        case .data(let piece, let next):
            try received(piece, bytes)
            return next
        case .headers(let frame, let next):
            if frame.emptyFrames > 0 { try count(.emptyFrame) } else { floods.frameWithPayload() }
            if frame.dependsOnItself { try count(.priority) }
            switch frame.block {
            case .input(let range):
                try owner.received(frame, block: bytes.extracting(range))
            case .assembled:
                let block = reader.assembledBlock
                try owner.received(frame, block: block.span)
            }
            return next
        case .settings(let isAck, let payload, let next):
            if !isAck { try received(settings: bytes.extracting(payload)) }
            return next
        case .ping(let isAck, let opaque, let next):
            if isAck {
                owner.pingAnswered(opaque)
            } else {
                try count(.ping)
                unsafe write(upTo: HTTP2FrameWriter.pingByteCount, isControl: true) {
                    unsafe HTTP2FrameWriter.writePing(opaque: opaque, ack: true, into: $0)
                }
            }
            return next
        case .goAway(let last, let code, _, let next):
            owner.goAwayReceived(lastStreamID: last, code: HTTP2ErrorCode(received: code))
            return next
        case .windowUpdate(let id, let increment, let next):
            try received(windowUpdate: increment, on: id)
            return next
        case .reset(let id, let code, let next):
            try received(reset: HTTP2ErrorCode(received: code), on: id)
            return next
        case .priority(_, _, let next):
            try count(.priority)
            return next
        case .unknown(_, _, let next):
            try count(.unknownFrame)
            return next
        case .streamViolation(let violation, let next):
            try end(violation)
            return next
        }
    }

    private func received(
        _ piece: HTTP2DataPiece,
        _ bytes: Span<UInt8>
    ) throws(HTTP2Violation) {
        receiveWindow -= piece.flowControlled
        if receiveWindow < 0 { throw HTTP2Violation(.flowControl) }
        unacknowledged += piece.flowControlled
        if piece.isEmptyFrame { try count(.emptyFrame) } else { floods.frameWithPayload() }
        defer { refillConnection() }
        guard let stream = streams[piece.streamID] else {
            try receivedOnClosed(piece.streamID)
            return
        }
        guard !stream.hasReceivedEnd else {
            try end(HTTP2Violation(.streamClosed, streamID: piece.streamID))
            return
        }
        if !stream.receiveWindow.receive(piece.flowControlled) {
            try end(HTTP2Violation(.flowControl, streamID: piece.streamID))
            return
        }
        let data = bytes.extracting(piece.range)
        if let left = stream.receiveRemaining {
            let count = UInt64(data.count)
            guard count <= left, !piece.endStream || count == left else {
                try end(HTTP2Violation(.contentLengthMismatch, streamID: piece.streamID))
                return
            }
            stream.receiveRemaining = left - count
        }
        if !data.isEmpty { stream.receivedData(data) }
        // Whatever the data has set off, the stream may be gone, or another one's by now.
        if stream.isReset || stream.id != piece.streamID { return }
        if piece.endStream {
            ended(stream, hasTrailers: false)
        } else {
            refill(stream, wasPaused: false)
        }
    }

    /// The peer has ended its side of a stream.
    func ended(_ stream: HTTP2Stream, hasTrailers: Bool) {
        stream.hasReceivedEnd = true
        stream.receivedEnd(hasTrailers: hasTrailers)
        if stream.id != 0, stream.isClosed, !stream.isReset { close(stream) }
    }

    /// Frames that were on their way when this side reset the stream are ignored; others are an
    /// error.
    ///
    /// Of more resets than are remembered, no error is found in what comes for streams before them.
    func receivedOnClosed(_ id: UInt32) throws(HTTP2Violation) {
        let isIdle = isOwn(id) ? id > lastOwnStreamID : id > lastPeerStreamID
        if isIdle { throw HTTP2Violation(.idleStream) }
        if id <= forgottenResetMax || recentResets.contains(id) { return }
        try end(HTTP2Violation(.streamClosed, streamID: id))
    }

    private func isOwn(_ id: UInt32) -> Bool { (id & 1 == 0) == isServer }

    private func received(settings payload: Span<UInt8>) throws(HTTP2Violation) {
        try count(.settings)
        let changes = try remote.apply(payload, fromServer: !isServer)
        if let lowest = changes.lowestHeaderTableSize {
            encoder.limitTable(to: lowest)
            encoder.limitTable(to: remote.headerTableSize)
        }
        if changes.initialWindowDelta != 0 {
            for stream in streams.values {
                let window = Int64(stream.sendWindow) + changes.initialWindowDelta
                guard window <= Int64(HTTP2.windowMax) else {
                    throw HTTP2Violation(.windowOverflow)
                }
                stream.sendWindow = Int(window)
            }
        }
        hasRemoteSettings = true
        unsafe write(upTo: HTTP2FrameWriter.headerByteCount, isControl: true) {
            unsafe HTTP2FrameWriter.writeSettingsAck(into: $0)
        }
        owner.settingsChanged()
        if changes.initialWindowDelta > 0 { pump() }
    }

    private func received(
        windowUpdate increment: UInt32,
        on id: UInt32
    ) throws(HTTP2Violation) {
        try count(.windowUpdate)
        if id == 0 {
            sendWindow += Int(increment)
            if sendWindow > Int(HTTP2.windowMax) { throw HTTP2Violation(.windowOverflow) }
            pump()
            return
        }
        guard let stream = streams[id] else {
            let isIdle = isOwn(id) ? id > lastOwnStreamID : id > lastPeerStreamID
            if isIdle { throw HTTP2Violation(.idleStream) }
            return
        }
        stream.sendWindow += Int(increment)
        if stream.sendWindow > Int(HTTP2.windowMax) {
            try end(HTTP2Violation(.windowOverflow, streamID: id))
            return
        }
        if stream.isQueued { pump() }
    }

    private func received(
        reset code: HTTP2ErrorCode,
        on id: UInt32
    ) throws(HTTP2Violation) {
        stats.increment(.rxReset)
        guard let stream = streams[id] else {
            let isIdle = isOwn(id) ? id > lastOwnStreamID : id > lastPeerStreamID
            if isIdle { throw HTTP2Violation(.idleStream) }
            return
        }
        stream.isReset = true
        stream.pending.removeAll()
        let age = socket.loop.nowMilliseconds - stream.openedAt
        let isEarly = isServer && !stream.hasSentHead && age < Self.youngMilliseconds
        close(stream)
        stream.receivedReset(code)
        // Counted last, so that a flood's streams are gone when the connection ends.
        if isEarly { try count(.reset) }
    }

    // MARK: - Errors

    func count(_ what: HTTP2FloodCounters.Event) throws(HTTP2Violation) {
        guard let violation = floods.count(what, now: socket.loop.nowMilliseconds) else { return }
        stats.countFlood(what)
        throw violation
    }

    /// Frames of ours that the peer does not read are a flood, too.
    ///
    /// It ends the connection where frames are received: what writes goes on to use its stream.
    private func checkOutbound() throws(HTTP2Violation) {
        guard socket.hasBacklog else { return }
        if outbound.control > Int(options.outboundControlFramesMax) {
            stats.increment(.outboundControlFlood)
            throw HTTP2Violation(.outboundControlFlood)
        }
        if outbound.all > Int(options.outboundFramesMax) {
            stats.increment(.outboundFlood)
            throw HTTP2Violation(.outboundFlood)
        }
    }

    /// The same where nothing more is received, since too much waits.
    func failIfFlooded() {
        do throws(HTTP2Violation) {
            try checkOutbound()
        } catch {
            fail(error)
        }
    }

    /// A stream broke a rule: it is reset; too many of these end the connection.
    ///
    /// A malformed message of a client ends the connection at once, unless the configuration says
    /// otherwise.
    func end(_ violation: HTTP2Violation, isMalformed: Bool = false) throws(HTTP2Violation) {
        if violation.endsConnection { throw violation }
        stats.increment(.rxMessagingError)
        if let stream = streams[violation.streamID] {
            stream.violated(violation)
            if !stream.isReset, stream.id == violation.streamID { stream.reset(violation.code) }
        } else {
            writeReset(id: violation.streamID, violation.code)
        }
        try count(.streamError)
        if isMalformed, isServer, !options.endsOnlyStreamOnInvalidMessage {
            throw HTTP2Violation(ofConnection: violation)
        }
    }

    /// The same for a malformed message where nothing can be thrown.
    func endOrFail(_ violation: HTTP2Violation) {
        do throws(HTTP2Violation) {
            try end(violation, isMalformed: true)
        } catch {
            fail(error)
        }
    }

    /// Ends the connection with GOAWAY.
    func fail(_ violation: HTTP2Violation) {
        guard !hasFailed else { return }
        hasFailed = true
        if violation.isContinuationFlood { stats.increment(.continuationFlood) }
        writeGoAway(lastPeerStreamID, violation.code, debug: violation.details)
        owner.sessionFailed(violation)
    }

    /// Every stream hears that the connection is gone.
    func loseStreams(_ reason: HTTP2ConnectionLoss) {
        let open = streams.values
        streams = [:]
        queued = []
        stats.subtract(.streamsActive, UInt64(open.count))
        // One that is told may end another, which is then of no connection any more.
        for stream in open where stream.id != 0 && !stream.isReset {
            stream.isReset = true
            stream.connectionLost(reason)
        }
        floods.activeStreams = 0
    }

    // MARK: - Streams

    func add(_ stream: HTTP2Stream) {
        streams[stream.id] = stream
        floods.streamOpened()
        floods.activeStreams = streams.count
        stats.increment(.streamsActive)
    }

    func close(_ stream: HTTP2Stream) {
        guard streams.removeValue(forKey: stream.id) != nil else { return }
        floods.activeStreams = streams.count
        stats.decrement(.streamsActive)
        if stream.isQueued {
            queued.removeAll { $0 === stream }
            stream.isQueued = false
        }
        stream.closed()
        owner.streamClosed(stream)
    }
}
