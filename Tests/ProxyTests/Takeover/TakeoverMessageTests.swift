import Model
import Telemetry
import Testing

@testable import Proxy

/// The bytes of the takeover's protocol.
struct TakeoverMessageTests {
    private static let groups = [
        SocketGroup(purpose: .listener, address: .ipv4(0x7f00_0001, port: 8080), count: 3),
        SocketGroup(
            purpose: .listener,
            address: .ipv6(high: 0x2001_0db8 << 32, low: 7, port: 0, scope: 2),
            owner: "inbound#0",
            count: 1
        ),
        SocketGroup(purpose: .takeover, address: .unix(path: "@next"), count: 1),
    ]

    static let messages: [TakeoverMessage] = [
        .hello(TakeoverHello(process: 4711, build: "1.2.3")),
        .refusal("it is ending — later"),
        .offer(TakeoverOffer(epoch: 3, uptimeSeconds: 86_400, build: "1.2.3")),
        .sockets(groups), .sockets([]), .ready, .serving, .yielded,
        .counters([
            CarriedCounter(scope: .cluster, name: "app", stat: "upstream_rq_total", value: 17),
            CarriedCounter(
                scope: .clusterPart,
                name: "app",
                part: "zone.a.b",
                stat: "=503",
                value: .max
            ),
        ]),
        .finished,
    ]

    private static func descriptors(of message: TakeoverMessage) -> Int {
        if case .sockets(let groups) = message { groups.reduce(0) { $0 + $1.count } } else { 0 }
    }

    @Test(arguments: messages)
    func aMessageIsReadAsItWasWritten(message: TakeoverMessage) throws {
        let read = try TakeoverMessage(
            bytes: message.bytes,
            descriptors: Self.descriptors(of: message)
        )
        #expect(read == message)
    }

    @Test(arguments: messages)
    func aMessageThatEndsTooEarlyIsRefused(message: TakeoverMessage) {
        let bytes = message.bytes
        for count in 0..<bytes.count {
            #expect(throws: TakeoverMessageFailure.self) {
                try TakeoverMessage(
                    bytes: Array(bytes.prefix(count)),
                    descriptors: Self.descriptors(of: message)
                )
            }
        }
    }

    @Test(arguments: messages)
    func aMessageThatGoesOnIsRefused(message: TakeoverMessage) {
        #expect(throws: TakeoverMessageFailure.wrongLength) {
            try TakeoverMessage(
                bytes: message.bytes + [0],
                descriptors: Self.descriptors(of: message)
            )
        }
    }

    @Test(arguments: [0, 4, 6, 253])
    func descriptorsThatTheMessageDoesNotSpeakOfAreRefused(count: Int) {
        #expect(throws: TakeoverMessageFailure.wrongDescriptors(expected: 5, got: count)) {
            try TakeoverMessage(
                bytes: TakeoverMessage.sockets(Self.groups).bytes,
                descriptors: count
            )
        }
    }

    @Test
    func aGreetingOfAnotherVersionIsReadAsFarAsItsVersion() throws {
        var bytes = TakeoverMessage.hello(TakeoverHello(version: 9, process: 1, build: "x")).bytes
        bytes += [1, 2, 3]
        let message = try TakeoverMessage(bytes: Array(bytes.prefix(9)))
        guard case .hello(let hello) = message else {
            Issue.record("not a greeting: \(message)")
            return
        }
        #expect(hello.version == 9)
        #expect(try TakeoverMessage(bytes: bytes) == message)
    }

    @Test
    func aGreetingThatIsNotPillionsIsRefused() {
        #expect(throws: TakeoverMessageFailure.notPillion) {
            try TakeoverMessage(bytes: [1] + Array("HTTP/1.1 200 OK".utf8))
        }
    }

    @Test
    func unknownKindsAndValuesAreRefused() {
        #expect(throws: TakeoverMessageFailure.empty) { try TakeoverMessage(bytes: []) }
        #expect(throws: TakeoverMessageFailure.unknownKind(77)) {
            try TakeoverMessage(bytes: [77])
        }
        #expect(throws: TakeoverMessageFailure.unknownValue(9)) {
            try TakeoverMessage(bytes: [4, 0, 1, 9])
        }
        #expect(throws: TakeoverMessageFailure.unknownValue(5)) {
            try TakeoverMessage(bytes: [4, 0, 1, 1, 5])
        }
    }

    @Test
    func changedBytesNeverTrap() {
        var random = SystemRandomNumberGenerator()
        for message in Self.messages {
            for _ in 0..<2_000 {
                var bytes = message.bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
                        in: 0...255,
                        using: &random
                    )
                }
                // Read or refused: either way what is read can be written again.
                if let read = try? TakeoverMessage(bytes: bytes) { #expect(!read.bytes.isEmpty) }
            }
        }
    }

    @Test
    func socketsAreSpreadOverMessagesOfAllowedSize() {
        let all = (0..<5).map { number in
            HandedSockets(
                SocketGroup(
                    purpose: .listener,
                    address: .ipv4(UInt32(number), port: 80),
                    count: 0
                ),
                taking: Array(repeating: -1, count: 100)
            )
        }
        let messages = HandedSockets.messages(all)
        #expect(messages.map(\.descriptors.count) == [200, 200, 100])
        for message in messages {
            #expect(message.groups.reduce(0) { $0 + $1.count } == message.descriptors.count)
        }
        let long = (0..<300).map { _ in
            HandedSockets(
                SocketGroup(
                    purpose: .listener,
                    address: .unix(path: String(repeating: "p", count: 107)),
                    owner: String(repeating: "n", count: 1_000),
                    count: 0
                ),
                taking: [-1]
            )
        }
        for message in HandedSockets.messages(long) {
            #expect(
                TakeoverMessage.sockets(message.groups).bytes.count <= TakeoverMessage.bytesMax
            )
        }
    }
}
