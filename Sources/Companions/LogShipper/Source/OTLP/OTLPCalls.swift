import CompanionKit
import Model
import Wire

/// OTLP over HTTP/2: calls of `LogsService/Export` by gRPC, and OTLP/HTTP as well.
final class OTLPCalls: OTLPConnection.Speaker {
    private static let limits = HeadLimits(headBytesMax: 16 << 10, headerCountMax: 64)
    private static let streamsMax = 100
    private static let streamWindow: UInt32 = 1 << 20
    private static let connectionWindow: UInt32 = 8 << 20

    private let connection: ServerConnection
    private let source: OTLPSource
    private var reader = HTTP2FrameReader(headerBlockBytesMax: 32 << 10)
    private var decoder = HPACKDecoder()
    private var encoder = HPACKEncoder()
    private var peer = HTTP2Settings()
    private var floods = HTTP2FloodCounters()
    private var streams: [UInt32: OTLPCall] = [:]
    /// Answers whose data the peer's window has no room for.
    private var waiting: [UInt32: OTLPCallAnswer] = [:]
    private var lastStream: UInt32 = 0
    private var sendWindow: Int64 = 65_535
    private var pending: [UInt8] = []
    private var isOver = false
    private let head = Head()
    private var out: [UInt8] = []

    init(_ connection: ServerConnection, source: OTLPSource) {
        self.connection = connection
        self.source = source
    }

    /// Our settings, and a window for the bodies of several calls.
    func start() {
        var settings = HTTP2Settings()
        settings.maxConcurrentStreams = UInt32(Self.streamsMax)
        settings.initialWindowSize = Self.streamWindow
        settings.maxHeaderListSize = UInt32(Self.limits.headBytesMax)
        unsafe write(HTTP2FrameWriter.settingsByteCountMax) { buffer in
            unsafe HTTP2FrameWriter.write(settings: settings, into: buffer)
        }
        writeWindowUpdate(0, Self.connectionWindow)
        flush()
    }

    func ended() {
        isOver = true
        for call in streams.values { call.release() }
        streams = [:]
        waiting = [:]
    }

    func received(_ bytes: Span<UInt8>) {
        guard !isOver else { return }
        JSONWriter.append(bytes, &pending)
        let all = pending
        var offset = 0
        do throws(HTTP2Violation) {
            while !isOver {
                let event = try reader.next(in: all.span, from: offset)
                if case .more(let at) = event {
                    pending.removeFirst(at)
                    break
                }
                offset = try take(event, all)
            }
        } catch {
            end(error)
            return
        }
        guard !isOver else { return }
        checkTimes()
        flush()
    }

    private func checkTimes() {
        let now = EngineLoop.now
        for (id, call) in streams where now - call.began > OTLPConnection.requestTime {
            reset(id, .cancel)
        }
        connection.idleTimeout =
            streams.isEmpty ? OTLPConnection.connectionIdle : OTLPConnection.requestIdle
    }

    /// Says goodbye and closes.
    private func end(_ violation: HTTP2Violation) {
        source.complain(
            "a peer breaks a rule of HTTP/2",
            "\(connection.peer): \(violation.explanation)"
        )
        unsafe write(HTTP2FrameWriter.goAwayByteCount(debug: violation.details)) { buffer in
            unsafe HTTP2FrameWriter.writeGoAway(
                lastStreamID: lastStream,
                code: violation.code,
                debug: violation.details,
                into: buffer
            )
        }
        flush()
        ended()
        connection.close()
    }

    // MARK: - Frames

    /// Takes one event; returns where the next one begins.
    private func take(_ event: HTTP2FrameEvent, _ bytes: [UInt8]) throws(HTTP2Violation) -> Int {
        switch event {
        case .more(let at): return at
        case .data(let piece, let next):
            if piece.isEmptyFrame { try count(.emptyFrame) } else { floods.frameWithPayload() }
            try takeData(piece, bytes)
            return next
        case .headers(let frame, let next):
            try takeHeaders(frame, bytes)
            return next
        case .settings(let isAcknowledgement, let payload, let next):
            guard !isAcknowledgement else { return next }
            try count(.settings)
            try takeSettings(bytes.span.extracting(payload))
            return next
        case .ping(let isAcknowledgement, let opaque, let next):
            guard !isAcknowledgement else { return next }
            try count(.ping)
            unsafe write(HTTP2FrameWriter.pingByteCount) { buffer in
                unsafe HTTP2FrameWriter.writePing(opaque: opaque, ack: true, into: buffer)
            }
            return next
        case .windowUpdate(let id, let increment, let next):
            try count(.windowUpdate)
            try widen(id, Int64(increment))
            return next
        case .reset(let id, _, let next):
            if streams[id] != nil { try count(.reset) }
            waiting[id] = nil
            remove(id)
            return next
        case .priority(_, _, let next):
            try count(.priority)
            return next
        case .unknown(_, _, let next):
            try count(.unknownFrame)
            return next
        case .goAway(_, _, _, let next): return next
        case .streamViolation(let violation, let next):
            try count(.streamError)
            reset(violation.streamID, violation.code)
            return next
        }
    }

