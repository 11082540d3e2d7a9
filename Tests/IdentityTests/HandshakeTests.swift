import Model
import Testing

@testable import Identity

@Suite struct HandshakeTests {
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func bothSidesAgreeOnTheVersionThatIsAllowed(version: TLSVersion) throws {
        let server = try Make.server { $0.maxVersion = version }
        let pair = Pair(server, try Make.client())
        try expectDone(pair)
        #expect(pair.server.facts.version == version)
        #expect(pair.client.facts.version == version)
        #expect(pair.server.facts.serverName == "server.test")
        #expect(pair.client.facts.peer?.dnsNames == ["server.test", "*.wild.test"])
        #expect(pair.client.facts.isPeerVerified)
        #expect(pair.server.facts.peer == nil)
        #expect(pair.server.facts.local?.subject == "CN=server")
        #expect(!pair.server.facts.isPeerVerified)
        let suite =
            version == .tls13 ? "TLS_AES_128_GCM_SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256"
        #expect(pair.client.facts.cipherSuite == suite)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func ciphertextMayComeByteByByte(version: TLSVersion) throws {
        var pair = Pair(try Make.server { $0.maxVersion = version }, try Make.client())
        pair.chunk = 1
        try expectDone(pair)
        let text = Array("a request of some bytes".utf8)
        let sealed = pair.send(text, fromClient: true)
        #expect(Pair.decrypt(pair.server, sealed, chunk: 1).plaintext == text)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aRecordMayBeSplitAnywhere(version: TLSVersion) throws {
        let pair = Pair(try Make.server { $0.maxVersion = version }, try Make.client())
        try expectDone(pair)
        let text = Array("one record".utf8)
        var offset = 1
        while true {
            let sealed = pair.send(text, fromClient: false)
            guard offset < sealed.count else { break }
            let first = Pair.decrypt(pair.client, Array(sealed[..<offset]))
            #expect(first.plaintext.isEmpty)
            let second = Pair.decrypt(pair.client, Array(sealed[offset...]))
            #expect(second.plaintext == text)
            offset += 1
        }
        #expect(offset > 20)
    }

    @Test func largeDataGoesBothWays() throws {
        let pair = Pair(try Make.server(), try Make.client())
        try expectDone(pair)
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        for fromClient in [true, false] {
            let sealed = pair.send(bytes, fromClient: fromClient)
            #expect(sealed.count > bytes.count)
            let receiver = fromClient ? pair.server : pair.client
            let read = Pair.decrypt(receiver, sealed, chunk: 10_007)
            #expect(read.plaintext == bytes)
            guard case .wantsMore = read.last else {
                Issue.record("\(read.last)")
                continue
            }
        }
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func anEndIsToldApartFromACut(version: TLSVersion) throws {
        let pair = Pair(try Make.server { $0.maxVersion = version }, try Make.client())
        try expectDone(pair)
        _ = pair.send(Array("last".utf8), fromClient: true)
        var sealed = pair.send(Array("last".utf8), fromClient: false)
        pair.server.shutdown()
        sealed += Pair.take(pair.serverIO)
        let read = Pair.decrypt(pair.client, sealed)
        #expect(read.plaintext == Array("last".utf8))
        guard case .ended = read.last else {
            Issue.record("\(read.last)")
            return
        }
        // The other direction goes on.
        #expect(!pair.send(Array("more".utf8), fromClient: true).isEmpty)
    }

    @Test func theServersOrderDecidesOnTheProtocol() throws {
        let server = try Make.server { $0.alpn = [Array("h2".utf8), Array("http/1.1".utf8)] }
        let client = try Make.client { $0.alpn = [Array("http/1.1".utf8), Array("h2".utf8)] }
        let pair = Pair(server, client)
        try expectDone(pair)
        #expect(pair.server.applicationProtocol == Array("h2".utf8))
        #expect(pair.client.facts.applicationProtocol == Array("h2".utf8))
        let other = Pair(server, client, alpn: [Array("http/1.1".utf8)])
        try expectDone(other)
        #expect(other.client.applicationProtocol == Array("http/1.1".utf8))
        let neither = Pair(server, client, alpn: [Array("spdy".utf8)])
        try expectDone(neither)
        #expect(neither.server.applicationProtocol.isEmpty)
    }

    @Test func manySessionsOfOneLoopShareTheMemory() throws {
        let (server, client) = (try Make.server(), try Make.client())
        let (serverIO, clientIO) = (TLSIO(), TLSIO())
        let sessions = (0..<5).map { _ in
            (
                TLSSession(server: server, io: serverIO),
                TLSSession(client: client, io: clientIO, serverName: "server.test")
            )
        }
        // All handshakes are interleaved, flight by flight.
        var flights = sessions.map { pair in
            _ = pair.1.handshake()
            return Pair.take(clientIO)
        }
        for _ in 0..<2 {
            for (index, pair) in sessions.enumerated() {
                let flight = flights[index]
                unsafe flight.withUnsafeBytes {
                    unsafe pair.0.receive($0)
                    _ = pair.0.handshake()
                }
                let answer = Pair.take(serverIO)
                unsafe answer.withUnsafeBytes {
                    unsafe pair.1.receive($0)
                    _ = pair.1.handshake()
                }
                flights[index] = Pair.take(clientIO)
            }
        }
        for pair in sessions {
            #expect(pair.0.isHandshakeDone && pair.1.isHandshakeDone)
            let text = Array("hello".utf8)
            let isSealed = pair.1.seal(text.span)
            #expect(isSealed)
            #expect(Pair.decrypt(pair.0, Pair.take(clientIO)).plaintext == text)
        }
    }
}

/// Both sides are done, or the test says why not.
func expectDone(_ pair: Pair, sourceLocation: SourceLocation = #_sourceLocation) throws {
    if case .failed(let server, let client) = pair.handshake() {
        Issue.record(
            "server: \(server?.explanation ?? "-"), client: \(client?.explanation ?? "-")",
            sourceLocation: sourceLocation
        )
        throw HandshakeFailed()
    }
}

struct HandshakeFailed: Error {}
