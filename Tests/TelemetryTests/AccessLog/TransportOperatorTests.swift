import Model
import Testing

@testable import Telemetry

@Suite struct TransportOperatorTests {
    private func render(_ text: String, _ record: ExchangeRecord) throws -> String {
        RecordFixture.render(try AccessLogFormat(text: text), record)
    }

    private func json(_ text: String, _ record: ExchangeRecord) throws -> String {
        RecordFixture.render(try AccessLogFormat(json: .object([("k", .text(text))])), record)
    }

    @Test func anHTTP2ExchangeSaysSo() throws {
        var record = ExchangeRecord()
        let head = RecordFixture.head()
        head.majorVersion = 2
        record.request = head
        record.upstreamLocalAddress = .ipv4(0x7f00_0001, port: 1)
        #expect(try render("%PROTOCOL% %UPSTREAM_PROTOCOL%", record) == "HTTP/2 HTTP/1.1")
        record.upstreamMajorVersion = 2
        #expect(try render("%PROTOCOL% %UPSTREAM_PROTOCOL%", record) == "HTTP/2 HTTP/2")
    }

    @Test func aConnectionHasTheDefaultLineWithoutARequest() throws {
        var record = ExchangeRecord()
        record.isConnection = true
        record.requestStartUnixMicroseconds = 1_795_243_405_123_456
        record.durationMicroseconds = 2_100
        record.bytesReceived = 79
        record.bytesSent = 121
        record.upstreamHost = "127.0.0.1:39904"
        record.upstreamLocalAddress = .ipv4(0x7f00_0001, port: 1)
        record.attemptCount = 1
        #expect(
            RecordFixture.render(.standard, record)
                == "[2026-11-21T06:43:25.123Z] \"- - -\" 0 - 79 121 2 - \"-\" \"-\" \"-\" \"-\" "
                + "\"127.0.0.1:39904\"\n"
        )
        #expect(
            try render("%UPSTREAM_PROTOCOL% %PATH% %GRPC_STATUS% %REQUEST_DURATION%", record)
                == "- - - -"
        )
    }

    @Test func aHandshakeWithoutCertificatesHasNone() throws {
        var record = ExchangeRecord()
        record.downstreamTLS = TLSFacts(version: .tls13, cipherSuite: "X")
        let format =
            "%DOWNSTREAM_TLS_VERSION% %DOWNSTREAM_TLS_SESSION_ID% %DOWNSTREAM_PEER_SUBJECT% "
            + "%DOWNSTREAM_PEER_CERT_V_END(%Y)% %DOWNSTREAM_LOCAL_URI_SAN% %UPSTREAM_TLS_VERSION%"
        #expect(try render(format, record) == "TLSv1.3 - - - - -")
    }

    @Test(arguments: [Int64.min, -1, 0, .max])
    func aCertificateMaySayAnyTime(seconds: Int64) throws {
        var record = ExchangeRecord()
        let certificate = CertificateFacts(
            subject: "",
            issuer: "",
            serialNumber: "",
            sha256: "",
            sha1: "",
            notBefore: seconds,
            notAfter: seconds
        )
        record.downstreamTLS = TLSFacts(version: .tls12, cipherSuite: "X", peer: certificate)
        let years: [Int64: String] = [.min: "0001", -1: "1969", 0: "1970", .max: "9999"]
        #expect(try render("%DOWNSTREAM_PEER_CERT_V_END(%Y)%", record) == years[seconds])
        #expect(try render("%DOWNSTREAM_PEER_CERT_V_START%", record).hasSuffix(".000Z"))
        #expect(try render("%DOWNSTREAM_PEER_SUBJECT%|%DOWNSTREAM_PEER_DNS_SAN%", record) == "-|-")
    }

    @Test func aSubjectCannotForgeALine() throws {
        var record = ExchangeRecord()
        let certificate = CertificateFacts(
            subject: "CN=a\"\nforged",
            issuer: "CN=a\\,b",
            serialNumber: "",
            sha256: "",
            sha1: "",
            uriNames: ["x\n", "y"],
            notBefore: 0,
            notAfter: 0
        )
        record.downstreamTLS = TLSFacts(version: .tls12, cipherSuite: "X", peer: certificate)
        let text = try render("%DOWNSTREAM_PEER_SUBJECT% %DOWNSTREAM_PEER_URI_SAN%", record)
        #expect(text == "CN=a\\x22\\x0aforged x\\x0a,y")
        #expect(try json("%DOWNSTREAM_PEER_ISSUER%", record) == "{\"k\":\"CN=a\\\\,b\"}\n")
    }

    struct Call: Sendable {
        var trailer: String?
        var head: String?
        var code: UInt16 = 200
        var camel: String
        var number: String
    }

    /// As Envoy prints them.
    static let calls: [Call] = [
        Call(trailer: "14", head: "0", camel: "Unavailable", number: "14"),
        Call(head: "0", camel: "OK", number: "0"),
        Call(head: "99", camel: "99", number: "99"),
        Call(head: "abc", camel: "-1", number: "-1"),
        Call(head: "-1", camel: "-1", number: "-1"),
        Call(head: "", camel: "Unknown", number: "2"),
        Call(camel: "Unknown", number: "2"),
        Call(code: 503, camel: "Unavailable", number: "14"),
        Call(code: 404, camel: "Unimplemented", number: "12"),
        Call(code: 400, camel: "Internal", number: "13"),
        Call(code: 0, camel: "-", number: "-"),
    ]

    @Test(arguments: calls)
    func theStatusOfACallIsThatOfTheTrailersFirst(call: Call) throws {
        var record = ExchangeRecord()
        record.request = RecordFixture.head(fields: [("content-type", "application/grpc+proto")])
        record.response = RecordFixture.head(fields: call.head.map { [("grpc-status", $0)] } ?? [])
        record.responseTrailers = call.trailer.map {
            RecordFixture.head(fields: [("grpc-status", $0)])
        }
        record.responseCode = call.code
        let format = "%GRPC_STATUS% %GRPC_STATUS_NUMBER%"
        #expect(try render(format, record) == "\(call.camel) \(call.number)")
        let isAbsent = call.number == "-"
        #expect(
            try json("%GRPC_STATUS%", record)
                == "{\"k\":\(isAbsent ? "null" : "\"\(call.camel)\"")}\n"
        )
        #expect(
            try json("%GRPC_STATUS(NUMBER)%", record)
                == "{\"k\":\(isAbsent ? "null" : call.number)}\n"
        )
    }

    @Test(arguments: ["application/grpcx", "application/json", "application/grp", ""])
    func aRequestThatIsNoCallHasNoStatus(type: String) throws {
        var record = ExchangeRecord()
        record.request = RecordFixture.head(fields: [("content-type", type)])
        record.response = RecordFixture.head(fields: [("grpc-status", "14")])
        record.responseCode = 200
        #expect(try render("%GRPC_STATUS%", record) == "-")
    }

    @Test func everyOperatorOfTLSHasAField() {
        let fields = OperatorName.ofTLS.map { TLSField(operatorName: $0.name) }
        #expect(fields.allSatisfy { $0 != nil })
        #expect(Set(fields.compactMap { $0?.code }).count == OperatorName.ofTLS.count)
        #expect(fields.allSatisfy { $0.flatMap { TLSField(code: $0.code) } == $0 })
        #expect(TLSField(code: .max) == nil)
    }
}
