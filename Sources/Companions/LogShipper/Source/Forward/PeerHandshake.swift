import Identity
import Model

/// The server's part of the forward protocol's handshake: who knows the shared key may send.
struct PeerHandshake {
    enum Verdict: Equatable {
        /// The peer may send; its own name.
        case accepted(String)
        /// Why not, in words.
        case refused(String)
    }

    let options: ForwardSecurityOptions
    private let nonce: [UInt8]
    private let salt: [UInt8]

    init(_ options: ForwardSecurityOptions) {
        self.options = options
        nonce = Self.random()
        salt = Self.random()
    }

    init(_ options: ForwardSecurityOptions, nonce: [UInt8], salt: [UInt8]) {
        self.options = options
        self.nonce = nonce
        self.salt = salt
    }

    private static func random() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// The first message of the connection: `["HELO", {nonce, auth, keepalive}]`.
    var helo: [UInt8] {
        var out: [UInt8] = []
        MessagePackBytes.appendArray(2, &out)
        MessagePackBytes.append("HELO", &out)
        MessagePackBytes.appendMap(3, &out)
        MessagePackBytes.append("nonce", &out)
        MessagePackBytes.appendBinary(nonce, &out)
        MessagePackBytes.append("auth", &out)
        if options.users.isEmpty {
            MessagePackBytes.append("", &out)
        } else {
            MessagePackBytes.appendBinary(salt, &out)
        }
        MessagePackBytes.append("keepalive", &out)
        MessagePackBytes.append(true, &out)
        return out
    }

    /// Looks at the peer's `PING`, and returns what is answered.
    func check(_ ping: Span<UInt8>) -> (verdict: Verdict, answer: [UInt8]) {
        guard let fields = Self.fields(ping), fields.count >= 6, fields[0] == "PING" else {
            return refusal(
                "the first message was not the handshake's: the peer knows no shared key"
            )
        }
        let (name, keySalt, digest) = (fields[1].bytes, fields[2].bytes, fields[3].bytes)
        let key = Array(options.sharedKey.utf8)
        guard Self.isEqual(Self.digest([keySalt, name, nonce, key]), digest) else {
            return refusal("the shared key is another one")
        }
        if !options.users.isEmpty {
            let user = String(decoding: fields[4].bytes, as: UTF8.self)
            let password = options.users.first { $0.name == user }?.password
            // Without a user of that name the digest is of something that nobody knows.
            let known = password.map { Array($0.utf8) } ?? Self.random()
            let wanted = Self.digest([salt, fields[4].bytes, known])
            guard Self.isEqual(wanted, fields[5].bytes), password != nil else {
                return refusal("the user or the password is wrong")
            }
        }
        let own = Array(options.hostname.utf8)
        var out: [UInt8] = []
        MessagePackBytes.appendArray(5, &out)
        MessagePackBytes.append("PONG", &out)
        MessagePackBytes.append(true, &out)
        MessagePackBytes.append("", &out)
        MessagePackBytes.append(options.hostname, &out)
        MessagePackBytes.appendText(Self.digest([keySalt, own, nonce, key]), &out)
        return (.accepted(String(decoding: name, as: UTF8.self)), out)
    }

    private func refusal(_ why: String) -> (verdict: Verdict, answer: [UInt8]) {
        var out: [UInt8] = []
        MessagePackBytes.appendArray(5, &out)
        MessagePackBytes.append("PONG", &out)
        MessagePackBytes.append(false, &out)
        MessagePackBytes.append(why, &out)
        MessagePackBytes.append("", &out)
        MessagePackBytes.append("", &out)
        return (.refused(why), out)
    }

    /// The texts of an array of texts; nil for anything else.
    private static func fields(_ bytes: Span<UInt8>) -> [ByteString]? {
        guard let head = try? MessagePackReader.head(bytes, at: 0),
            case .array(let count) = head.kind, count <= 8
        else { return nil }
        var fields: [ByteString] = []
        var position = head.end
        for _ in 0..<count {
            guard let value = try? MessagePackReader.head(bytes, at: position) else { return nil }
            switch value.kind {
            case .text, .binary:
                fields.append(ByteString(copying: bytes.extracting(value.content)))
            case .null: fields.append("")
            default: return nil
            }
            position = value.end
        }
        return fields
    }

    /// SHA-512 of the parts, as 128 hexadecimal digits.
    static func digest(_ parts: [[UInt8]]) -> [UInt8] {
        let all = Array(parts.joined())
        return Array(Digest.hexadecimal(Digest.sha512(all.span)).utf8)
    }

    /// Takes the same time wherever the first difference is.
    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (one, other) in zip(left, right) { difference |= one ^ other }
        return difference == 0
    }
}

/// Who may send to a forward source.
struct ForwardSecurityOptions: Sendable, Equatable {
    var sharedKey: String
    /// How this side names itself to peers.
    var hostname: String
    /// Empty: users are not asked for.
    var users: [NetworkUser]
}
