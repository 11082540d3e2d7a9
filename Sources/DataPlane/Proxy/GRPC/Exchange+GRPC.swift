import Model
import Policy
import Telemetry
import Wire

/// What an exchange does for gRPC beyond HTTP: counting calls, and speaking gRPC-Web.
///
/// Only exchanges that have one of the two come here: others have no extras for it.
extension Exchange {
    /// A call of gRPC to this cluster: counted by what the configuration says of its method.
    ///
    /// The path is the one that the client named, before the route changes it.
    func countGRPC(in cluster: ClusterState, _ configuration: GRPCStatistics) {
        let head = request
        guard head.isGRPC, let http = hcm else { return }
        let path = head.span(head.path)
        let methods = cluster.grpcMethods
        var stats: GRPCStats?
        switch configuration.methods {
        case .all: stats = methods.stats(path: path)
        case .none:
            if GRPCPath(path) != nil { stats = methods.ofAllMethods }
        case .listed(let list):
            if let name = GRPCPath(path) {
                let isListed = worker.routeStatistics.grpcMethods.contains(
                    path,
                    name,
                    of: http,
                    list
                )
                stats = isListed ? methods.stats(path: path) : methods.ofAllMethods
            }
        }
        guard let stats else { return }
        madeExtras.grpc = GRPCCallStatistics(
            stats,
            recordsTime: configuration.countsUpstreamMessages
        )
    }

    /// A call of gRPC-Web to this cluster, counted by the path that the client named.
    func countGRPCWeb(in cluster: ClusterState) {
        let head = request
        extras?.web?.stats = cluster.grpcWebMethods.stats(path: head.span(head.path))
    }

    // MARK: - The request

    /// A request of gRPC-Web becomes one of gRPC.
    ///
    /// Its length as the client counts it is not that of its messages.
    func bridgeGRPCWeb() {
        let head = request
        guard let type = head.first(.contentType),
            let form = GRPCWebForm(mediaType: head.span(type))
        else { return }
        var length: UInt64?
        if case .length(let count) = requestFraming, count > 0 {
            length = count
            requestFraming = .chunked
        }
        madeExtras.web = GRPCWebBridge(
            requestForm: form,
            responseForm: acceptedForm,
            bodyLength: length
        )
        request.remove(.contentLength)
        request.set(.contentType, request.append("application/grpc"))
        request.set(.te, request.append("trailers"))
        let name: [UInt8] = Array("grpc-accept-encoding".utf8)
        if head.first(named: name.span) == nil {
            request.addLine(name: request.append(name.span), value: request.append("identity"))
        }
    }

    /// Messages as they are, unless the client asks for text.
    private var acceptedForm: GRPCWebForm {
        let head = request
        let name: [UInt8] = Array("accept".utf8)
        guard let slice = head.first(named: name.span) else { return .binary }
        return GRPCWebForm(mediaType: head.span(slice)) ?? .binary
    }

    /// A piece of the request's body: counted, and decoded where it is text.
    func takeGRPCBody(_ bytes: Span<UInt8>, _ extras: ExchangeExtras) {
        guard extras.web?.decoder != nil else {
            extras.grpc?.countRequest(bytes)
            takeBody(bytes)
            return
        }
        if extras.web?.failure != nil { return }
        var decoded: [UInt8] = []
        do throws(GRPCWebFailure) {
            try extras.web?.decoder?.decode(bytes, into: &decoded)
        } catch {
            extras.web?.failure = error
            // The codec tells of the end next, where it has read the whole body.
            if extras.web?.bodyLength != bodyBytesReceived { refuseGRPCBody(error) }
            return
        }
        if decoded.isEmpty { return }
        let messages = decoded
        extras.grpc?.countRequest(messages.span)
        takeBody(messages.span)
    }

    /// The request's body is over; false where it was not what it says, and the exchange is done.
    func endGRPCBody(_ extras: ExchangeExtras) -> Bool {
        guard let decoder = extras.web?.decoder, stage != .done else { return true }
        if let failure = extras.web?.failure {
            refuseGRPCBody(failure)
            return false
        }
        do throws(GRPCWebFailure) {
            try decoder.finish()
            return true
        } catch {
            refuseGRPCBody(error)
            return false
        }
    }

