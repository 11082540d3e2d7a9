import Glibc
import Model

/// An operator as a format uses it, and what its argument means.
struct OperatorUse: Sendable {
    let operation: OperatorName
    let argument: [UInt8]?
    let limit: Int?
    /// The byte of the text where it begins.
    let position: Int

    func failure(_ message: String, _ hint: String = "") -> AccessLogFormatFailure {
        AccessLogFormatFailure(position: position, member: "", message: message, hint: hint)
    }

    private var argumentText: String { String(decoding: argument ?? [], as: UTF8.self) }

    /// An argument or a length where the operator takes none, or none where it needs one.
    func check() throws(AccessLogFormatFailure) {
        let takes = operation.arguments
        if argument == nil, takes.contains(.required) {
            throw failure(
                "%\(operation.name)% needs an argument",
                "%\(operation.name)(…)%"
            )
        }
        if argument != nil, takes.isDisjoint(with: [.required, .optional]) {
            throw failure("%\(operation.name)% takes no argument", "%\(operation.name)%")
        }
        if limit != nil, !takes.contains(.length) {
            throw failure("%\(operation.name)% takes no length", "%\(operation.name)%")
        }
        if let argument, argument.isEmpty, takes.contains(.required) {
            throw failure("%\(operation.name)()% has an empty argument")
        }
    }

    /// The value where it is known now; empty where it is known to be absent; else nil.
    var constant: [UInt8]? {
        switch operation.code {
        case .hostname:
            var name: [CChar] = Array(repeating: 0, count: 256)
            guard unsafe gethostname(&name, 255) == 0 else { return [] }
            return name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        case .environment:
            guard let value = unsafe getenv(argumentText) else { return [] }
            let bytes = unsafe Array(String(cString: value).utf8)
            return limit.map { Array(bytes.prefix($0)) } ?? bytes
        case .absent: return []
        default: return nil
        }
    }

    func timeFormat() throws(AccessLogFormatFailure) -> TimeFormat {
        do {
            return try TimeFormat(argument ?? [])
        } catch {
            throw failure(error.message, error.hint)
        }
    }

    /// `X` or `X?Y`.
    func fieldNames() throws(AccessLogFormatFailure) -> (first: [UInt8], second: [UInt8]?) {
        // `%STREAM_ID%` is the name of a header.
        guard let argument else { return (Array("x-request-id".utf8), nil) }
        let parts = argument.split(
            separator: 0x3f,
            maxSplits: 1,
            omittingEmptySubsequences: false
        ).map { Array($0) }
        for part in parts where part.isEmpty || !part.allSatisfy(Self.isFieldByte) {
            throw failure(
                "\(argumentText) is no header name",
                "%\(operation.name)(NAME?ALTERNATIVE)%"
            )
        }
        return (parts[0], parts.count > 1 ? parts[1] : nil)
    }

    private static func isFieldByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && byte != 0x3f && byte != 0x28 && byte != 0x29
    }

    /// What a name that begins with a colon means; nil for any other.
    func pseudoHeader(
        _ lower: [UInt8]
    ) throws(AccessLogFormatFailure) -> FieldReference.Kind? {
        guard lower.first == 0x3a else { return nil }
        let name = String(decoding: lower, as: UTF8.self)
        switch (operation.code, name) {
        case (.requestHeader, ":method"): return .method
        case (.requestHeader, ":path"): return .path
        case (.requestHeader, ":authority"): return .authority
        case (.requestHeader, ":scheme"): return .scheme
        case (.responseHeader, ":status"): return .status
        default:
            throw failure(
                "%\(operation.name)% has no \(name)",
                "REQ has :method, :path, :authority and :scheme; RESP has :status"
            )
        }
    }

    /// Whether the query belongs to it, then where it is taken from: 0 the original, 1 the path as
    /// it is now, 2 the original where there is one.
    func pathChoice() throws(AccessLogFormatFailure) -> (UInt32, UInt32) {
        guard let argument else { return (1, 2) }
        let parts = argument.split(separator: 0x3a, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let sources = ["ORIG", "PATH", "ORIG_OR_PATH"]
        guard parts.count <= 2, let query = ["NQ", "WQ"].firstIndex(of: parts[0]),
            let source = parts.count == 2 ? sources.firstIndex(of: parts[1]) : 2
        else {
            throw failure(
                "\(argumentText) does not choose a path",
                "%PATH(WQ|NQ:ORIG|PATH|ORIG_OR_PATH)%"
            )
        }
        return (UInt32(query), UInt32(source))
    }

    /// The points of time that `%COMMON_DURATION%` knows, by their number.
    static let timePointNames = [
        "DS_RX_BEG", "DS_RX_END", "US_TX_BEG", "US_TX_END", "US_RX_BEG", "US_RX_END", "DS_TX_BEG",
        "DS_TX_END",
    ]

    /// Start, end and unit in the three low bytes.
    func timePoints() throws(AccessLogFormatFailure) -> UInt32 {
        let parts = argumentText.split(separator: ":", omittingEmptySubsequences: false)
            .map(String.init)
        guard parts.count == 3, let start = Self.timePointNames.firstIndex(of: parts[0]),
            let end = Self.timePointNames.firstIndex(of: parts[1]),
            let unit = ["ms", "us", "ns"].firstIndex(of: parts[2])
        else {
            throw failure(
                "\(argumentText) is no duration",
                "%COMMON_DURATION(START:END:ms|us|ns)%, with "
                    + Self.timePointNames.joined(separator: ", ")
            )
        }
        return UInt32(start) | UInt32(end) << 8 | UInt32(unit) << 16
    }

    /// 0 camel case, 1 snake case, 2 the number.
    func grpcStyle() throws(AccessLogFormatFailure) -> UInt32 {
        guard argument != nil else { return 0 }
        let styles = ["CAMEL_STRING", "SNAKE_STRING", "NUMBER"]
        guard let style = styles.firstIndex(of: argumentText) else {
            throw failure(
                "\(argumentText) is no style of a status",
                styles.joined(separator: ", ")
            )
        }
        return UInt32(style)
    }
}
