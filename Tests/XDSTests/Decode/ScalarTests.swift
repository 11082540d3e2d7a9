import Document
import SwiftProtobuf
import Testing

@testable import XDS

@Suite struct ScalarTests {
    private typealias Cluster = Envoy_Config_Cluster_V3_Cluster

    private func cluster(_ lines: String) throws -> Cluster {
        let loaded = try ConfigurationLoader.load(text: Examples.cluster(lines), name: "a.yaml")
        return try #require(loaded.bootstrap.staticResources.clusters.first)
    }

    @Test func everyKindOfScalarIsDecoded() throws {
        let cluster = try cluster(
            """
            name: a.b-c
            type: STRICT_DNS
            respect_dns_ttl: true
            connect_timeout: 0.25s
            max_requests_per_connection: 7
            dns_lookup_family: 3
            common_lb_config: {healthy_panic_threshold: {value: 50.5}}
            """
        )
        #expect(cluster.name == "a.b-c")
        #expect(cluster.type == .strictDns)
        #expect(cluster.respectDnsTtl)
        #expect(cluster.connectTimeout.nanos == 250_000_000)
        #expect(cluster.maxRequestsPerConnection.value == 7)
        #expect(cluster.dnsLookupFamily == .v4Preferred)
    }

    @Test func presenceOfWrappersAndMessagesIsKept() throws {
        let given = try cluster("max_requests_per_connection: 0\ncircuit_breakers: {}")
        #expect(given.hasMaxRequestsPerConnection && given.hasCircuitBreakers)
        let missing = try cluster("name: a")
        #expect(!missing.hasMaxRequestsPerConnection && !missing.hasCircuitBreakers)
    }

    @Test func textsNeedNoQuotesUnlessTheyLookLikeSomethingElse() throws {
        for text in ["on", "no", "1.2.3", "0x1F", "012", "a:b", "~x"] {
            #expect(try cluster("name: \(text)").name == text)
        }
        #expect(try cluster("name: '12'").name == "12")
        #expect(try cluster("name: !!str true").name == "true")
    }

    @Test(
        arguments: [
            ("0s", 0, 0), ("1s", 1, 0), ("0.25s", 0, 250_000_000), ("-1.5s", -1, -500_000_000),
            ("0.000000001s", 0, 1), ("315576000000s", 315_576_000_000, 0), ("007s", 7, 0),
        ] as [(String, Int64, Int32)]
    )
    func durationsAreExact(_ text: String, _ seconds: Int64, _ nanos: Int32) throws {
        let parsed = try DurationText.parse(text)
        #expect(parsed.seconds == seconds && parsed.nanos == nanos)
    }

    @Test(arguments: [
        "", "s", "1", "1m", "1.s", ".5s", "1.0000000000s", "+1s", "--1s", "1 s", "1e3s", "٣s",
        "315576000000.1s", "315576000001s", "99999999999999999999s", "1.-5s",
    ])
    func otherTextsAreNoDurations(_ text: String) {
        #expect(throws: DurationText.Failure.self) { try DurationText.parse(text) }
    }

    @Test(arguments: [
        ("250ms", "write 0.25s"), ("5", "write 5s"), ("2m", "write 120s"), ("1h", "write 3600s"),
        ("1us", "write 0.000001s"), ("1d", "write 86400s"),
        ("soon", "write seconds, such as 0.25s"), ("9999999999h", "write seconds, such as 0.25s"),
    ])
    func theDurationThatWasMeantIsProposed(_ text: String, _ hint: String) {
        #expect(DurationText.suggestion(for: text) == hint)
    }

    @Test(
        arguments: [
            ("", []), ("aGVsbG8=", Array("hello".utf8)), ("aGVsbG8", Array("hello".utf8)),
            ("-_8=", [0xfb, 0xff]), ("+/8=", [0xfb, 0xff]), ("AA==", [0]),
        ] as [(String, [UInt8])]
    )
    func base64IsDecoded(_ text: String, _ bytes: [UInt8]) {
        #expect(Base64.decode(text) == bytes)
    }

    @Test(arguments: ["A", "AA=", "A===", "AA==AA", "AA A", "AÄ==", "====", "=A=="])
    func otherTextsAreNoBase64(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(arguments: ["0", "-0", "12", "1.5", "-1.5e10", "1E+2", "0.0"])
    func numbersOfJSONAreNumbers(_ text: String) {
        #expect(ScalarText.isNumber(text))
    }

    @Test(arguments: [
        "", "-", "+1", "01", "1.", ".5", "1e", "0x1", "1_0", "NaN", "inf", "1 ", "--1",
    ])
    func otherTextsAreNoNumbers(_ text: String) {
        #expect(!ScalarText.isNumber(text))
    }
}
