import Glibc
import Model
package import Telemetry

/// The process whose place this one takes, seen from this one.
///
/// Until `takeOver` it serves on, and this process may fail without anybody noticing.
package final class Predecessor {
    package let path: String
    package let offer: TakeoverOffer
    package let process: Int32
    package let sockets: InheritedSockets
    private var descriptor: Int32
    private var channel: TakeoverChannel?

    /// How long each answer may take; the other process may be reading its configuration.
    private static let answerMilliseconds: Int64 = 30_000

    private init(
        path: String,
        offer: TakeoverOffer,
        process: Int32,
        sockets: InheritedSockets,
        descriptor: Int32
    ) {
        self.path = path
        self.offer = offer
        self.process = process
        self.sockets = sockets
        self.descriptor = descriptor
    }

    deinit { if descriptor >= 0 { _ = Glibc.close(descriptor) } }

    /// Asks the process that serves at the path for its sockets; nil where nobody is there.
    ///
    /// Blocks until they are here.
    package static func ask(
        at path: String,
        build: String,
        milliseconds: Int64 = answerMilliseconds
    ) throws(TakeoverFailure) -> Predecessor? {
        guard let descriptor = try TakeoverSocket.connect(path) else { return nil }
        do throws(TakeoverFailure) {
            let process = try TakeoverSocket.checkPeer(descriptor)
            let hello = TakeoverHello(process: UInt32(bitPattern: getpid()), build: build)
            try send(.hello(hello), descriptor)
            let (first, _) = try receive(descriptor, milliseconds)
            guard case .offer(let offer) = first else { throw unexpected(first) }
            let sockets = InheritedSockets()
            while true {
                let (message, descriptors) = try receive(descriptor, milliseconds)
                if case .ready = message { break }
                guard case .sockets(let groups) = message else { throw unexpected(message) }
                var rest = descriptors[...]
                for group in groups {
                    sockets.add(group, Array(rest.prefix(group.count)))
                    rest = rest.dropFirst(group.count)
                }
            }
            return Predecessor(
                path: path,
                offer: offer,
                process: process,
                sockets: sockets,
                descriptor: descriptor
            )
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
    }

    /// Says that this process serves, and waits until the other one accepts no more.
    package func takeOver() throws(TakeoverFailure) {
        try Self.send(.serving, descriptor)
        let (message, _) = try Self.receive(descriptor, Self.answerMilliseconds)
        guard case .yielded = message else { throw Self.unexpected(message) }
    }

    /// Hears, on a loop, what the other process has counted, up to its end.
    ///
    /// - Parameter finished: called once; false where the other process went without a word.
    package func listen(
        on loop: EventLoop,
        counters: @escaping ([CarriedCounter]) -> Void,
        finished: @escaping (Bool) -> Void
    ) throws(SystemCallError) {
        var saidSo = false
        let channel = try TakeoverChannel(descriptor: descriptor, loop: loop) {
            message,
            descriptors in
            for descriptor in descriptors { _ = Glibc.close(descriptor) }
            switch message {
            case .counters(let counted): counters(counted)
            case .finished: saidSo = true
            default: break
            }
        } ended: { _ in
            finished(saidSo)
        }
        descriptor = -1
        self.channel = channel
        // What came before the loop watched.
        channel.ready(events: 0)
    }

    private static func send(
        _ message: TakeoverMessage,
        _ descriptor: Int32
    ) throws(TakeoverFailure) {
        do throws(SystemCallError) {
            if try TakeoverSocket.send(message.bytes, [], to: descriptor) { return }
        } catch {
            // It may have said why it closed the connection.
            if let (message, _) = try? receive(descriptor, 0) { throw unexpected(message) }
            throw TakeoverFailure("takeover: the running process is gone: \(error)")
        }
        throw TakeoverFailure("takeover: the running process reads nothing")
    }

    private static func receive(
        _ descriptor: Int32,
        _ milliseconds: Int64
    ) throws(TakeoverFailure) -> (TakeoverMessage, [Int32]) {
        let end = Resolver.now() + milliseconds
        while true {
            switch try TakeoverSocket.receive(from: descriptor) {
            case .message(let message, let descriptors):
                if case .refusal(let why) = message {
                    throw TakeoverFailure("takeover: the running process refuses: \(why)")
                }
                return (message, descriptors)
            case .end:
                throw TakeoverFailure("takeover: the running process closed the connection")
            case .nothingYet:
                let rest = end - Resolver.now()
                if rest <= 0 {
                    throw TakeoverFailure("takeover: the running process does not answer")
                }
                _ = TakeoverSocket.wait(descriptor, milliseconds: rest)
            }
        }
    }

    private static func unexpected(_ message: TakeoverMessage) -> TakeoverFailure {
        if case .refusal(let why) = message {
            return TakeoverFailure("takeover: the running process refuses: \(why)")
        }
        return TakeoverFailure("takeover: the running process said something else than expected")
    }
}
