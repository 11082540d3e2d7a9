internal import Identity

/// The messages that a server and a client prove to each other with that they share a key.
struct ForwardHandshake {
    let hostname: String
    let sharedKey: String
    let user: String
    let password: String
    /// Drawn for each connection.
    let salt: String

    /// What the server says first.
    struct Hello: Equatable {
        var nonce: [UInt8]
        /// The salt for passwords; empty: it wants no user.
        var auth: [UInt8]
        var keepsAlive: Bool
    }

    /// Reads `["HELO", {"nonce", "auth", "keepalive"}]`; nil for anything else.
    static func hello(_ message: MessagePackValue) -> Hello? {
        guard case .array(let parts) = message, parts.count == 2,
            parts[0] == .bytes(Array("HELO".utf8))
        else { return nil }
        var keepsAlive = true
        if case .bool(let value)? = parts[1]["keepalive"] { keepsAlive = value }
        return Hello(
            nonce: parts[1]["nonce"]?.bytes ?? [],
            auth: parts[1]["auth"]?.bytes ?? [],
            keepsAlive: keepsAlive
        )
    }

    /// `["PING", hostname, salt, digest of the key, user, digest of the password]`.
    func ping(_ hello: Hello) -> [UInt8] {
        var out: [UInt8] = []
        MessagePackWriter.appendArrayHead(6, &out)
        MessagePackWriter.append("PING", &out)
        MessagePackWriter.append(hostname, &out)
        MessagePackWriter.append(salt, &out)
        MessagePackWriter.append(digest(of: hostname, hello.nonce), &out)
        if hello.auth.isEmpty {
            MessagePackWriter.append("", &out)
            MessagePackWriter.append("", &out)
        } else {
            MessagePackWriter.append(user, &out)
            MessagePackWriter.append(
                Self.digest(hello.auth + Array(user.utf8) + Array(password.utf8)),
                &out
            )
        }
        return out
    }

    /// Why the server's `["PONG", ok, reason, hostname, digest of the key]` is not good; nil: it is.
    func problem(_ message: MessagePackValue, _ hello: Hello) -> String? {
        guard case .array(let parts) = message, parts.count == 5,
            parts[0] == .bytes(Array("PONG".utf8)), case .bool(let isLetIn) = parts[1]
        else { return "the server's answer to the handshake is none" }
        guard isLetIn else {
            return "the server does not let it in: \(parts[2].text ?? "it does not say why")"
        }
        guard let name = parts[3].text, parts[4].text == digest(of: name, hello.nonce) else {
            return "the server does not know the shared key"
        }
        return nil
    }

    private func digest(of name: String, _ nonce: [UInt8]) -> String {
        Self.digest(Array(salt.utf8) + Array(name.utf8) + nonce + Array(sharedKey.utf8))
    }

    private static func digest(_ bytes: [UInt8]) -> String {
        Digest.hexadecimal(Digest.sha512(bytes.span))
    }
}
