import Model
import Testing
import Wire

@Suite("The header of the PROXY protocol")
struct ProxyProtocolTests {
    @Test("Each start of a connection is what it is", arguments: ProxyProtocolCase.all)
    func whole(_ start: ProxyProtocolCase) {
        #expect(ProxyProtocolParser.parse(start.bytes.span) == start.expected)
    }

    @Test("No split changes the verdict", arguments: ProxyProtocolCase.all)
    func split(_ start: ProxyProtocolCase) {
        for cut in 0...start.bytes.count {
            let part = ProxyProtocolParser.parse(start.bytes.span.extracting(0..<cut))
            if part != .more && part != start.expected { Issue.record("\(part) at \(cut)") }
            if case .header(let header) = part { #expect(header.consumed <= cut) }
        }
    }

    @Test("Each case keeps the properties", arguments: ProxyProtocolCase.all)
    func properties(_ start: ProxyProtocolCase) {
        #expect(ProxyProtocolProperty.violation(in: start.bytes.span) == nil)
    }

    @Test("No mutation of a header traps or depends on how it arrives")
    func mutations() {
        var random = Mutations(seed: 13)
        let originals = ProxyProtocolCase.all.map(\.bytes)
        var understood = 0
        for round in 0..<20_000 {
            let bytes = random.mutate(originals[round % originals.count])
            let whole = ProxyProtocolParser.parse(bytes.span)
            if case .header = whole { understood += 1 }
            let cut = Int.random(in: 0...bytes.count, using: &random)
            let part = ProxyProtocolParser.parse(bytes.span.extracting(0..<cut))
            if part != .more && part != whole { Issue.record("\(part) at \(cut) of \(bytes)") }
        }
        #expect(understood > 400)
    }

    @Test("Each file of the corpus keeps the properties")
    func corpus() {
        let files = CorpusFolder.files("proxy-protocol")
        #expect(files.count >= 50)
        for file in files {
            if let violation = ProxyProtocolProperty.violation(in: file.bytes.span) {
                Issue.record("\(violation): \(file.name)")
            }
        }
    }

    // MARK: - Writing

    private static let client = SocketAddress.ipv4(0xae02_02de, port: 50_000)
    private static let server = SocketAddress.ipv4(0xac00_0001, port: 80)
    private static let server6 = SocketAddress.ipv6(high: 1 << 48, low: 2, port: 443, scope: 0)

    private func line(_ source: SocketAddress?, _ destination: SocketAddress?) -> String {
        var bytes: [UInt8] = []
        ProxyProtocolWriter.appendV1(source: source, destination: destination, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("Version 1 is one line of text")
    func writesLines() {
        let client = Self.client
        let expected = "PROXY TCP4 174.2.2.222 172.0.0.1 50000 80\r\n"
        #expect(line(client, Self.server) == expected)
        #expect(line(Self.server6, Self.server6) == "PROXY TCP6 1::2 1::2 443 443\r\n")
        #expect(line(client, Self.server6) == "PROXY TCP6 ::ffff:174.2.2.222 1::2 50000 443\r\n")
        #expect(line(nil, Self.server) == "PROXY UNKNOWN\r\n")
        #expect(line(client, .unix(path: "/x")) == "PROXY UNKNOWN\r\n")
    }

    @Test("Version 2 has addresses and the given fields")
    func writesBinaries() {
        var bytes: [UInt8] = [9]
        let alpn = ProxyProtocolWriter.TLV(type: 1, value: [0x68, 0x32])
        #expect(
            ProxyProtocolWriter.appendV2(
                source: Self.client,
                destination: Self.server,
                tlvs: [alpn],
                to: &bytes
            )
        )
        let addresses: [UInt8] = [174, 2, 2, 222, 172, 0, 0, 1, 0xc3, 0x50, 0, 80]
        #expect(bytes == [9] + proxyBinary(0x21, 0x11, addresses + [1, 0, 2, 0x68, 0x32]))
        var local: [UInt8] = []
        #expect(ProxyProtocolWriter.appendV2(source: nil, destination: nil, to: &local))
        #expect(local == proxyBinary(0x20, 0, []))
    }

    @Test("A mixed pair is written as IPv6")
    func writesMixedPairs() throws {
        var bytes: [UInt8] = []
        #expect(
            ProxyProtocolWriter.appendV2(
                source: Self.client,
                destination: Self.server6,
                to: &bytes
            )
        )
        guard case .header(let header) = ProxyProtocolParser.parse(bytes.span) else {
            Issue.record("not read")
            return
        }
        #expect(header.source?.description == "[::ffff:174.2.2.222]:50000")
        #expect(header.destination == Self.server6)
    }

    @Test("Fields that do not fit are refused before anything is written")
    func refusesLongFields() {
        var bytes: [UInt8] = []
        let most = ProxyProtocolWriter.TLV(type: 1, value: .init(repeating: 0, count: 65_520))
        let client = Self.client
        #expect(
            ProxyProtocolWriter.appendV2(
                source: client,
                destination: client,
                tlvs: [most],
                to: &bytes
            )
        )
        #expect(bytes.count == ProxyProtocolParser.maxBytes)
        let one = ProxyProtocolWriter.TLV(type: 4, value: [])
        bytes = []
        #expect(
            !ProxyProtocolWriter.appendV2(
                source: client,
                destination: client,
                tlvs: [most, one],
                to: &bytes
            )
        )
        #expect(bytes.isEmpty)
    }
}
