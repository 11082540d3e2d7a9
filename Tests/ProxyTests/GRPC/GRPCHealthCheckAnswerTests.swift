import Model
import Testing
import Wire

@testable import Proxy

/// What an endpoint answers to a call of its health service.
struct GRPCHealthCheckAnswerTests {
    private static func head(_ status: UInt16 = 200, _ lines: (String, String)...) -> Head {
        let head = Head()
        head.status = status
        for (name, value) in lines {
            let name = Array(name.utf8)
            let value = Array(value.utf8)
            head.addLine(name: head.append(name.span), value: head.append(value.span))
        }
        return head
    }

    private static let gRPC = ("content-type", "application/grpc")

    private static func answer(
        _ first: Head,
        _ body: [UInt8] = [],
        _ trailers: Head? = nil,
        pieces: Int = .max
    ) -> GRPCHealthCheckAnswer {
        var answer = GRPCHealthCheckAnswer()
        answer.read(head: first)
        var position = 0
        while position < body.count {
            let end = min(body.count, position + min(pieces, body.count))
            let piece = Array(body[position..<end])
            answer.read(body: piece.span)
            position = end
        }
        if let trailers { answer.read(trailers: trailers) }
        return answer
    }

    private static let serving: [UInt8] = [0, 0, 0, 0, 2, 8, 1]
    private static var okay: Head { head(200, ("grpc-status", "0")) }

    @Test(arguments: [1, 2, 7])
    func servingWithTheStatusZeroIsHealthyHoweverItIsSplit(pieces: Int) {
        let answer = Self.answer(
            Self.head(200, Self.gRPC),
            Self.serving,
            Self.okay,
            pieces: pieces
        )
        #expect(answer.isServing)
        #expect(!answer.hasFailed)
    }

    @Test(
        arguments: [[0, 0, 0, 0, 0], [0, 0, 0, 0, 2, 8, 2], [0, 0, 0, 0, 2, 8, 3]] as [[UInt8]]
    )
    func anyOtherWordIsNot(body: [UInt8]) {
        #expect(!Self.answer(Self.head(200, Self.gRPC), body, Self.okay).isServing)
    }

    @Test
    func servingWithoutAStatusOrWithAnotherIsNot() {
        let head = Self.head(200, Self.gRPC)
        #expect(!Self.answer(head, Self.serving).isServing)
        let failed = Self.head(200, ("grpc-status", "14"))
        #expect(!Self.answer(head, Self.serving, failed).isServing)
        let odd = Self.head(200, ("grpc-status", "zero"))
        #expect(!Self.answer(head, Self.serving, odd).isServing)
    }

    @Test
    func aStatusWithoutAMessageIsNot() {
        let alone = Self.head(200, Self.gRPC, ("grpc-status", "0"))
        #expect(!Self.answer(alone).isServing)
    }

    @Test
    func whatIsNoGRPCHasFailedAtItsHead() {
        #expect(Self.answer(Self.head(503, Self.gRPC)).hasFailed)
        #expect(Self.answer(Self.head(200, ("content-type", "text/plain"))).hasFailed)
        #expect(Self.answer(Self.head()).hasFailed)
    }

    @Test
    func aSecondMessageOrAFloodHasFailed() {
        let head = Self.head(200, Self.gRPC)
        #expect(Self.answer(head, Self.serving + Self.serving, Self.okay).hasFailed)
        let flood = [UInt8](repeating: 0, count: GRPCHealthMessages.messageBytesMax + 6)
        #expect(Self.answer(head, flood).hasFailed)
    }
}