    private func count(_ event: HTTP2FloodCounters.Event) throws(HTTP2Violation) {
        if let violation = floods.count(event, now: EngineLoop.now) { throw violation }
    }

    private func takeSettings(_ payload: Span<UInt8>) throws(HTTP2Violation) {
        let changes = try peer.apply(payload, fromServer: false)
        for id in Array(waiting.keys) {
            waiting[id]?.window += changes.initialWindowDelta
        }
        for call in streams.values { call.sendWindow += changes.initialWindowDelta }
        if let lowest = changes.lowestHeaderTableSize {
            encoder.limitTable(to: lowest)
            encoder.limitTable(to: peer.headerTableSize)
        }
        unsafe write(HTTP2FrameWriter.headerByteCount) { buffer in
            unsafe HTTP2FrameWriter.writeSettingsAck(into: buffer)
        }
        sendWaiting()
    }

    private func widen(_ id: UInt32, _ increment: Int64) throws(HTTP2Violation) {
        if id == 0 {
            sendWindow += increment
            guard sendWindow <= Int64(HTTP2.windowMax) else {
                throw HTTP2Violation(
                    code: .flowControlError,
                    details: "http2.window_overflow",
                    explanation: "A window of flow control is larger than 2^31-1."
                )
            }
        } else if let call = streams[id] {
            call.sendWindow += increment
            if call.sendWindow > Int64(HTTP2.windowMax) { reset(id, .flowControlError) }
        } else if waiting[id] != nil {
            waiting[id]?.window += increment
        }
        sendWaiting()
    }

    private func takeData(_ piece: HTTP2DataPiece, _ bytes: [UInt8]) throws(HTTP2Violation) {
        guard piece.streamID <= lastStream else {
            throw HTTP2Violation(
                code: .protocolError,
                details: "http2.idle_stream",
                explanation: "A frame is for a stream that was never opened."
            )
        }
        let call = streams[piece.streamID]
        if piece.flowControlled > 0 {
            let increment = UInt32(truncatingIfNeeded: piece.flowControlled)
            writeWindowUpdate(0, increment)
            if call != nil, !piece.endStream { writeWindowUpdate(piece.streamID, increment) }
        }
        guard let call else { return }
        if let refusal = call.add(bytes[piece.range], source) {
            answer(piece.streamID, call, refusal)
            reset(piece.streamID, .noError)
            return
        }
        if piece.endStream { finish(piece.streamID, call) }
    }

    private func takeHeaders(_ frame: HTTP2HeadersFrame, _ bytes: [UInt8]) throws(HTTP2Violation) {
        let id = frame.streamID
        let isNew = id > lastStream
        let block: [UInt8] =
            switch frame.block {
            case .input(let range): Array(bytes[range])
            case .assembled: reader.assembledBlock
            }
        if isNew, id % 2 == 0 {
            throw HTTP2Violation(
                code: .protocolError,
                details: "http2.even_stream",
                explanation: "A client opens a stream with an even number."
            )
        }
        if isNew { lastStream = id }
        do throws(HTTP2Violation) {
            // What is not wanted is decoded too: the table is shared by all.
            _ = try decoder.decode(
                block.span,
                into: head,
                as: isNew ? .request : .trailers,
                limits: Self.limits,
                streamID: id
            )
        } catch {
            if error.endsConnection { throw error }
            try count(.streamError)
            reset(id, error.code)
            return
        }
        guard isNew else {
            if let call = streams[id] {
                if frame.endStream { finish(id, call) } else { reset(id, .protocolError) }
            }
            return
        }
        floods.streamOpened()
        guard streams.count + waiting.count < Self.streamsMax else {
            try count(.streamError)
            reset(id, .refusedStream)
            return
        }
        let call = OTLPCall(head, window: Int64(peer.initialWindowSize))
        streams[id] = call
        floods.activeStreams = streams.count
        if frame.endStream {
            finish(id, call)
        } else if let refusal = call.refusal ?? source.busy {
            answer(id, call, refusal)
            reset(id, .noError)
        }
    }

