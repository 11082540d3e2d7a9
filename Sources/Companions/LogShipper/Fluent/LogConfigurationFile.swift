package import Document

/// Tells by a file's name and content in which language it is.
package enum LogConfigurationFile {
    /// As much of a file as is looked at.
    private static let linesMax = 2000

    /// Whether it is a configuration of fluentd: a section or an `@include` begins it, and it is no XML.
    package static func isFluentd(_ text: [UInt8], path: String = "") -> Bool {
        guard !isYAML(path) else { return false }
        for line in lines(of: text) {
            if line.hasPrefix("<") {
                let name = line.dropFirst().prefix { $0.isLetter || $0 == "_" }
                return ["source", "match", "filter", "label", "system", "worker"].contains(
                    String(name)
                )
            }
            return line.hasPrefix("@include ") || line.hasPrefix("@include\t")
        }
        return false
    }

    /// Whether it is a classic configuration of fluent-bit: one of its sections or commands begins it.
    package static func isFluentBitClassic(_ text: [UInt8], path: String = "") -> Bool {
        guard !isYAML(path) else { return false }
        for line in lines(of: text) {
            if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
                let name = line[line.index(after: line.startIndex)..<end].uppercased()
                return [
                    "SERVICE", "INPUT", "FILTER", "OUTPUT", "PARSER", "MULTILINE_PARSER", "CUSTOM",
                ].contains(name)
            }
            let word = line.prefix { $0 != " " && $0 != "\t" }
            // In lower case it is fluentd's; both may begin with nothing else.
            return word == "@INCLUDE" || word.uppercased() == "@SET"
        }
        return false
    }

    /// Whether a document is fluent-bit's: it has a pipeline, or includes what may have one.
    package static func isFluentBit(_ root: Node) -> Bool {
        if case .mapping? = root.member("pipeline")?.value.content { return true }
        guard case .mapping(let members) = root.content else { return false }
        let names = members.map(\.key)
        return names.contains("includes")
            && names.allSatisfy {
                ["includes", "env", "service", "parsers", "multiline_parsers"].contains($0)
            }
    }

    /// Whether a document says in the short form what a log shipper is to do.
    package static func hasShortForm(_ root: Node) -> Bool { root.member("logs") != nil }

    private static func isYAML(_ path: String) -> Bool {
        [".yaml", ".yml", ".json"].contains { path.lowercased().hasSuffix($0) }
    }

    /// The lines that are neither empty nor comments, up to the first one and no further than needed.
    private static func lines(of text: [UInt8]) -> [String] {
        var found: [String] = []
        for line in text.prefix(1 << 20).split(separator: 0x0a).prefix(linesMax) {
            var bytes = line.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
            if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
                bytes = bytes.dropFirst(3).drop { $0 == 0x20 || $0 == 0x09 }
            }
            guard let first = bytes.first, first != UInt8(ascii: "#") else { continue }
            found.append(String(decoding: bytes.prefix(200), as: UTF8.self))
            break
        }
        return found
    }
}
