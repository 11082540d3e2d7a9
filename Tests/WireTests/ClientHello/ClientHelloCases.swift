import Model
import Wire

/// A start of a connection and what it is.
struct ClientHelloCase: Sendable, CustomStringConvertible {
    var name: String
    var bytes: [UInt8]
    var expected: ClientHelloResult

    init(_ name: String, _ bytes: [UInt8], _ expected: ClientHelloResult) {
        self.name = name
        self.bytes = bytes
        self.expected = expected
    }

    var description: String { name }

    static let all = recorded + made + refused
}

/// The fields of a hello, each of which may be made wrong.
struct MadeHello {
    var type: UInt8 = 1
    var session: [UInt8] = []
    var ciphers: [UInt8] = [0x13, 0x01]
    var compressions: [UInt8] = [0]
    /// nil: the hello ends before them.
    var extensions: [(type: UInt16, content: [UInt8])]? = []
    var trailing: [UInt8] = []

    var message: [UInt8] {
        var body: [UInt8] = [3, 3] + [UInt8](repeating: 7, count: 32)
        body += [UInt8(session.count)] + session
        body += Self.vector(ciphers)
        body += [UInt8(compressions.count)] + compressions
        if let extensions {
            var all: [UInt8] = []
            for (type, content) in extensions {
                all += [UInt8(type >> 8), UInt8(type & 255)] + Self.vector(content)
            }
            body += Self.vector(all)
        }
        body += trailing
        let count = body.count
        return [type, UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255)] + body
    }

    var record: [UInt8] { TLSRecords.of(message, size: 16_384) }

    static func vector(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
    }

    static func name(_ name: [UInt8], type: UInt8 = 0) -> (UInt16, [UInt8]) {
        (0, vector([type] + vector(name)))
    }

    static func protocols(_ names: [String]) -> (UInt16, [UInt8]) {
        (16, vector(names.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }))
    }
}

/// What a hello says, in few words.
func hello(
    _ name: ByteString? = nil,
    _ protocols: [ByteString] = [],
    versions: [UInt16] = []
) -> ClientHelloResult {
    var hello = ClientHello()
    hello.legacyVersion = 0x0303
    hello.serverName = name
    hello.applicationProtocols = protocols
    hello.supportedVersions = versions
    return .clientHello(hello)
}

extension ClientHelloCase {
    private static let both: [UInt16] = [0x0304, 0x0303]

    fileprivate static let recorded = [
        ClientHelloCase(
            "OpenSSL, both versions",
            RecordedHello.bothVersions,
            hello("api.example.com", ["h2", "http/1.1"], versions: both)
        ),
        ClientHelloCase("OpenSSL, TLS 1.2", RecordedHello.tls12, hello("legacy.example.org")),
        ClientHelloCase(
            "OpenSSL without a name",
            RecordedHello.noName,
            hello(nil, ["h2"], versions: both)
        ),
        ClientHelloCase(
            "OpenSSL to an address",
            RecordedHello.anAddress,
            hello(nil, [], versions: both)
        ),
        ClientHelloCase(
            "OpenSSL, TLS 1.3",
            RecordedHello.tls13,
            hello("x.example", ["istio-peer-exchange", "h2"], versions: [0x0304])
        ),
    ]

    private static func made(_ name: String, _ change: (inout MadeHello) -> Void) -> [UInt8] {
        var hello = MadeHello()
        change(&hello)
        return hello.record
    }

    private static func extended(_ extensions: [(UInt16, [UInt8])]) -> [UInt8] {
        made("") { $0.extensions = extensions.map { (type: $0.0, content: $0.1) } }
    }

