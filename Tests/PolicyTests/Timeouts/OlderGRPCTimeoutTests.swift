import Model
import Policy
import Testing

@Suite("The older limits of gRPC requests")
struct OlderGRPCTimeoutTests {
    private static let grpc = ("content-type", "application/grpc")

    private func timeouts(
        _ limit: GRPCTimeoutLimit,
        _ fields: [(String, String)],
        stream: StreamDuration = StreamDuration(),
        perTry: Int64? = nil
    ) -> (RouteTimeouts, Head) {
        let head = request("POST", "/", fields)
        let action = ForwardAction(
            destination: .cluster("app"),
            streamDuration: stream,
            grpcTimeout: limit,
            retryPolicy: RetryPolicy(conditions: [], perTryTimeoutMilliseconds: perTry)
        )
        return (RouteTimeouts(action: action, head: head), head)
    }

    private static let rows: [(String?, Int64, Int64, limit: Int64?, told: String?)] = [
        ("100m", 200, 0, 100, "100m"), ("9S", 200, 0, 200, "200m"), (nil, 200, 0, 200, "200m"),
        ("9S", 0, 0, 9_000, "9000m"), (nil, 0, 0, nil, nil), ("100m", 200, 30, 70, "70m"),
        ("100m", 200, 100, 100, "100m"), ("300m", 200, 30, 200, "200m"),
        ("rubbish", 200, 30, 200, "200m"),
    ]

    @Test(
        "a gRPC request has what it asks for, less the offset, up to the most",
        arguments: rows.indices
    )
    func limits(index: Int) {
        let (header, maximum, offset, limit, told) = Self.rows[index]
        let fields = [Self.grpc] + (header.map { [("grpc-timeout", $0)] } ?? [])
        let (result, head) = timeouts(GRPCTimeoutLimit(maximum: maximum, offset: offset), fields)
        #expect(result.globalMilliseconds == limit)
        #expect(values("grpc-timeout", of: head) == told)
    }

    @Test("the upstream is told what an attempt has left")
    func attempts() {
        let limit = GRPCTimeoutLimit(maximum: 200)
        let (result, head) = timeouts(limit, [Self.grpc, ("grpc-timeout", "9S")], perTry: 150)
        #expect(values("grpc-timeout", of: head) == "150m")
        result.setExpectedHeader(in: head, elapsedMilliseconds: 120)
        #expect(values("grpc-timeout", of: head) == "80m")
        #expect(values("x-envoy-expected-rq-timeout-ms", of: head) == "80")
    }

    @Test("other requests, and routes with a duration of streams, are not concerned")
    func others() {
        let limit = GRPCTimeoutLimit(maximum: 200)
        let (plain, head) = timeouts(limit, [("grpc-timeout", "9S")])
        #expect(plain.globalMilliseconds == 15_000)
        #expect(values("grpc-timeout", of: head) == "9S")
        let stream = StreamDuration(maximum: 50)
        let (newer, _) = timeouts(limit, [Self.grpc, ("grpc-timeout", "9S")], stream: stream)
        #expect(newer.globalMilliseconds == nil)
        #expect(newer.streamMilliseconds == 50)
    }
}
