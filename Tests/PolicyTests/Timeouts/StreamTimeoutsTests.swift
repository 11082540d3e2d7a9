import Model
import Policy
import Testing

@Suite("Durations of streams, hedging and expected timeouts")
struct StreamTimeoutsTests {
    private func timeouts(
        _ stream: StreamDuration = StreamDuration(),
        _ fields: [(String, String)] = [],
        manager: Int64? = nil,
        cluster: Int64? = nil,
        respects: Bool = false,
        hedges: Bool = false,
        perTry: Int64? = nil
    ) -> (RouteTimeouts, Head) {
        let head = request("GET", "/", fields)
        let action = ForwardAction(
            destination: .cluster("app"),
            streamDuration: stream,
            retryPolicy: RetryPolicy(conditions: [], perTryTimeoutMilliseconds: perTry),
            hedgesOnPerTryTimeout: hedges
        )
        let result = RouteTimeouts(
            action: action,
            head: head,
            surroundings: .init(
                respectsExpectedTimeout: respects,
                streamMilliseconds: manager,
                upstreamStreamMilliseconds: cluster
            )
        )
        return (result, head)
    }

    @Test("the route's duration goes before the manager's, and switches the route's timeout off")
    func streamDuration() {
        #expect(timeouts().0.streamMilliseconds == nil)
        #expect(timeouts(manager: 70).0.streamMilliseconds == 70)
        #expect(timeouts(manager: 70).0.globalMilliseconds == 15_000)
        let own = timeouts(StreamDuration(maximum: 50), manager: 70).0
        #expect(own.streamMilliseconds == 50)
        #expect(own.globalMilliseconds == nil)
        #expect(timeouts(StreamDuration(maximum: .max), manager: 70).0.streamMilliseconds == nil)
    }

    @Test("grpc-timeout counts within its maximum and less its offset")
    func grpcTimeout() {
        let grpc = ("content-type", "application/grpc")
        func limit(
            _ header: String?,
            max: Int64?,
            offset: Int64 = 0,
            maximum: Int64? = 2_000
        ) -> (Int64?, String?) {
            let stream = StreamDuration(
                maximum: maximum,
                grpcTimeoutHeaderMax: max,
                grpcTimeoutHeaderOffset: offset
            )
            let (result, head) = timeouts(
                stream,
                [grpc] + (header.map { [("grpc-timeout", $0)] } ?? [])
            )
            return (result.streamMilliseconds, values("grpc-timeout", of: head))
        }
        #expect(limit("100m", max: 1_000) == (100, "100m"))
        #expect(limit("5S", max: 1_000) == (1_000, "1000m"))
        #expect(limit("5S", max: 0) == (5_000, "5000m"))
        #expect(limit("150m", max: 1_000, offset: 50) == (100, "100m"))
        #expect(limit("10m", max: 1_000, offset: 50).0 == 0)
        #expect(limit("1u", max: 1_000) == (1, "1m"))
        #expect(limit(nil, max: 1_000) == (2_000, "2000m"))
        #expect(limit("5S", max: nil) == (2_000, "2000m"))
        #expect(limit("x", max: 1_000).0 == 2_000)
        #expect(limit("999999999S", max: 1_000).0 == 2_000)
    }

    @Test("the cluster's duration yields to the request's header, and 0 switches it off")
    func upstreamDuration() {
        let name = "x-envoy-upstream-stream-duration-ms"
        #expect(timeouts(cluster: 30).0.upstreamStreamMilliseconds == 30)
        #expect(timeouts(.init(), [(name, "20")], cluster: 30).0.upstreamStreamMilliseconds == 20)
        #expect(timeouts(.init(), [(name, "0")], cluster: 30).0.upstreamStreamMilliseconds == nil)
        #expect(values(name, of: timeouts(.init(), [(name, "20")]).1) == nil)
    }

    @Test("hedging is the route's unless the request says otherwise")
    func hedging() {
        let name = "x-envoy-hedge-on-per-try-timeout"
        #expect(!timeouts().0.hedgesOnPerTryTimeout)
        #expect(timeouts(hedges: true).0.hedgesOnPerTryTimeout)
        #expect(timeouts(.init(), [(name, "true")]).0.hedgesOnPerTryTimeout)
        #expect(!timeouts(.init(), [(name, "false")], hedges: true).0.hedgesOnPerTryTimeout)
        #expect(timeouts(.init(), [(name, "x")], hedges: true).0.hedgesOnPerTryTimeout)
    }

    @Test("an attempt hears what is left, and a hedged one hears the whole")
    func expected() {
        let (plain, _) = timeouts(perTry: 100)
        #expect(plain.expectedMilliseconds() == 100)
        #expect(plain.expectedMilliseconds(elapsedMilliseconds: 14_950) == 50)
        #expect(plain.expectedMilliseconds(elapsedMilliseconds: 20_000) == 1)
        #expect(timeouts(hedges: true, perTry: 100).0.expectedMilliseconds() == 15_000)
    }

    @Test("an expected timeout is the route's where it is respected")
    func respected() {
        let fields = [("x-envoy-expected-rq-timeout-ms", "40")]
        #expect(timeouts(.init(), fields).0.globalMilliseconds == 15_000)
        #expect(timeouts(.init(), fields, respects: true).0.globalMilliseconds == 40)
        let both = fields + [("x-envoy-upstream-rq-timeout-ms", "9")]
        #expect(timeouts(.init(), both, respects: true).0.globalMilliseconds == 40)
        #expect(timeouts(.init(), both).0.globalMilliseconds == 9)
    }

    @Test("a timeout may be answered with 204")
    func alternative() {
        let fields = [("x-envoy-upstream-rq-timeout-alt-response", "1")]
        #expect(timeouts(.init(), fields).0.answersTimeoutsWith204)
        #expect(!timeouts().0.answersTimeoutsWith204)
    }
}
