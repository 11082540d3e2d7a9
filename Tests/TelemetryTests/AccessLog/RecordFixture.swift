import Model

@testable import Telemetry

/// Heads and records for the tests of formats.
enum RecordFixture {
    static func head(
        method: String = "GET",
        path: String = "/a?b=c&d=",
        authority: String = "app.local",
        status: UInt16 = 0,
        fields: [(String, String)] = []
    ) -> Head {
        let head = Head()
        func slice(_ text: String) -> Head.Slice {
            let bytes = Array(text.utf8)
            return head.append(bytes.span)
        }
        head.methodSlice = slice(method)
        head.path = slice(path)
        head.authority = slice(authority)
        head.status = status
        for (name, value) in fields { head.addLine(name: slice(name), value: slice(value)) }
        return head
    }

    static func record() -> ExchangeRecord {
        var record = ExchangeRecord()
        record.request = head(fields: [
            ("User-Agent", "curl/8"), ("x-forwarded-for", "10.1.1.1"), ("x-request-id", "id-1"),
            ("X-Custom", "long value"), ("x-empty", ""), ("content-type", "application/grpc"),
        ])
        record.response = head(
            status: 200,
            fields: [("x-envoy-upstream-service-time", "4"), ("Content-Type", "text/plain")]
        )
        record.responseTrailers = head(fields: [("grpc-status", "14"), ("x-sum", "abc")])
        // 2026-11-21 06:43:25.123456 UTC
        record.requestStartUnixMicroseconds = 1_795_243_405_123_456
        record.durationMicroseconds = 5_900
        record.requestReceivedMicroseconds = 1_000
        record.upstreamFirstByteSentMicroseconds = 1_500
        record.upstreamLastByteSentMicroseconds = 2_000
        record.responseFirstByteMicroseconds = 4_100
        record.responseLastByteMicroseconds = 5_000
        record.downstreamFirstByteSentMicroseconds = 4_200
        record.downstreamLastByteSentMicroseconds = 5_800
        record.bytesReceived = 7
        record.bytesSent = 1_234
        record.requestHeadBytes = 90
        record.responseHeadBytes = 80
        record.upstreamWireBytesSent = 101
        record.upstreamWireBytesReceived = 102
        record.downstreamWireBytesReceived = 103
        record.downstreamWireBytesSent = 104
        record.responseCode = 200
        record.responseCodeDetails = "via_upstream"
        record.flags = [.upstreamConnectionFailure, .upstreamRetryLimitExceeded]
        record.connectionTerminationDetails = "closed"
        record.reason = "no cluster"
        record.routeName = "default"
        record.virtualHostName = "all"
        record.clusterName = "app"
        record.upstreamHost = "10.0.0.2:8080"
        record.upstreamHostName = "app.internal"
        record.upstreamLocalAddress = .ipv4(0x0a00_0001, port: 40_000)
        record.upstreamTransportFailureReason = "connection refused"
        record.attemptCount = 2
        record.downstreamRemoteAddress = .ipv4(0x0a01_0101, port: 0)
        record.downstreamDirectRemoteAddress = .ipv6(high: 0, low: 1, port: 5_000, scope: 0)
        record.downstreamLocalAddress = .ipv4(0x7f00_0001, port: 15_001)
        record.connectionID = 9
        record.upstreamConnectionID = 12
        record.listenerName = "inbound"
        record.filterChainName = "mtls"
        record.requestedServerName = "app.test"
        record.downstreamTransportFailureReason = "no certificate"
        record.downstreamTLS = TLSFacts(
            version: .tls13,
            cipherSuite: "TLS_AES_128_GCM_SHA256",
            curve: "X25519",
            sessionID: "0a1b",
            peer: certificate("client"),
            local: certificate("own")
        )
        record.upstreamTLS = TLSFacts(
            version: .tls12,
            cipherSuite: "ECDHE-RSA-AES128-GCM-SHA256",
            curve: "P-256",
            sessionID: "0c",
            peer: certificate("endpoint"),
            local: certificate("own")
        )
        return record
    }

    static func certificate(_ name: String) -> CertificateFacts {
        CertificateFacts(
            subject: "CN=\(name),O=Own",
            issuer: "CN=ca",
            serialNumber: "759d",
            sha256: "c4a5",
            sha1: "9285",
            uriNames: ["spiffe://d/\(name)", "spiffe://d/b"],
            dnsNames: ["\(name).test"],
            ipNames: ["10.0.0.1", "::1"],
            emailNames: ["a@b.c"],
            // 2026-11-21 13:16:56 and 2026-12-21 13:16:56 UTC
            notBefore: 1_795_267_016,
            notAfter: 1_797_859_016,
            pem: "-----BEGIN CERTIFICATE-----\na+/=\n-----END CERTIFICATE-----\n",
            chainSHA256: ["c4a5", "0001"],
            chainSHA1: ["9285", "0002"],
            chainSerialNumbers: ["759d", "03"]
        )
    }

    static func render(_ format: AccessLogFormat, _ record: ExchangeRecord) -> String {
        let line = LineBuffer()
        format.render(record, into: line)
        return line.text
    }
}
