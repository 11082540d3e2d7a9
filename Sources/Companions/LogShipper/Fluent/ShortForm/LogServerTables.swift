internal import CompanionKit
internal import Document

/// What sinks that speak to servers have in common.
enum LogServerTables {
    /// A server that is spoken to with HTTP, but for its addresses.
    static let http = LogTable(HTTPTarget(urls: [])) { table in
        table.add("user", optional: \.user, .text, "The user, with `password`.")
        table.add(secret: "password", \.password, "The user's password.")
        table.add(secret: "bearer", \.bearer, "A token, as `Authorization: Bearer …`.")
        table.add(secret: "apiKey", \.apiKey, "A key, as `Authorization: ApiKey …`.")
        table.add(
            "sigV4",
            optional: \.signing,
            .object(signing, title: "sigV4", primary: "region"),
            "Requests are signed for AWS."
        )
        table.excludes(["user", "bearer", "apiKey", "sigV4"])
        rest(&table)
    }

    /// Without what says who asks.
    static let plain = LogTable(HTTPTarget(urls: [])) { rest(&$0) }

    private static func rest(_ table: inout LogTable<HTTPTarget>) {
        table.add(
            "headers",
            \.namedHeaders,
            .named(.text, words: "names with a text each"),
            "Headers of each request.",
            standard: "none"
        )
        table.add(
            "tls",
            \.tls,
            .tls(isOn: false),
            "How TLS is spoken, where the URL says `https`.",
            standard: "the system's authorities"
        )
        table.add("gzip", \.compression, .boolean, "Requests are compressed.")
        table.add("timeout", \.timeout, .duration(1), "For one request, connecting included.")
    }

    /// A server that is spoken to over a stream, but for its addresses.
    static let stream = LogTable(StreamTarget(addresses: [])) { table in
        table.add(
            "tls",
            \.tls,
            .tls(isOn: true),
            "TLS is spoken; `true` for the usual way.",
            standard: "none"
        )
        table.add(
            "timeout",
            \.timeout,
            .duration(1),
            "To connect, and for an acknowledgement."
        )
    }

    /// Where credentials of AWS come from, beside the region.
    static let aws = LogTable(AWSOptions(region: "")) { table in
        table.add("region", \.region, .text, "The region.", isRequired: true)
        table.add(
            "accessKey",
            optional: \.accessKey,
            .text,
            "The key's id, with `secretKey`.",
            absence: "the environment's, a web identity's, the container's or the instance's"
        )
        table.add(secret: "secretKey", \.secretKey, "The key.")
        table.add(secret: "sessionToken", \.sessionToken, "Of temporary keys.")
        table.add(
            "endpoint",
            optional: \.endpoint,
            .url,
            "Instead of the service's own.",
            absence: "the region's"
        )
        table.add("role", optional: \.assumedRole, .text, "A role that is assumed, by its ARN.")
    }

    private static let signing = LogTable(LogSigning()) { table in
        table.include(aws, \.aws)
        table.add("service", \.service, .text, "The service's name: `es`, `aoss`.")
    }

    static let tls = table(isOn: false)

    static func table(isOn: Bool) -> LogTable<SinkTLSOptions> {
        var usual = SinkTLSOptions()
        usual.isOn = isOn
        return LogTable(usual) { table in
            table.add("on", \.isOn, .boolean, "TLS is spoken.")
            table.add(
                "ca",
                optional: \.authorityFile,
                .path,
                "The authorities that vouch for the server, in PEM.",
                absence: "the system's"
            )
            table.add(
                "certificate",
                optional: \.certificateFile,
                .path,
                "Our own certificate, in PEM; goes with `key`."
            )
            table.add("key", optional: \.keyFile, .path, "The private key of `certificate`.")
            table.add(
                "serverName",
                optional: \.serverName,
                .text,
                "The name that the server's certificate is for.",
                absence: "the name in the address"
            )
            table.add("verify", \.verifies, .boolean, "The server's certificate is verified.")
        }
    }
}

/// How requests are signed.
struct LogSigning: Sendable, Equatable {
    var aws = AWSOptions(region: "")
    var service = "es"
}

extension HTTPTarget {
    fileprivate var namedHeaders: [LogNamed<String>] {
        get { headers.map { LogNamed(name: $0.name, value: $0.value) } }
        set { headers = newValue.map { (name: $0.name, value: $0.value) } }
    }

    fileprivate var user: String? {
        get {
            if case .basic(let user, _) = auth { return user }
            return nil
        }
        set { auth = .basic(user: newValue ?? "", password: password ?? "") }
    }

    fileprivate var password: String? {
        get {
            if case .basic(_, let password) = auth { return password }
            return nil
        }
        set { auth = .basic(user: user ?? "", password: newValue ?? "") }
    }

    fileprivate var bearer: String? {
        get {
            if case .bearer(let token) = auth { return token }
            return nil
        }
        set { auth = .bearer(newValue ?? "") }
    }

    fileprivate var apiKey: String? {
        get {
            if case .apiKey(let key) = auth { return key }
            return nil
        }
        set { auth = .apiKey(newValue ?? "") }
    }

    fileprivate var signing: LogSigning? {
        get {
            if case .sigV4(let aws, let service) = auth {
                return LogSigning(aws: aws, service: service)
            }
            return nil
        }
        set {
            if let newValue { auth = .sigV4(newValue.aws, service: newValue.service) }
        }
    }
}

