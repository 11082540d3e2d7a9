import Testing
import Wire

/// One request as bytes, and what must become of it.
struct RequestCase: Sendable, CustomTestStringConvertible {
    enum Verdict: Equatable, Sendable {
        case refused(HeadFailure)
        case incomplete
        /// What may reach the upstream.
        case reaches(path: String, authority: String, framing: BodyFraming)
    }

    let name: String
    let bytes: [UInt8]
    let verdict: Verdict

    var testDescription: String { name }

    /// Each scalar of `text` is one byte, so that `\u{80}` is the byte 0x80.
    init(_ name: String, _ text: String, _ verdict: Verdict) {
        self.name = name
        self.bytes = text.latin1
        self.verdict = verdict
    }

    init(_ name: String, _ text: String, _ failure: HeadFailure) {
        self.init(name, text, .refused(failure))
    }

    /// A message that is accepted with path `/` and host `a.example`.
    init(_ name: String, _ text: String, reaches framing: BodyFraming) {
        self.init(name, text, .reaches(path: "/", authority: "a.example", framing: framing))
    }

    static let all: [RequestCase] = startLines + targets + hosts + fields + framings + limits
}

extension String {
    /// Each scalar as one byte; the tests only write scalars below 256.
    var latin1: [UInt8] { unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }
}

/// A request whose request line is the subject.
func startLine(_ line: String) -> String { line + "\r\nHost: a.example\r\n\r\n" }

/// A request for a target.
func target(_ target: String, method: String = "GET") -> String {
    startLine("\(method) \(target) HTTP/1.1")
}

/// A request with one Host line.
func host(_ value: String) -> String { "GET / HTTP/1.1\r\nHost: \(value)\r\n\r\n" }

/// A GET request with more lines, each written as it is and ended by CRLF.
func get(_ lines: String..., version: String = "1.1") -> String {
    (["GET / HTTP/\(version)", "Host: a.example"] + lines + ["", ""]).joined(separator: "\r\n")
}

/// A POST request with more lines.
func post(_ lines: String..., version: String = "1.1") -> String {
    (["POST / HTTP/\(version)", "Host: a.example"] + lines + ["", ""]).joined(separator: "\r\n")
}
