import Glibc
import Identity
import Model
import Wire

/// Makes unary gRPC calls to one server, one at a time, over one connection that is kept, for a thread
/// that may wait.
///
/// It speaks HTTP/2 by ALPN over TLS, and with prior knowledge otherwise. Used by one thread.
package final class GRPCClient {
    /// Why there is no answer.
    package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case stream(StreamFailure)
        /// The peer's bytes are no HTTP/2, or break its rules.
        case malformed(String)
        /// The peer refused the stream before it did anything: it may be tried again.
        case notProcessed(String)
        /// The peer ended the stream with an error.
        case reset(UInt32)
        /// The request can't be written.
        case unwritable(String)

        package var description: String {
            switch self {
            case .stream(let failure): failure.description
            case .malformed(let why): "the answer is no gRPC: \(why)"
            case .notProcessed(let why): "the call was not taken: \(why)"
            case .reset(let code): "the peer ended the call with error \(code)"
            case .unwritable(let what): "the call can't be written: \(what)"
            }
        }

        package var isCancelled: Bool { self == .stream(.cancelled) }
    }

    package let endpoint: HTTPEndpoint
    private var tls: ClientTLS?
    private let timeout: Int64
    private var connection: GRPCConnection?

    /// - Parameter timeout: milliseconds for a whole call, connecting included.
    package init(endpoint: HTTPEndpoint, tls: ClientTLS?, timeout: Int64) {
        self.endpoint = endpoint
        self.tls = tls
        self.timeout = timeout
    }

    package func close() {
        connection?.close()
        connection = nil
    }

    /// Ends the connection; the next one is made with these certificates.
    package func renew(_ tls: ClientTLS) {
        self.tls = tls
        close()
    }

    /// Calls `/package.Service/Method` with a message that is sent as it is.
    ///
    /// - Parameters:
    ///   - headers: metadata, with names in lower case.
    ///   - encoding: how the message is compressed, `gzip`; nil: it is not.
    ///   - messageMax: bytes of the answer's message.
    package func call(
        _ path: String,
        headers: [(name: String, value: String)] = [],
        message: [UInt8],
        encoding: String? = nil,
        messageMax: Int = 4 << 20,
        cancellation: Cancellation
    ) throws(Failure) -> GRPCAnswer {
        let deadline = Deadline(milliseconds: timeout)
        let head = try head(path, headers, encoding)
        if let kept = connection, kept.isUsable {
            do throws(Failure) {
                return try run(kept, head, message, encoding != nil, messageMax, deadline)
            } catch {
                close()
                // A kept connection may have ended meanwhile: one more attempt, if nothing came.
                guard kept.isUntouched, error == .stream(.closed) || error.isNotProcessed else {
                    throw error
                }
            }
        }
        close()
        let fresh = try connect(deadline, cancellation)
        connection = fresh
        do throws(Failure) {
            return try run(fresh, head, message, encoding != nil, messageMax, deadline)
        } catch {
            close()
            throw error
        }
    }

    private func run(
        _ connection: GRPCConnection,
        _ head: Head,
        _ message: [UInt8],
        _ isCompressed: Bool,
        _ messageMax: Int,
        _ deadline: Deadline
    ) throws(Failure) -> GRPCAnswer {
        let answer = try connection.call(
            head,
            message,
            isCompressed: isCompressed,
            messageMax: messageMax,
            deadline
        )
        if !connection.isUsable { close() }
        return answer
    }

    private func connect(
        _ deadline: Deadline,
        _ cancellation: Cancellation
    ) throws(Failure) -> GRPCConnection {
        guard !endpoint.isTLS || tls != nil else {
            throw .stream(.tls("nothing is configured for \(endpoint.authority)"))
        }
        do throws(StreamFailure) {
            let stream = try ClientStream.connect(
                host: endpoint.host,
                port: endpoint.port,
                tls: endpoint.isTLS ? tls : nil,
                alpn: ["h2"],
                deadline: deadline,
                cancellation: cancellation
            )
            if endpoint.isTLS, stream.applicationProtocol != "h2" {
                stream.close()
                throw StreamFailure.tls("the server does not speak HTTP/2")
            }
            return GRPCConnection(stream)
        } catch {
            throw .stream(error)
        }
    }

    // MARK: - The head

    private func head(
        _ path: String,
        _ headers: [(name: String, value: String)],
        _ encoding: String?
    ) throws(Failure) -> Head {
        let head = Head()
        let whole = endpoint.basePath + path
        guard whole.utf8.first == 0x2f, whole.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw .unwritable("the path '\(whole)' is none")
        }
        head.method = .post
        head.methodSlice = head.append("POST")
        head.path = Self.append(whole, head)
        head.authority = Self.append(endpoint.authority, head)
        head.isTLS = endpoint.isTLS
        var fields = [
            (name: "te", value: "trailers"), (name: "content-type", value: "application/grpc"),
            (name: "user-agent", value: "pillion"),
        ]
        if let encoding { fields.append(("grpc-encoding", encoding)) }
        fields.append(("grpc-timeout", "\(min(max(timeout, 1), 99_999_999))m"))
        for (name, value) in fields + headers {
            let isClean = value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
            let isName = name.utf8.allSatisfy {
                $0 > 0x20 && $0 < 0x7f && $0 != 0x3a && !($0 >= 0x41 && $0 <= 0x5a)
            }
            guard isClean, isName, !name.isEmpty else {
                throw .unwritable("field \(name) has bytes that no field may have")
            }
            head.addLine(name: Self.append(name, head), value: Self.append(value, head))
        }
        return head
    }

    private static func append(_ text: String, _ head: Head) -> Head.Slice {
        let bytes = Array(text.utf8)
        return head.append(bytes.span)
    }
}

extension GRPCClient.Failure {
    var isNotProcessed: Bool {
        if case .notProcessed = self { return true }
        return false
    }
}