// MARK: - Kinds of values

extension LogKind where Value == SinkTLSOptions {
    /// `true`, `false`, or an object; `isOn` says what an object alone means.
    static func tls(isOn: Bool) -> Self {
        let table = LogServerTables.table(isOn: isOn)
        let object = LogKind.object(table, title: "tls")
        return Self(
            words: "`true`, or an object",
            tables: object.tables,
            read: { node, spot in
                if case .scalar(let text, isPlain: true) = node.content,
                    text == "true" || text == "false"
                {
                    var options = SinkTLSOptions()
                    options.isOn = text == "true"
                    return options
                }
                return object.read(node, spot)
            },
            write: { options in
                var usual = SinkTLSOptions()
                usual.isOn = true
                return options == usual ? .boolean(true) : object.write(options)
            }
        )
    }
}

extension LogKind where Value == String {
    static let url = Self(
        words: "a URL",
        read: { node, spot in
            let example = "https://search.example:9200"
            guard let text = logScalar(node, spot, "a URL", example: example) else { return nil }
            guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
                let isOther = text.contains("://")
                spot.at(node.position).refuse(
                    "\(fluentQuoted(text)) "
                        + (isOther ? "is not spoken to" : "does not say whether it speaks TLS"),
                    hint: isOther
                        ? "http:// and https:// are" : "write http://\(text) or https://\(text)"
                )
                return nil
            }
            guard HTTPEndpoint(text) != nil else {
                spot.at(node.position).refuse(
                    "\(fluentQuoted(text)) is not a URL",
                    hint: "such as \(example)"
                )
                return nil
            }
            return text
        },
        write: { .text($0) }
    )

    /// `HOST:PORT`, or a host and the usual port.
    static func address(_ usual: Int?) -> Self {
        let port = usual ?? 6000
        return Self(
            words: usual.map { "`HOST` or `HOST:PORT` (\($0) if not given)" } ?? "`HOST:PORT`",
            read: { node, spot in
                let example = "logs.example:\(port)"
                guard let text = logScalar(node, spot, "HOST:PORT", example: example) else {
                    return nil
                }
                if text.contains("://") {
                    spot.at(node.position).refuse(
                        "\(fluentQuoted(text)) is a URL",
                        hint: "HOST:PORT, such as \(example)"
                    )
                    return nil
                }
                let isBare = text.hasSuffix("]") || !text.contains(":")
                if isBare, let usual, !text.isEmpty { return "\(text):\(usual)" }
                guard let colon = text.lastIndex(of: ":"), colon != text.startIndex,
                    ScalarText.isDigits(text[text.index(after: colon)...]),
                    let number = Int(text[text.index(after: colon)...]),
                    (1...65535).contains(number)
                else {
                    spot.at(node.position).refuse(
                        "\(fluentQuoted(text)) is not HOST:PORT",
                        hint: "such as \(example)"
                    )
                    return nil
                }
                return text
            },
            write: { .text($0) }
        )
    }
}

extension LogKind where Value == RecordForm {
    static let form = Self(
        words: "`json`, `outFile` (time, tag and JSON with tabs between), `logfmt`, "
            + "`{message: FIELD}` for one field's value, or `{csv: [FIELD, …]}`",
        read: { node, spot in
            if case .mapping(let members) = node.content, members.count == 1,
                let member = members.first
            {
                if member.key == "message" {
                    return LogKind<String>.field.read(member.value, spot.inside(member)).map {
                        .message(key: $0)
                    }
                }
                if member.key == "csv" {
                    return LogKind<[String]>.many(.field).read(member.value, spot.inside(member))
                        .map { .csv(keys: $0) }
                }
            }
            guard let text = logScalar(node, spot, "a form", example: "json") else { return nil }
            switch text {
            case "json": return .json
            case "outFile": return .outFile
            case "logfmt": return .logfmt
            default:
                spot.at(node.position).refuse(
                    "\(fluentQuoted(text)) is not a form",
                    hint: fluentDidYouMean(text, among: ["json", "outFile", "logfmt"])
                        ?? "json, outFile, logfmt, {message: FIELD} or {csv: [FIELD]}"
                )
                return nil
            }
        },
        write: { form in
            var map = LogTreeMap()
            switch form {
            case .json: return .text("json")
            case .outFile: return .text("outFile")
            case .logfmt: return .text("logfmt")
            case .message(let key): map.add("message", key)
            case .csv(let keys): map.add("csv", .list(keys.map { .text($0) }))
            }
            return .map(map)
        }
    )

    /// A form, or `true` for JSON.
    static let formOrTrue = Self(
        words: "`true`, or " + form.words,
        read: { node, spot in
            if case .scalar("true", isPlain: true) = node.content { return .json }
            return form.read(node, spot)
        },
        write: { $0 == .json ? .boolean(true) : form.write($0) }
    )
}

extension LogKind where Value == UInt32 {
    /// Permission bits, as octal digits.
    static let mode = Self(
        words: "permission bits in octal",
        read: { node, spot in
            guard let text = logScalar(node, spot, "a mode", example: "0640") else { return nil }
            guard text.utf8.count <= 5, let bits = UInt32(text, radix: 8), bits <= 0o7777 else {
                spot.at(node.position).refuse(
                    "\(fluentQuoted(text)) is not a mode",
                    hint: "such as 0640"
                )
                return nil
            }
            return bits
        },
        write: { .text("0" + String($0, radix: 8)) }
    )
}
