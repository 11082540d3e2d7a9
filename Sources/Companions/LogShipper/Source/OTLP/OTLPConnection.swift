import Model
import Wire

/// What a request says of itself before its body.
struct OTLPRequestHead {
    var isPost: Bool
    var path: String
    var contentType: String
    var contentEncoding: String

    init(_ head: Head) {
        isPost = head.method == .post
        path = Self.text(head.span(head.pathWithoutQuery))
        var type = Self.field("content-type", head)
        // Parameters (`charset=utf-8`) change nothing.
        if let semicolon = type.firstIndex(of: ";") { type = String(type[..<semicolon]) }
        contentType = type.filter { $0 != " " }.lowercased()
        contentEncoding = Self.field("content-encoding", head).lowercased()
    }

    static func field(_ name: String, _ head: Head) -> String {
        let bytes = Array(name.utf8)
        guard let value = head.first(named: bytes.span) else { return "" }
        return text(head.span(value))
    }

    private static func text(_ bytes: Span<UInt8>) -> String {
        unsafe bytes.extracting(0..<min(bytes.count, 512)).withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }

    /// How the body is written; nil for a type that is none.
    var form: OTLPSource.Form? {
        switch contentType {
        case "application/x-protobuf", "application/protobuf": .protobuf
        case "application/json": .json
        default: nil
        }
    }

    var isCompressed: Bool { contentEncoding == "gzip" }

    /// Why a request of OTLP/HTTP can't be what it says, or nil.
    var refusal: OTLPOutcome? {
        if path != "/v1/logs" { return .unknown("there is no \(path): logs go to /v1/logs") }
        if !isPost { return .unknown("logs are sent with POST") }
        if form == nil {
            return .unsupported(
                "the content type is \(contentType.isEmpty ? "missing" : contentType): there are "
                    + "application/x-protobuf and application/json"
            )
        }
        if !["", "identity", "gzip"].contains(contentEncoding) {
            return .unsupported(
                "the content encoding \(contentEncoding) is not known: there is gzip"
            )
        }
        return nil
    }
}

/// One connection of a peer that sends logs: finds out which HTTP it speaks.
final class OTLPConnection: ConnectionHandler {
    /// What speaks one version of HTTP.
    protocol Speaker: AnyObject {
        func received(_ bytes: Span<UInt8>)
        func ended()
    }

    /// Milliseconds without a byte: within a request, and between two.
    static let requestIdle: Int64 = 30_000
    static let connectionIdle: Int64 = 600_000
    /// Milliseconds that a request may take, however slowly it drips.
    static let requestTime: Int64 = 120_000

    private let connection: ServerConnection
    private let source: OTLPSource
    private var first: [UInt8] = []
    private var speaker: (any Speaker)?

    init(_ connection: ServerConnection, source: OTLPSource) {
        self.connection = connection
        self.source = source
        connection.idleTimeout = Self.requestIdle
    }

    func received(_ bytes: Span<UInt8>) {
        if let speaker {
            speaker.received(bytes)
            return
        }
        JSONWriter.append(bytes, &first)
        let known = first
        switch HTTP2.matchPreface(known.span) {
        case .incomplete: return
        case .complete:
            let made = OTLPCalls(connection, source: source)
            speaker = made
            made.start()
            first = []
            made.received(known.span.extracting(HTTP2.prefaceByteCount...))
        case .different:
            let made = OTLPMessages(connection, source: source)
            speaker = made
            first = []
            made.received(known.span)
        }
    }

    func ended(_ end: ConnectionEnd) {
        speaker?.ended()
        if case .peerEnded = end { connection.close() }
    }
}
