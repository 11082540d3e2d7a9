/// Reads one YAML or JSON document into a tree of nodes, within limits.
///
/// JSON is read as what it nearly is, a subset of YAML. Anchors, aliases and merge keys work; an
/// alias counts as often as it is used, so a small file can't become a large tree.
package struct DocumentReader {
    private let limits: DocumentLimits
    private var builder: NodeBuilder
    private var documents = 0

    private init(_ limits: DocumentLimits) {
        self.limits = limits
        self.builder = NodeBuilder(limits)
    }

    /// Reads `bytes`, the whole of a file.
    /// - Throws: the first thing that is wrong with its form.
    package static func read(
        _ bytes: [UInt8],
        limits: DocumentLimits = .standard
    ) throws(DocumentFailure) -> Node {
        guard bytes.count <= limits.bytesMax else { throw tooLarge(limits) }
        try checkText(bytes)
        var reader = DocumentReader(limits)
        try YAMLParser.forEachEvent(in: bytes) { (event) throws(DocumentFailure) in
            try reader.take(event)
        }
        guard let root = reader.builder.root, !root.isNull else {
            throw DocumentFailure(
                what: "the file is empty",
                hint: "a configuration has at least static_resources with listeners and clusters"
            )
        }
        return root
    }

    /// What is said of a file above the limit, also before all of it is read.
    package static func tooLarge(_ limits: DocumentLimits) -> DocumentFailure {
        DocumentFailure(
            what: "the file is too large",
            hint: "at most \(limits.bytesMax >> 20) MiB are read"
        )
    }

    private mutating func take(_ event: YAMLEvent) throws(DocumentFailure) {
        if case .documentStart = event.kind {
            documents += 1
            guard documents == 1 else {
                throw DocumentFailure(
                    position: event.position,
                    what: "a second document begins here",
                    hint: "put it into a file of its own and name both files; they are merged"
                )
            }
            return
        }
        try builder.take(event)
    }

    /// libyaml checks the same, but says less of where and why.
    private static func checkText(_ bytes: [UInt8]) throws(DocumentFailure) {
        let control = bytes.firstIndex {
            $0 == 0x7f || ($0 < 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d)
        }
        if let control {
            let digits = String(bytes[control], radix: 16)
            throw DocumentFailure(
                position: TextPosition.of(offset: control, in: bytes),
                what: "there is a control character (0x\(digits.count < 2 ? "0" : "")\(digits))",
                hint: "is this a YAML or JSON file?"
            )
        }
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw DocumentFailure(
                position: TextPosition.of(offset: error.byteOffsets.lowerBound, in: bytes),
                what: "the text is not valid UTF-8",
                hint: "save the file as UTF-8"
            )
        }
    }
}