    fileprivate static let made: [ClientHelloCase] = {
        let longest = [UInt8](repeating: 0x61, count: 255)
        let many = (0..<70).map { "p\($0)" }
        return [
            ClientHelloCase("no extensions", made("") { $0.extensions = nil }, hello()),
            ClientHelloCase("an empty list of extensions", made("") { _ in }, hello()),
            ClientHelloCase(
                "in records of one byte",
                TLSRecords.of(Array(RecordedHello.tls12.dropFirst(5)), size: 1),
                hello("legacy.example.org")
            ),
            ClientHelloCase(
                "in records of 100 bytes",
                TLSRecords.of(Array(RecordedHello.bothVersions.dropFirst(5)), size: 100),
                hello("api.example.com", ["h2", "http/1.1"], versions: both)
            ),
            ClientHelloCase(
                "the longest name",
                extended([MadeHello.name(longest)]),
                hello(ByteString(longest))
            ),
            ClientHelloCase(
                "more protocols than are kept",
                extended([MadeHello.protocols(many)]),
                hello(nil, many.prefix(64).map { ByteString($0) })
            ),
            ClientHelloCase(
                "an empty protocol: none are told",
                extended([(16, [0, 4, 2, 0x68, 0x32, 0])]),
                hello()
            ),
            ClientHelloCase(
                "a protocol beyond its list: none are told",
                extended([(16, [0, 2, 9, 0x68])]),
                hello()
            ),
            ClientHelloCase("half a version: none are told", extended([(43, [1, 3])]), hello()),
            ClientHelloCase("no versions", extended([(43, [0])]), hello()),
            ClientHelloCase(
                "data after the hello",
                RecordedHello.tls12 + [20, 3, 3, 0, 1, 1],
                hello("legacy.example.org")
            ),
        ]
    }()

    fileprivate static let refused: [ClientHelloCase] = {
        let name = MadeHello.name(Array("a.b".utf8))
        let tooLong = [UInt8](repeating: 0x61, count: 256)
        func bad(_ what: String, _ bytes: [UInt8], _ why: ClientHelloFailure) -> ClientHelloCase {
            ClientHelloCase(what, bytes, .malformed(why))
        }
        return [
            ClientHelloCase("a request of HTTP", Array("GET / HTTP/1.1\r\n".utf8), .notTLS),
            ClientHelloCase("one wrong byte", [0x15], .notTLS),
            ClientHelloCase("another major version", [22, 2], .notTLS),
            ClientHelloCase("the hello of SSL 2", [0x80, 0x2e, 1, 3, 1, 0, 21, 0, 0], .notTLS),
            ClientHelloCase("nothing", [], .more),
            ClientHelloCase("half a record", Array(RecordedHello.tls12.prefix(100)), .more),
            bad("an empty record", [22, 3, 1, 0, 0], .record),
            bad("a record beyond 2^14", [22, 3, 1, 0x40, 1], .record),
            bad("an alert within", [22, 3, 1, 0, 1, 1, 21], .record),
            bad("another version within", [22, 3, 1, 0, 1, 1, 22, 4], .record),
            bad("another message", [22, 3, 1, 0, 4, 2], .notClientHello),
            bad("a message of 16 MiB", [22, 3, 1, 0, 4, 1, 255, 255, 255], .tooLarge),
            bad("just too large", [22, 3, 1, 0x3f, 0xfc, 1, 0, 0x3f, 0xf8], .tooLarge),
            bad("an empty message", [22, 3, 1, 0, 4, 1, 0, 0, 0], .structure),
            bad(
                "a long session",
                made("") { $0.session = .init(repeating: 1, count: 33) },
                .structure
            ),
            bad("no ciphers", made("") { $0.ciphers = [] }, .structure),
            bad("half a cipher", made("") { $0.ciphers = [1, 2, 3] }, .structure),
            bad("no compression", made("") { $0.compressions = [] }, .structure),
            bad("bytes after the extensions", made("") { $0.trailing = [0] }, .structure),
            bad("two names", extended([name, name]), .repeatedExtension),
            bad("two lists", extended([(16, []), (16, [])]), .repeatedExtension),
            bad(
                "two of no meaning",
                extended([(0xfafa, []), (1, []), (0xfafa, [])]),
                .repeatedExtension
            ),
            bad("an empty name", extended([MadeHello.name([])]), .serverName),
            bad("a long name", extended([MadeHello.name(tooLong)]), .serverName),
            bad("NUL in a name", extended([MadeHello.name([0x61, 0, 0x62])]), .serverName),
            bad("another type of name", extended([MadeHello.name([0x61], type: 1)]), .serverName),
            bad("no list of names", extended([(0, [])]), .serverName),
            bad("a name beyond its list", extended([(0, [0, 4, 0, 0, 9, 0x61])]), .serverName),
            bad("bytes after the name", extended([(0, [0, 4, 0, 0, 1, 0x61, 0])]), .serverName),
        ]
    }()
}