    // MARK: - Calls

    private func finish(_ id: UInt32, _ call: OTLPCall) {
        answer(id, call, call.refusal ?? call.finish(source))
    }

    private func remove(_ id: UInt32) {
        streams[id]?.release()
        streams[id] = nil
        floods.activeStreams = streams.count
    }

    private func answer(_ id: UInt32, _ call: OTLPCall, _ outcome: OTLPOutcome) {
        switch outcome {
        case .taken, .busy: break
        default: source.complain("a request was refused", "\(connection.peer): \(outcome.words)")
        }
        let answer = OTLPCallAnswer(outcome, for: call)
        answer.writeHead(into: head)
        writeHead(id, endsStream: answer.data.isEmpty && answer.trailers == nil, isTrailers: false)
        remove(id)
        if answer.data.isEmpty, answer.trailers == nil { return }
        waiting[id] = answer
        sendWaiting()
    }

    /// Sends the data of answers, as far as the windows of the peer allow.
    private func sendWaiting() {
        guard !waiting.isEmpty else { return }
        for id in waiting.keys.sorted() {
            guard let answer = waiting[id] else { continue }
            let count = Int64(answer.data.count)
            guard count == 0 || count <= min(sendWindow, answer.window) else { continue }
            waiting[id] = nil
            sendWindow -= count
            // No answer is longer than the smallest frame that a peer must take.
            unsafe write(HTTP2FrameWriter.headerByteCount) { buffer in
                unsafe HTTP2FrameWriter.writeHeader(
                    length: answer.data.count,
                    type: .data,
                    flags: answer.trailers == nil ? .endStream : [],
                    streamID: id,
                    into: buffer
                )
            }
            out += answer.data
            floods.dataFrameSent()
            if let status = answer.trailers {
                head.reset()
                OTLPCallAnswer.add("grpc-status", "\(status)", to: head)
                writeHead(id, endsStream: true, isTrailers: true)
            }
        }
    }

    private func reset(_ id: UInt32, _ code: HTTP2ErrorCode) {
        // An answer that still waits would be cut off.
        if code == .noError, waiting[id] != nil { return }
        waiting[id] = nil
        remove(id)
        unsafe write(HTTP2FrameWriter.resetByteCount) { buffer in
            unsafe HTTP2FrameWriter.writeReset(streamID: id, code: code, into: buffer)
        }
    }

    // MARK: - Writing

    /// Writes what stands in `head`.
    private func writeHead(_ id: UInt32, endsStream: Bool, isTrailers: Bool) {
        let size = Int(peer.maxFrameSize)
        let blockMax = HPACKEncoder.byteCountMax(head)
        let room = HTTP2FrameWriter.headerBlockByteCount(block: blockMax, maxFrameSize: size)
        let head = head
        unsafe write(room + HTTP2FrameWriter.headerByteCount) { buffer in
            let place = unsafe UnsafeMutableRawBufferPointer(
                rebasing: buffer[HTTP2FrameWriter.headerByteCount...]
            )
            let block =
                isTrailers
                ? unsafe encoder.encode(trailers: head, into: place)
                : unsafe encoder.encode(response: head, into: place)
            return unsafe HTTP2FrameWriter.frameHeaderBlock(
                block,
                in: buffer,
                streamID: id,
                endStream: endsStream,
                maxFrameSize: size
            )
        }
        floods.headersSent()
    }

    private func writeWindowUpdate(_ id: UInt32, _ increment: UInt32) {
        unsafe write(HTTP2FrameWriter.windowUpdateByteCount) { buffer in
            unsafe HTTP2FrameWriter.writeWindowUpdate(
                streamID: id,
                increment: increment,
                into: buffer
            )
        }
    }

    private func write(_ countMax: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        var frame = [UInt8](repeating: 0, count: countMax)
        let count = unsafe frame.withUnsafeMutableBytes { unsafe body($0) }
        out += frame[..<count]
    }

    private func flush() {
        guard !out.isEmpty else { return }
        let bytes = out
        out = []
        connection.send(bytes)
    }
}