    private func refuseGRPCBody(_ failure: GRPCWebFailure) {
        guard stage != .done else { return }
        let details: StaticString =
            switch failure {
            case .invalidBase64: "grpc_base_64_decode_failed"
            case .incompleteBase64: "grpc_base_64_decode_failed_bad_size"
            }
        abandonUpstream()
        if hasResponseStarted {
            self.details = details
            chain?.stats.increment(.downstreamRqTxReset)
            finish()
            downstream?.abortResponse(.protocolError)
            return
        }
        reply(400, [], details, "Bad gRPC-web request, invalid base64 data.")
    }

    // MARK: - The response

    /// The upstream's head as the client gets it; nil where it waits for the text of its body.
    func adaptGRPCHead(_ framing: BodyFraming, _ extras: ExchangeExtras) -> BodyFraming? {
        let isOver = framing == .none || framing == .length(0)
        extras.grpc?.countHead(response, endsResponse: isOver)
        guard let web = extras.web else { return framing }
        web.countStatus(of: response)
        let isReadable = response.isReadableByGRPCWeb(endsResponse: isOver)
        becomeGRPCWeb(web.responseForm)
        if isOver { return framing }
        if isReadable { return .chunked }
        extras.web?.message = []
        return nil
    }

    private func becomeGRPCWeb(_ form: GRPCWebForm) {
        response.remove(.contentLength)
        response.set(.contentType, response.append(form.responseContentType))
    }

    /// A piece of the upstream's body.
    func passGRPCBody(_ bytes: Span<UInt8>, _ extras: ExchangeExtras) {
        extras.grpc?.countResponse(bytes)
        guard let web = extras.web else {
            passBody(bytes)
            return
        }
        if web.message != nil {
            extras.web?.keep(bytes)
        } else if web.responseForm == .binary {
            passBody(bytes)
        } else {
            var text: [UInt8] = []
            extras.web?.encoder.encode(bytes, into: &text)
            let encoded = text
            if !encoded.isEmpty { passBody(encoded.span) }
        }
    }

    /// The upstream's answer is over; what is left of its trailers for the client.
    func endGRPC(_ trailers: Head?, _ extras: ExchangeExtras) -> Head? {
        if let grpc = extras.grpc {
            if let trailers { grpc.countStatus(of: trailers) }
            if grpc.recordsTime, requestSentAt > 0 {
                grpc.stats.record(
                    .upstreamRqTime,
                    milliseconds: UInt64(max(0, loop.nowMicroseconds - requestSentAt) / 1000)
                )
            }
        }
        guard let web = extras.web else { return trailers }
        if let trailers { web.countStatus(of: trailers) }
        // They are a part of the body now.
        responseTrailers = nil
        if let message = web.message {
            extras.web?.message = nil
            say(message)
            response.set(.contentLength, response.append(decimal: 0))
            downstream?.respondHead(response, framing: .length(0))
            responseFraming = .length(0)
        } else if let trailers, responseFraming == .chunked {
            var frame: [UInt8] = []
            extras.web?.encoder.encodeTrailers(trailers, into: &frame)
            let encoded = frame
            passBody(encoded.span)
        }
        return nil
    }

    /// A text that a client of gRPC reads nowhere else becomes its `grpc-message`.
    private func say(_ message: [UInt8]) {
        response.set(
            .grpcStatus,
            response.append(decimal: GRPCStatus.code(forHTTP: response.status))
        )
        response.set(.grpcMessage, GRPCStatus.appendMessage(message.span, to: response))
    }

    // MARK: - Local replies

    /// The body of a local reply as the client gets it.
    func adaptGRPCReply(_ body: [UInt8], _ extras: ExchangeExtras) -> [UInt8] {
        extras.grpc?.countHead(response, endsResponse: body.isEmpty)
        guard let web = extras.web else { return body }
        becomeGRPCWeb(web.responseForm)
        if body.isEmpty { return body }
        var message = body
        if message.last == 0x0a { message.removeLast() }
        say(message)
        return []
    }
}
