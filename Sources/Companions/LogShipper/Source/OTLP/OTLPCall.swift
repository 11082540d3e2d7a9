import CompanionKit
import Model

/// One request on a stream of HTTP/2.
final class OTLPCall {
    static let path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

    let request: OTLPRequestHead
    let isGRPC: Bool
    let began = EngineLoop.now
    /// Bytes that the peer lets us send on it.
    var sendWindow: Int64
    private let encoding: String
    private var body: [UInt8] = []
    private var held = 0
    private weak var holder: OTLPSource?

    init(_ head: Head, window: Int64) {
        request = OTLPRequestHead(head)
        encoding = OTLPRequestHead.field("grpc-encoding", head).lowercased()
        isGRPC =
            request.contentType == "application/grpc"
            || request.contentType.hasPrefix("application/grpc+")
        sendWindow = window
    }

    deinit { release() }

    /// Why it can't be what its head says, or nil.
    var refusal: OTLPOutcome? {
        guard isGRPC else { return request.refusal }
        guard request.isPost, request.path == Self.path else {
            return .unknown("there is no method \(request.path): logs go to \(Self.path)")
        }
        let type = request.contentType
        guard type == "application/grpc" || type == "application/grpc+proto" else {
            return .unsupported("the content type \(type) is not known: there is application/grpc")
        }
        guard ["", "identity", "gzip"].contains(encoding) else {
            return .unsupported("the encoding \(encoding) is not known: there is gzip")
        }
        return nil
    }

    /// Keeps a part of the body, or says why not.
    func add(_ bytes: ArraySlice<UInt8>, _ source: OTLPSource) -> OTLPOutcome? {
        let limit = source.options.messageBytesMax
        guard body.count + bytes.count <= limit + (isGRPC ? 5 : 0) else {
            return .tooLarge("received message larger than max (\(limit) bytes)")
        }
        guard source.hold(bytes.count) else {
            return .busy("too many requests are on their way at once")
        }
        holder = source
        held += bytes.count
        body += bytes
        if isGRPC, body.count >= 5, messageCount > limit {
            return .tooLarge("received message larger than max (\(messageCount) vs. \(limit))")
        }
        return nil
    }

    func release() {
        holder?.release(held)
        held = 0
        body = []
    }

    private var messageCount: Int { body[1...4].reduce(0) { $0 << 8 | Int($1) } }

    /// The request is whole.
    func finish(_ source: OTLPSource) -> OTLPOutcome {
        guard isGRPC else {
            guard let form = request.form else { return .unreadable("the request has no form") }
            return source.take(body, form, isCompressed: request.isCompressed)
        }
        guard body.count >= 5, messageCount == body.count - 5, body[0] <= 1 else {
            return .unreadable("the call has not one whole message")
        }
        let isCompressed = body[0] == 1
        if isCompressed, encoding != "gzip" {
            return .unreadable("the message is compressed, and the call does not say how")
        }
        return source.take(Array(body[5...]), .protobuf, isCompressed: isCompressed)
    }
}

/// What goes back on a stream: a head, and perhaps data and trailers.
struct OTLPCallAnswer {
    var data: [UInt8] = []
    /// The status of gRPC, where it comes after data.
    var trailers: Int?
    /// Bytes that the peer lets us send on the stream.
    var window: Int64
    private let status: UInt16
    private var fields: [(name: String, value: String)] = []

    init(_ outcome: OTLPOutcome, for call: OTLPCall) {
        window = call.sendWindow
        guard call.isGRPC else {
            let isJSON = call.request.form != .protobuf
            data = isJSON ? outcome.json() : outcome.protobuf()
            status =
                outcome.status == 404 && call.request.path == "/v1/logs" ? 405 : outcome.status
            fields = [
                ("content-type", isJSON ? "application/json" : "application/x-protobuf"),
                ("content-length", "\(data.count)"),
            ]
            if case .busy = outcome {
                fields.append(("retry-after", "\(OTLPOutcome.retrySeconds)"))
            }
            return
        }
        status = 200
        fields = [("content-type", "application/grpc")]
        if case .taken = outcome {
            let message = outcome.protobuf()
            let count = UInt32(truncatingIfNeeded: message.count)
            data = [0]
            for shift in [24, 16, 8, 0] as [UInt32] {
                data.append(UInt8(truncatingIfNeeded: count >> shift))
            }
            data += message
            trailers = 0
            return
        }
        fields.append(("grpc-status", "\(outcome.callStatus.rawValue)"))
        fields.append(("grpc-message", Self.escaped(outcome.words)))
        if case .unsupported = outcome { fields.append(("grpc-accept-encoding", "gzip")) }
        if case .busy = outcome {
            fields.append(("grpc-status-details-bin", Base64.encode(outcome.statusMessage())))
        }
    }

    func writeHead(into head: Head) {
        head.reset()
        head.majorVersion = 2
        head.status = status
        for (name, value) in fields { Self.add(name, value, to: head) }
    }

    static func add(_ name: String, _ value: String, to head: Head) {
        let name = Array(name.utf8)
        let value = Array(value.utf8)
        let nameSlice = head.append(name.span)
        head.addLine(name: nameSlice, value: head.append(value.span))
    }

    /// Percent-encoded, as gRPC has its messages.
    private static func escaped(_ text: String) -> String {
        var out: [UInt8] = []
        for byte in text.utf8.prefix(1024) {
            if byte >= 0x20, byte < 0x7f, byte != 0x25 {
                out.append(byte)
            } else {
                out.append(0x25)
                for nibble in [byte >> 4, byte & 15] {
                    out.append(nibble < 10 ? 0x30 + nibble : 0x37 + nibble)
                }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
