import Glibc
import Model
import Wire

/// Speaks HTTP/1.1 to one server over one connection that is kept, for a thread that may wait.
///
/// Used by one thread. Redirects are not followed: what a log or a secret is sent to stands in the
/// configuration.
package final class HTTPClient {
    /// Why there is no answer.
    package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case stream(StreamFailure)
        /// The peer's bytes are no HTTP.
        case malformed(String)
        /// A request that can't be written: a line feed in a field.
        case unwritable(String)

        package var description: String {
            switch self {
            case .stream(let failure): failure.description
            case .malformed(let why): "the answer is no HTTP: \(why)"
            case .unwritable(let what): "the request can't be written: \(what)"
            }
        }

        package var isCancelled: Bool { self == .stream(.cancelled) }
    }

    package let endpoint: HTTPEndpoint
    private var tls: ClientTLS?
    private let timeout: Int64
    private var stream: ClientStream?
    private let head = Head()
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    /// - Parameters:
    ///   - tls: used where the endpoint is https.
    ///   - timeout: milliseconds for a whole request.
    package init(endpoint: HTTPEndpoint, tls: ClientTLS?, timeout: Int64) {
        self.endpoint = endpoint
        self.tls = tls
        self.timeout = timeout
    }

    package func close() {
        stream?.close()
        stream = nil
    }

    /// Ends the connection; the next one is made with these certificates.
    package func renew(_ tls: ClientTLS) {
        self.tls = tls
        close()
    }

    /// Sends a request and reads its answer.
    ///
    /// - Parameters:
    ///   - bodyMax: bytes of the answer that are kept; the rest is read and counted as cut.
    ///   - onBody: gets the pieces of the body as they come, instead of keeping them; false stops the
    ///     reading and ends the connection.
    package func send(
        _ request: HTTPRequest,
        bodyMax: Int = 1 << 20,
        cancellation: Cancellation,
        onBody: ((Span<UInt8>) -> Bool)? = nil
    ) throws(Failure) -> HTTPResponse {
        let deadline = Deadline(milliseconds: timeout)
        let bytes = try render(request)
        guard !endpoint.isTLS || tls != nil else {
            throw .stream(.tls("nothing is configured for \(endpoint.authority)"))
        }
        // A kept connection may have been closed by the peer meanwhile: one more attempt then, if the
        // peer has not said anything.
        if let kept = stream, !kept.isStale {
            do throws(Failure) {
                return try exchange(kept, bytes, request, bodyMax, deadline, onBody)
            } catch {
                close()
                guard case .stream(.closed) = error, !hasAnswerBegun else { throw error }
            }
        }
        close()
        let fresh: ClientStream
        do throws(StreamFailure) {
            fresh = try ClientStream.connect(
                host: endpoint.host,
                port: endpoint.port,
                tls: endpoint.isTLS ? tls : nil,
                deadline: deadline,
                cancellation: cancellation
            )
        } catch {
            throw .stream(error)
        }
        stream = fresh
        do throws(Failure) {
            return try exchange(fresh, bytes, request, bodyMax, deadline, onBody)
        } catch {
            close()
            throw error
        }
    }

    private var hasAnswerBegun = false

    // MARK: - Writing

    private func render(_ request: HTTPRequest) throws(Failure) -> [UInt8] {
        let target = endpoint.basePath + request.path
        let method = request.method.utf8
        guard !method.isEmpty, method.allSatisfy({ $0 >= 0x41 && $0 <= 0x5a }) else {
            throw .unwritable("the method '\(request.method)' is none")
        }
        let slash = target.utf8.first == UInt8(ascii: "/") ? "" : "/"
        var text = "\(request.method) \(slash)\(target) HTTP/1.1\r\n"
        text += "host: \(endpoint.authority)\r\n"
        for (name, value) in request.headers {
            let isClean = (name + value).utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }
            guard isClean, !name.isEmpty, !name.contains(":"), !name.contains(" ") else {
                throw .unwritable("field \(name) has bytes that no field may have")
            }
            text += "\(name): \(value)\r\n"
        }
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw .unwritable("the path '\(target)' has spaces or control characters")
        }
        let hasBody = request.method != "GET" && request.method != "HEAD"
        if hasBody || !request.body.isEmpty { text += "content-length: \(request.body.count)\r\n" }
        text += "\r\n"
        return Array(text.utf8)
    }

    /// A small body goes out with the head, in one packet; a large one is not copied for that.
    private func write(
        _ head: [UInt8],
        _ body: [UInt8],
        to stream: ClientStream,
        _ deadline: Deadline
    ) throws(StreamFailure) {
        if body.count <= 16 << 10 {
            let whole = head + body
            try stream.write(whole.span, deadline: deadline)
        } else {
            try stream.write(head.span, deadline: deadline)
            try stream.write(body.span, deadline: deadline)
        }
    }

    private func exchange(
        _ stream: ClientStream,
        _ bytes: [UInt8],
        _ request: HTTPRequest,
        _ bodyMax: Int,
        _ deadline: Deadline,
        _ onBody: ((Span<UInt8>) -> Bool)?
    ) throws(Failure) -> HTTPResponse {
        hasAnswerBegun = false
        var writeFailure: StreamFailure?
        do throws(StreamFailure) {
            try write(bytes, request.body, to: stream, deadline)
        } catch {
            // A server that refuses a large body answers, and closes before it has read all of it.
            guard error == .closed else { throw .stream(error) }
            writeFailure = error
        }
        do throws(Failure) {
            return try readAnswer(stream, request, bodyMax, deadline, onBody)
        } catch {
            if let writeFailure, !hasAnswerBegun { throw .stream(writeFailure) }
            throw error
        }
    }

    // MARK: - Reading

    private func readAnswer(
        _ stream: ClientStream,
        _ request: HTTPRequest,
        _ bodyMax: Int,
        _ deadline: Deadline,
        _ onBody: ((Span<UInt8>) -> Bool)?
    ) throws(Failure) -> HTTPResponse {
        var pending: [UInt8] = []
        while true {
            let parsed: ParsedResponse?
            do throws(HeadFailure) {
                let bytes = pending
                parsed = try ResponseParser.parse(
                    bytes.span,
                    into: head,
                    requestMethod: request.method == "HEAD" ? .head : .get,
                    limits: HeadLimits()
                )
            } catch {
                throw .malformed("\(error.explanation)")
            }
            guard let parsed else {
                try readMore(stream, &pending, deadline)
                continue
            }
            pending.removeFirst(parsed.consumed)
            if parsed.isInterim { continue }
            var body = Body(max: bodyMax, onBody: onBody)
            var response = HTTPResponse(status: Int(head.status), headers: fields())
            let isWhole = try readBody(stream, &pending, parsed.framing, &body, deadline)
            response.body = body.kept
            response.isCut = body.isCut
            if !isWhole || !parsed.keepsAlive || !pending.isEmpty { close() }
            return response
        }
    }

    private struct Body {
        let max: Int
        let onBody: ((Span<UInt8>) -> Bool)?
        var kept: [UInt8] = []
        var isCut = false

        /// False where the reader has had enough.
        mutating func add(_ bytes: Span<UInt8>) -> Bool {
            if let onBody { return onBody(bytes) }
            let room = min(max - kept.count, bytes.count)
            if room < bytes.count { isCut = true }
            unsafe bytes.extracting(..<room).withUnsafeBufferPointer {
                unsafe kept.append(contentsOf: $0)
            }
            return true
        }
    }

    /// True where the body was read to its end.
    private func readBody(
        _ stream: ClientStream,
        _ pending: inout [UInt8],
        _ framing: BodyFraming,
        _ body: inout Body,
        _ deadline: Deadline
    ) throws(Failure) -> Bool {
        switch framing {
        case .none: return true
        case .length(let length):
            var left = length
            while left > 0 {
                if pending.isEmpty { try readMore(stream, &pending, deadline) }
                let count = Int(min(UInt64(pending.count), left))
                let bytes = pending
                guard body.add(bytes.span.extracting(..<count)) else { return false }
                pending.removeFirst(count)
                left -= UInt64(count)
            }
            return true
        case .untilClose:
            while true {
                let bytes = pending
                guard body.add(bytes.span) else { return false }
                pending.removeAll(keepingCapacity: true)
                if try readSome(stream, &pending, deadline) == 0 { return true }
            }
        case .chunked:
            return try readChunks(stream, &pending, &body, deadline)
        }
    }

    private func readChunks(
        _ stream: ClientStream,
        _ pending: inout [UInt8],
        _ body: inout Body,
        _ deadline: Deadline
    ) throws(Failure) -> Bool {
        var decoder = ChunkedDecoder()
        var offset = 0
        while true {
            let step: ChunkedDecoder.Step
            let bytes = pending
            do throws(HeadFailure) {
                step = try decoder.next(in: bytes.span, from: offset)
            } catch {
                throw .malformed("\(error.explanation)")
            }
            switch step {
            case .data(let range):
                guard body.add(bytes.span.extracting(range)) else { return false }
                offset = range.upperBound
            case .end(let end):
                pending.removeFirst(end)
                return true
            case .more:
                pending.removeAll(keepingCapacity: true)
                offset = 0
                try readMore(stream, &pending, deadline)
            }
        }
    }

    private func readMore(
        _ stream: ClientStream,
        _ pending: inout [UInt8],
        _ deadline: Deadline
    ) throws(Failure) {
        guard try readSome(stream, &pending, deadline) > 0 else { throw .stream(.closed) }
    }

    private func readSome(
        _ stream: ClientStream,
        _ pending: inout [UInt8],
        _ deadline: Deadline
    ) throws(Failure) -> Int {
        do throws(StreamFailure) {
            let count = try stream.read(into: &buffer, deadline: deadline)
            if count > 0 { hasAnswerBegun = true }
            pending.append(contentsOf: buffer[..<count])
            return count
        } catch {
            throw .stream(error)
        }
    }

    private func fields() -> [(name: String, value: String)] {
        let head = head
        var fields: [(name: String, value: String)] = []
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            guard !field.isRemoved else { continue }
            let name = Self.text(head.span(field.name)).lowercased()
            let value = Self.text(head.span(field.value))
            fields.append((name, value))
        }
        return fields
    }

    private static func text(_ bytes: Span<UInt8>) -> String {
        unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
