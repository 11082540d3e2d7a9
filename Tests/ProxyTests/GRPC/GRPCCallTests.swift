import Model
import Telemetry
import Testing
import Wire

@testable import Proxy

/// What is counted of calls, and which answers gRPC-Web takes as they are.
struct GRPCCallTests {
    private static func head(_ status: UInt16, type: String?, code: String? = nil) -> Head {
        let head = Head()
        head.status = status
        if let type {
            let bytes = Array(type.utf8)
            head.set(.contentType, head.append(bytes.span))
        }
        if let code {
            let bytes = Array(code.utf8)
            head.set(.grpcStatus, head.append(bytes.span))
        }
        return head
    }

    private static let message: [UInt8] = [0, 0, 0, 0, 1, 0x78]

    @Test
    func messagesAndStatusesAreCounted() {
        let registry = StatsRegistry()
        let stats = registry.grpcStats(cluster: "c", service: "s", method: "m", worker: 0)
        var call = GRPCCallStatistics(stats, recordsTime: false)
        let two = Self.message + Self.message
        call.countRequest(two.span)
        call.countHead(Self.head(200, type: "application/grpc"), endsResponse: false)
        call.countResponse(Self.message.span)
        call.countStatus(of: Self.head(0, type: nil, code: "5"))
        #expect(stats.value(.requestMessageCount) == 2)
        #expect(stats.value(.responseMessageCount) == 1)
        #expect(stats.value(.total) == 1)
        #expect(stats.value(.failure) == 1)
        #expect(stats.value(.status5) == 1)
    }

    @Test
    func theBodyOfAnErrorIsNotCountedAsMessages() {
        let registry = StatsRegistry()
        let stats = registry.grpcStats(cluster: "c", service: "s", method: "m", worker: 0)
        var call = GRPCCallStatistics(stats, recordsTime: false)
        call.countHead(Self.head(503, type: "application/grpc"), endsResponse: false)
        call.countResponse(Self.message.span)
        #expect(stats.value(.responseMessageCount) == 0)
        #expect(stats.value(.total) == 0)
    }

    @Test
    func aStatusThatIsNoNumberIsAFailure() {
        let registry = StatsRegistry()
        let stats = registry.grpcStats(cluster: "c", service: "s", method: "m", worker: 0)
        let call = GRPCCallStatistics(stats, recordsTime: false)
        call.countStatus(of: Self.head(0, type: nil, code: "abc"))
        call.countStatus(of: Self.head(0, type: nil, code: "99999999999999999999"))
        #expect(stats.value(.failure) == 2)
        #expect(stats.value(.status0) == 0)
    }

    @Test(
        arguments: [
            (200, "application/grpc", nil, false, true),
            (200, "application/grpc+proto", nil, false, true),
            (200, "application/grpc-web+proto; charset=utf-8", nil, false, true),
            (200, "Application/gRPC-Web", nil, false, true),
            (200, "application/grpc-web-text", nil, false, false),
            (200, "text/plain", nil, false, false),
            (200, nil, nil, false, false),
            (503, "application/grpc", nil, false, false),
            (200, "application/grpc", "5", true, true),
            (503, nil, "14", true, true),
        ] as [(UInt16, String?, String?, Bool, Bool)]
    )
    func onlyAnswersOfGRPCPassAsTheyAre(
        status: UInt16,
        type: String?,
        code: String?,
        endsResponse: Bool,
        passes: Bool
    ) {
        let head = Self.head(status, type: type, code: code)
        #expect(head.isReadableByGRPCWeb(endsResponse: endsResponse) == passes)
    }

    @Test
    func theTextOfAnErrorIsKeptUpToALimit() {
        var web = GRPCWebBridge(requestForm: .text, responseForm: .binary, bodyLength: nil)
        let piece = [UInt8](repeating: 0x61, count: 10_000)
        web.keep(piece.span)
        #expect(web.message == nil)
        web.message = []
        web.keep(piece.span)
        web.keep(piece.span)
        web.keep(piece.span)
        #expect(web.message?.count == GRPCWebBridge.messageBytesMax)
    }
}
