/// The expressions of Ruby in double quotes that need no Ruby.
///
/// `ENV['X']`, `ENV.fetch('X', 'y')`, `hostname`, `worker_id`, `use_nil`, `use_default`, quoted texts and
/// numbers, with `||` and `+` between them. All else is refused.
enum FluentdExpression {
    static let allowed =
        "of Ruby only ENV['X'], ENV.fetch('X', 'default'), hostname, worker_id, use_nil, use_default "
        + "and || and + between them are understood"

    static func value(
        of code: String,
        at place: ConfigurationPlace,
        environment: FluentEnvironment,
        unset: inout [String]
    ) throws(LogConfigurationFailure) -> FluentValue {
        var reader = FluentdExpressionReader(Array(code.utf8))
        var missing: [String] = []
        /// What stands before a `+`.
        var sum: String?
        while true {
            guard let term = reader.term(), let after = reader.separator() else {
                throw LogConfigurationFailure(
                    place: place,
                    what: "Ruby is not run: #{\(shortened(code))}",
                    hint: allowed
                )
            }
            let isLast = after == .end
            if after == .plus || sum != nil {
                let text = try text(of: term, at: place, environment: environment, &missing)
                sum = (sum ?? "") + text
                if after == .plus { continue }
                unset.append(contentsOf: missing)
                return .text(sum ?? "")
            }
            switch term {
            case .text(let text): return .text(text)
            case .hostname: return .text(environment.hostname)
            case .nothing: return .nothing
            case .standard: return .standard
            case .variable(let name, let fallback, let isRequired):
                if let value = environment.variable(name) { return .text(value) }
                if let fallback { return .text(fallback) }
                if isRequired {
                    throw LogConfigurationFailure(
                        place: place,
                        what: "the environment variable \(name) is not set",
                        hint: "ENV.fetch without a second argument demands it"
                    )
                }
                missing.append(name)
            }
            if isLast {
                unset.append(contentsOf: missing)
                return .text("")
            }
        }
    }

    /// A part of a sum.
    private static func text(
        of term: FluentdExpressionReader.Term,
        at place: ConfigurationPlace,
        environment: FluentEnvironment,
        _ missing: inout [String]
    ) throws(LogConfigurationFailure) -> String {
        switch term {
        case .text(let text): return text
        case .hostname: return environment.hostname
        case .nothing, .standard: return ""
        case .variable(let name, let fallback, let isRequired):
            if let value = environment.variable(name) ?? fallback { return value }
            guard !isRequired else {
                throw LogConfigurationFailure(
                    place: place,
                    what: "the environment variable \(name) is not set",
                    hint: "ENV.fetch without a second argument demands it"
                )
            }
            missing.append(name)
            return ""
        }
    }

    private static func shortened(_ code: String) -> String {
        String(fluentQuoted(code).dropFirst().dropLast())
    }
}

private struct FluentdExpressionReader {
    enum Term {
        case text(String)
        case hostname, nothing, standard
        case variable(String, fallback: String?, isRequired: Bool)
    }

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private mutating func space() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
            position += 1
        }
    }

    private mutating func skip(_ text: StaticString) -> Bool {
        space()
        let wanted = Array("\(text)".utf8)
        guard position + wanted.count <= bytes.count,
            bytes[position..<position + wanted.count].elementsEqual(wanted)
        else { return false }
        position += wanted.count
        return true
    }

    enum Separator { case end, or, plus }

    /// What stands after a term; nil where it is something else.
    mutating func separator() -> Separator? {
        space()
        if position == bytes.count { return .end }
        if skip("||") { return .or }
        return skip("+") ? .plus : nil
    }

    mutating func term() -> Term? {
        space()
        let start = position
        if skip("ENV") {
            if skip("["), let name = quoted(), skip("]") {
                _ = skip(".to_s")
                return .variable(name, fallback: nil, isRequired: false)
            }
            guard skip(".fetch"), skip("("), let name = quoted() else { return nil }
            var fallback: String?
            if skip(",") {
                guard let text = quoted() ?? number() else { return nil }
                fallback = text
            }
            guard skip(")") else { return nil }
            if fallback == nil, skip("{") {
                guard let text = quoted() ?? number(), skip("}") else { return nil }
                fallback = text
            }
            return .variable(name, fallback: fallback, isRequired: fallback == nil)
        }
        if let text = quoted() ?? number() { return .text(text) }
        while position < bytes.count, bytes[position] > 0x20, bytes[position] != UInt8(ascii: "|") {
            position += 1
        }
        switch String(decoding: bytes[start..<position], as: UTF8.self) {
        case "hostname", "Socket.gethostname", "Socket.gethostname()": return .hostname
        // One process, which is the first worker.
        case "worker_id": return .text("0")
        case "true", "false":
            return .text(String(decoding: bytes[start..<position], as: UTF8.self))
        case "use_nil", "use_nil()": return .nothing
        case "use_default", "use_default()": return .standard
        default: return nil
        }
    }

    private mutating func quoted() -> String? {
        space()
        guard position < bytes.count,
            bytes[position] == UInt8(ascii: "'") || bytes[position] == UInt8(ascii: "\"")
        else { return nil }
        let quote = bytes[position]
        var index = position + 1
        while index < bytes.count, bytes[index] != quote {
            // Escapes and nested expressions are left to Ruby.
            if bytes[index] == UInt8(ascii: "\\") || bytes[index] == UInt8(ascii: "#") {
                return nil
            }
            index += 1
        }
        guard index < bytes.count else { return nil }
        let text = String(decoding: bytes[position + 1..<index], as: UTF8.self)
        position = index + 1
        return text
    }

    private mutating func number() -> String? {
        space()
        let start = position
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 {
            position += 1
        }
        return start == position ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
    }
}
