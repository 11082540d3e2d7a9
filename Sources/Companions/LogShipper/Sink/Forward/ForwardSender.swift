internal import CompanionKit

/// Sends chunks with fluentd's forward protocol: one packed message each, which counts as delivered
/// when the server acknowledges it by its id.
///
/// Without acknowledgements it counts once the server's system has taken it, as for other streams whose
/// server does not answer.
final class ForwardSender: ChunkSender {
    private let options: ForwardOptions
    private let hostname: String
    private let connection: StreamConnection
    private let deflater: Deflater?
    /// What came and belongs to no message yet.
    private var received: [UInt8] = []
    private var keepsAlive = true
    /// Bytes of an answer, which is a few dozen long.
    private static let answerMax = 64 << 10

    init(_ options: ForwardOptions, hostname: String) throws(SinkFailure) {
        self.options = options
        self.hostname = hostname
        connection = try StreamConnection(options.target)
        deflater = options.compression ? Deflater() : nil
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        let identity = StreamIdentity.random()
        let id = options.requiresAck ? Self.chunkID(identity) : nil
        let message = ForwardMessage.packed(
            chunk,
            id: id,
            timeAsInteger: options.timeAsInteger,
            deflater: deflater
        )
        do throws(StreamFailure) {
            let stream = try connection.open(connection.deadline(), cancellation) {
                (fresh, deadline) throws(StreamFailure) in
                received = []
                keepsAlive = true
                try greet(fresh, deadline)
            }
            do throws(StreamFailure) {
                let deadline = connection.deadline()
                try stream.write(message.span, deadline: deadline)
                if let id {
                    try awaitAcknowledgement(of: id, stream, connection.deadline())
                } else {
                    try stream.drain(deadline: deadline)
                }
            } catch {
                connection.fail()
                throw error
            }
            if !keepsAlive { connection.close() }
            return .delivered(duplicates: 0)
        } catch {
            return .again(why: error.description, after: nil)
        }
    }

    func close() { connection.close() }

    /// 128 bits in base64, as the protocol asks for.
    private static func chunkID(_ identity: StreamIdentity) -> String {
        var bytes: [UInt8] = []
        MessagePackWriter.appendNumber(Int64(bitPattern: identity.high), bytes: 8, &bytes)
        MessagePackWriter.appendNumber(Int64(bitPattern: identity.low), bytes: 8, &bytes)
        return Base64.encode(bytes)
    }

    // MARK: - Answers

    private func awaitAcknowledgement(
        of id: String,
        _ stream: ClientStream,
        _ deadline: Deadline
    ) throws(StreamFailure) {
        let answer = try message(stream, deadline)
        if let acknowledged = answer["ack"]?.text {
            guard acknowledged == id else {
                throw .failed("the server acknowledges another chunk than the one that it got")
            }
            return
        }
        guard ForwardHandshake.hello(answer) == nil else {
            throw .failed("the server wants a shared key, and none is configured")
        }
        throw .failed("the server answers with something else than an acknowledgement")
    }

    /// The next message of the server.
    private func message(
        _ stream: ClientStream,
        _ deadline: Deadline
    ) throws(StreamFailure) -> MessagePackValue {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var index = 0
            do throws(MessagePackValue.Fault) {
                let value = try MessagePackValue.read(received, &index)
                received.removeFirst(index)
                return value
            } catch {
                guard error == .incomplete, received.count < Self.answerMax else {
                    throw .failed("the server's answer is no MessagePack of this protocol")
                }
            }
            let count = try stream.read(into: &buffer, deadline: deadline)
            guard count > 0 else { throw .closed }
            received.append(contentsOf: buffer[..<count])
        }
    }

    // MARK: - The handshake

    private func greet(_ stream: ClientStream, _ deadline: Deadline) throws(StreamFailure) {
        guard let sharedKey = options.sharedKey else { return }
        guard let hello = ForwardHandshake.hello(try message(stream, deadline)) else {
            throw .failed("the server does not begin the handshake: has it a shared key?")
        }
        guard hello.auth.isEmpty || options.user != nil else {
            throw .failed("the server wants a user and a password, and none is configured")
        }
        let handshake = ForwardHandshake(
            hostname: hostname,
            sharedKey: sharedKey,
            user: options.user ?? "",
            password: options.password ?? "",
            salt: StreamIdentity.random().description
        )
        let ping = handshake.ping(hello)
        try stream.write(ping.span, deadline: deadline)
        if let problem = handshake.problem(try message(stream, deadline), hello) {
            throw .failed(problem)
        }
        keepsAlive = hello.keepsAlive
    }
}
