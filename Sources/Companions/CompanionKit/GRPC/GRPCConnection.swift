import Model
import Wire

/// One HTTP/2 connection as a client that has one stream at a time.
///
/// Used by one thread.
final class GRPCConnection {
    private let stream: ClientStream
    private var reader = HTTP2FrameReader()
    private var decoder = HPACKDecoder()
    private var encoder = HPACKEncoder()
    private var peer = HTTP2Settings()
    private var hasBegun = false
    private var nextStreamID: UInt32 = 1
    /// Bytes that may be sent on the connection.
    private var connectionWindow: Int64 = 65_535
    /// Bytes that may be sent on the stream.
    private var streamWindow: Int64 = 65_535
    private var isEnding = false
    private var hasFailed = false
    /// Bytes that came and were not read as frames.
    private var pending: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 32 << 10)
    private var received = Received(messageMax: 0)
    /// True while nothing of the answer to the last call has come.
    private(set) var isUntouched = true
    private let head = Head()

    /// What has come of the answer.
    private struct Received {
        var messageMax: Int
        var httpStatus = 0
        var hasHead = false
        var isOver = false
        var isTooLong = false
        var body: [UInt8] = []
        var status: GRPCStatus?
        var details: String?
        var isCompressed = false
        var isGRPC = true

        init(messageMax: Int) { self.messageMax = messageMax }
    }

    init(_ stream: ClientStream) { self.stream = stream }

    func close() { stream.close() }

    /// True where another call may be made on it.
    var isUsable: Bool {
        guard !hasFailed, !isEnding, nextStreamID < 0x7fff_0000 else { return false }
        guard stream.isStale else { return true }
        // Settings, pings and a farewell may have come between two calls.
        do throws(GRPCClient.Failure) {
            try readIfAny()
            return !isEnding
        } catch {
            hasFailed = true
            return false
        }
    }

    // MARK: - A call

    func call(
        _ request: Head,
        _ message: [UInt8],
        isCompressed: Bool,
        messageMax: Int,
        _ deadline: Deadline
    ) throws(GRPCClient.Failure) -> GRPCAnswer {
        received = Received(messageMax: messageMax)
        isUntouched = true
        streamWindow = Int64(peer.initialWindowSize)
        let id = nextStreamID
        nextStreamID += 2
        do throws(GRPCClient.Failure) {
            var out: [UInt8] = []
            if !hasBegun { begin(&out) }
            appendHeaders(request, id, &out)
            try write(out, deadline)
            try send(message, isCompressed, id, deadline)
            while !received.isOver { try readSome(deadline) }
        } catch {
            hasFailed = true
            throw error
        }
        return answer()
    }

    /// The preface and our settings: no pushes, and a window that any answer fits into.
    private func begin(_ out: inout [UInt8]) {
        hasBegun = true
        out += Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        var settings = HTTP2Settings()
        settings.enablePush = false
        settings.initialWindowSize = 8 << 20
        out += unsafe Self.frame(HTTP2FrameWriter.settingsByteCountMax) { buffer in
            unsafe HTTP2FrameWriter.write(settings: settings, into: buffer)
        }
        out += unsafe Self.frame(HTTP2FrameWriter.windowUpdateByteCount) { buffer in
            unsafe HTTP2FrameWriter.writeWindowUpdate(
                streamID: 0,
                increment: 8 << 20,
                into: buffer
            )
        }
    }

    private func appendHeaders(_ request: Head, _ id: UInt32, _ out: inout [UInt8]) {
        let blockMax = HPACKEncoder.byteCountMax(request)
        let size = Int(peer.maxFrameSize)
        let room = HTTP2FrameWriter.headerBlockByteCount(block: blockMax, maxFrameSize: size)
        var memory = [UInt8](repeating: 0, count: room + HTTP2FrameWriter.headerByteCount)
        let count = unsafe memory.withUnsafeMutableBytes { buffer in
            let place = unsafe UnsafeMutableRawBufferPointer(
                rebasing: buffer[HTTP2FrameWriter.headerByteCount...]
            )
            let block = unsafe encoder.encode(request: request, into: place)
            return unsafe HTTP2FrameWriter.frameHeaderBlock(
                block,
                in: buffer,
                streamID: id,
                endStream: false,
                maxFrameSize: size
            )
        }
        out += memory[..<count]
    }

    /// Sends the message within the windows that the peer gives.
    private func send(
        _ message: [UInt8],
        _ isCompressed: Bool,
        _ id: UInt32,
        _ deadline: Deadline
    ) throws(GRPCClient.Failure) {
        let length = UInt32(truncatingIfNeeded: message.count)
        guard message.count <= 0x7fff_ffff else { throw .unwritable("the message is too long") }
        var prefix: [UInt8] = [isCompressed ? 1 : 0]
        for shift in [24, 16, 8, 0] as [UInt32] {
            prefix.append(UInt8(truncatingIfNeeded: length >> shift))
        }
        let total = prefix.count + message.count
        var offset = 0
        while offset < total || total == 0 {
            // An answer that comes before the end of the request ends it.
            if received.isOver { return }
            let allowed = min(connectionWindow, streamWindow, Int64(peer.maxFrameSize))
            guard allowed > 0 else {
                try readSome(deadline)
                continue
            }
            let count = min(Int(allowed), total - offset)
            var frame = unsafe Self.frame(HTTP2FrameWriter.headerByteCount) { buffer in
                unsafe HTTP2FrameWriter.writeHeader(
                    length: count,
                    type: .data,
                    flags: offset + count == total ? .endStream : [],
                    streamID: id,
                    into: buffer
                )
            }
            let fromPrefix = min(max(prefix.count - offset, 0), count)
            if fromPrefix > 0 { frame += prefix[offset..<offset + fromPrefix] }
            let start = max(offset - prefix.count, 0)
            frame += message[start..<start + count - fromPrefix]
            try write(frame, deadline)
            offset += count
            connectionWindow -= Int64(count)
            streamWindow -= Int64(count)
            // Settings, pings and an early answer are read as they come.
            if stream.isStale { try readIfAny() }
        }
    }

    private func answer() -> GRPCAnswer {
        var answer = GRPCAnswer(
            status: received.status ?? GRPCStatus(.unknown, "the peer says no status"),
            message: [],
            details: received.details,
            isFromPeer: received.status != nil
        )
        if received.status == nil, received.httpStatus != 200 {
            answer.status = GRPCStatus(httpStatus: received.httpStatus)
        } else if !received.isGRPC, received.status == nil {
            answer.status = GRPCStatus(.unknown, "the peer's answer is no gRPC")
        }
        guard answer.status.code == .ok else { return answer }
        let body = received.body
        guard !received.isTooLong else {
            answer.status = GRPCStatus(.resourceExhausted, "the answer is too long")
            return answer
        }
        if body.isEmpty { return answer }
        guard body.count >= 5 else {
            answer.status = GRPCStatus(.internal, "the answer's message is torn")
            answer.isFromPeer = false
            return answer
        }
        let length = body[1...4].reduce(0) { $0 << 8 | Int($1) }
        guard body.count - 5 == length else {
            answer.status = GRPCStatus(.internal, "the answer's message is torn")
            answer.isFromPeer = false
            return answer
        }
        // We offered no compression: what is compressed all the same is not looked into.
        if body[0] == 0 { answer.message = Array(body[5...]) }
        return answer
    }

    // MARK: - Reading

    /// Reads what has come: of TLS that may be nothing that concerns HTTP/2, so it does not wait long.
    private func readIfAny() throws(GRPCClient.Failure) {
        do throws(GRPCClient.Failure) {
            try readSome(Deadline(milliseconds: 50))
        } catch .stream(.timedOut) {
            return
        } catch {
            throw error
        }
    }

    private func readSome(_ deadline: Deadline) throws(GRPCClient.Failure) {
        let count: Int
        do throws(StreamFailure) {
            count = try stream.read(into: &buffer, deadline: deadline)
        } catch {
            throw .stream(error)
        }
        guard count > 0 else { throw .stream(.closed) }
        pending += buffer[..<count]
        let bytes = pending
        var offset = 0
        var out: [UInt8] = []
        do throws(HTTP2Violation) {
            while true {
                let event = try reader.next(in: bytes.span, from: offset)
                guard let next = try take(event, bytes, &out) else {
                    guard case .more(let at) = event else { break }
                    pending.removeFirst(at)
                    break
                }
                offset = next
            }
        } catch {
            throw .malformed("it breaks a rule of HTTP/2: \(error)")
        }
        if !out.isEmpty { try write(out, deadline) }
        if let failure = pendingFailure {
            pendingFailure = nil
            throw failure
        }
    }

    private var pendingFailure: GRPCClient.Failure?
    private var currentID: UInt32 { nextStreamID - 2 }

    /// Takes one event; nil where there are no more.
    private func take(
        _ event: HTTP2FrameEvent,
        _ bytes: [UInt8],
        _ out: inout [UInt8]
    ) throws(HTTP2Violation) -> Int? {
        switch event {
        case .more: return nil
        case .data(let piece, let next):
            takeData(piece, bytes, &out)
            return next
        case .headers(let frame, let next):
            try takeHeaders(frame, bytes)
            return next
        case .settings(let isAcknowledgement, let payload, let next):
            guard !isAcknowledgement else { return next }
            let changes = try peer.apply(bytes.span.extracting(payload), fromServer: true)
            streamWindow += changes.initialWindowDelta
            if let lowest = changes.lowestHeaderTableSize {
                encoder.limitTable(to: lowest)
                encoder.limitTable(to: peer.headerTableSize)
            }
            out += unsafe Self.frame(HTTP2FrameWriter.headerByteCount) { buffer in
                unsafe HTTP2FrameWriter.writeSettingsAck(into: buffer)
            }
            return next
        case .ping(let isAcknowledgement, let opaque, let next):
            if !isAcknowledgement {
                out += unsafe Self.frame(HTTP2FrameWriter.pingByteCount) { buffer in
                    unsafe HTTP2FrameWriter.writePing(opaque: opaque, ack: true, into: buffer)
                }
            }
            return next
        case .goAway(let last, let code, let debug, let next):
            isEnding = true
            if hasBegun, nextStreamID > 1, last < currentID, !received.isOver {
                let words = String(decoding: bytes[debug].prefix(100), as: UTF8.self)
                pendingFailure = .notProcessed("the peer says goodbye (\(code)) \(words)")
            }
            return next
        case .windowUpdate(let id, let increment, let next):
            if id == 0 {
                connectionWindow += Int64(increment)
            } else if nextStreamID > 1, id == currentID {
                streamWindow += Int64(increment)
            }
            guard connectionWindow <= Int64(HTTP2.windowMax),
                streamWindow <= Int64(HTTP2.windowMax)
            else {
                pendingFailure = .malformed("a window is too large")
                return next
            }
            return next
        case .reset(let id, let code, let next):
            if nextStreamID > 1, id == currentID, !received.isOver {
                // REFUSED_STREAM says that nothing was done. An error after the whole status is none.
                if received.status != nil {
                    received.isOver = true
                } else {
                    pendingFailure =
                        code == 7 ? .notProcessed("the stream was refused") : .reset(code)
                }
            }
            return next
        case .priority(_, _, let next), .unknown(_, _, let next): return next
        case .streamViolation(let violation, _): throw violation
        }
    }

    private func takeData(
        _ piece: HTTP2DataPiece,
        _ bytes: [UInt8],
        _ out: inout [UInt8]
    ) {
        if piece.flowControlled > 0 {
            // The window of the connection stays as large as it is; that of the stream is large enough
            // for every message that is taken.
            let increment = UInt32(truncatingIfNeeded: piece.flowControlled)
            out += unsafe Self.frame(HTTP2FrameWriter.windowUpdateByteCount) { buffer in
                unsafe HTTP2FrameWriter.writeWindowUpdate(
                    streamID: 0,
                    increment: increment,
                    into: buffer
                )
            }
        }
        guard nextStreamID > 1, piece.streamID == currentID, !received.isOver else { return }
        isUntouched = false
        if received.body.count + piece.range.count <= received.messageMax + 5 {
            received.body += bytes[piece.range]
        } else {
            received.isTooLong = true
            pendingFailure = .malformed("its message is longer than \(received.messageMax) bytes")
        }
        if piece.endStream { received.isOver = true }
    }

    private func takeHeaders(_ frame: HTTP2HeadersFrame, _ bytes: [UInt8]) throws(HTTP2Violation) {
        let block = self.block(frame, bytes)
        let head = head
        let isTrailers = received.hasHead
        let info = try decoder.decode(
            block.span,
            into: head,
            as: isTrailers ? .trailers : .response,
            limits: HeadLimits(),
            streamID: frame.streamID
        )
        guard nextStreamID > 1, frame.streamID == currentID, !received.isOver else { return }
        isUntouched = false
        if info.isInterim { return }
        if !isTrailers {
            received.hasHead = true
            received.httpStatus = Int(head.status)
            received.isGRPC = field("content-type")?.hasPrefix("application/grpc") ?? false
        }
        if let text = field("grpc-status") {
            let code = Int(text).flatMap { GRPCStatus.Code(rawValue: $0) } ?? .unknown
            received.status = GRPCStatus(code, Self.decoded(field("grpc-message") ?? ""))
            received.details = field("grpc-status-details-bin")
        }
        if frame.endStream { received.isOver = true }
    }

    private func block(_ frame: HTTP2HeadersFrame, _ bytes: [UInt8]) -> [UInt8] {
        switch frame.block {
        case .input(let range): Array(bytes[range])
        case .assembled: reader.assembledBlock
        }
    }

    private func field(_ name: String) -> String? {
        let head = head
        let bytes = Array(name.utf8)
        guard let value = head.first(named: bytes.span) else { return nil }
        let span = head.span(value)
        return unsafe span.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// Percent-decoded, and no longer than a message should be.
    static func decoded(_ text: String) -> String {
        let bytes = Array(text.utf8.prefix(1024))
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x25, index + 2 < bytes.count,
                let value = UInt8(
                    String(decoding: bytes[index + 1...index + 2], as: UTF8.self),
                    radix: 16
                )
            {
                out.append(value < 0x20 ? 0x20 : value)
                index += 3
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    // MARK: - Writing

    private func write(_ bytes: [UInt8], _ deadline: Deadline) throws(GRPCClient.Failure) {
        do throws(StreamFailure) {
            try stream.write(bytes.span, deadline: deadline)
        } catch {
            throw .stream(error)
        }
    }

    private static func frame(
        _ countMax: Int,
        _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: countMax)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe body($0) }
        bytes.removeLast(countMax - count)
        return bytes
    }
}
