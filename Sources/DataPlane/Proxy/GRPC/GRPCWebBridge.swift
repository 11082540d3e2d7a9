import Model
import Policy
import Telemetry
import Wire

/// One exchange with a client that speaks gRPC-Web (`grpc_web`): what is between its words and gRPC.
struct GRPCWebBridge {
    /// nil: messages come as they are.
    var decoder: GRPCWebRequestDecoder?
    var encoder: GRPCWebResponseEncoder
    let responseForm: GRPCWebForm
    /// Of the body as the client sends it, where that is known.
    let bodyLength: UInt64?
    /// The body is not what it says; the answer waits for its end, which has been read.
    var failure: GRPCWebFailure?
    /// An answer that is no gRPC: its text, which goes into `grpc-message` when all of it is there.
    var message: [UInt8]?

    /// Of the method, where the request has one and goes to a cluster.
    var stats: GRPCStats?

    /// More of a text than this is not kept, as in Envoy.
    static let messageBytesMax = 16 * 1024

    init(requestForm: GRPCWebForm, responseForm: GRPCWebForm, bodyLength: UInt64?) {
        decoder = requestForm == .text ? GRPCWebRequestDecoder(form: .text) : nil
        encoder = GRPCWebResponseEncoder(form: responseForm)
        self.responseForm = responseForm
        self.bodyLength = bodyLength
    }

    /// Counts the status of an answer that has one.
    func countStatus(of head: Head) {
        guard let stats, let slice = head.first(.grpcStatus) else { return }
        stats.countStatus(
            head.span(slice).decimal(limit: 1 << 31).map { UInt32(truncatingIfNeeded: $0) }
                ?? .max
        )
    }

    mutating func keep(_ bytes: Span<UInt8>) {
        let count = min(bytes.count, max(0, Self.messageBytesMax - (message?.count ?? 0)))
        for index in 0..<count { message?.append(bytes[index]) }
    }
}

extension Head {
    /// A response that a gRPC-Web client reads as it is: gRPC, or gRPC-Web that the upstream speaks.
    func isReadableByGRPCWeb(endsResponse: Bool) -> Bool {
        if endsResponse, has(.grpcStatus) { return true }
        guard status == 200 else { return false }
        return !endsResponse && isGRPC || saysGRPCWeb
    }

    /// Parameters and case do not matter here, as in Envoy.
    private var saysGRPCWeb: Bool {
        guard let slice = first(.contentType) else { return false }
        let whole = span(slice)
        var end = whole.firstIndex(of: UInt8(ascii: ";")) ?? whole.count
        while end > 0, whole[end - 1] == 0x20 || whole[end - 1] == 0x09 { end -= 1 }
        let type = whole.extracting(..<end)
        let (plain, named) = (Self.gRPCWeb.bytes, Self.gRPCWebProto.bytes)
        return type.equalsIgnoringCase(lowercase: plain.span)
            || type.equalsIgnoringCase(lowercase: named.span)
    }

    private static let gRPCWeb: ByteString = "application/grpc-web"
    private static let gRPCWebProto: ByteString = "application/grpc-web+proto"
}
