/// A template of a sink's configuration: rendered for each record, or once where nothing in it depends
/// on the record.
///
/// Used by one thread.
final class SinkTemplate {
    private let constant: [UInt8]?
    private let renderer: TemplateRenderer

    init(_ template: RecordTemplate, hostname: String) {
        // The machine's name is known already.
        let known = RecordTemplate(template.parts.map { $0 == .hostname ? .literal(hostname) : $0 })
        constant = known.literal.map { Array($0.utf8) }
        renderer = TemplateRenderer(known, hostname: hostname)
    }

    /// True where every record renders the same.
    var isConstant: Bool { constant != nil }

    /// Appends the text.
    func append(_ record: borrowing LogRecord, _ out: inout [UInt8]) {
        if let constant {
            out.append(contentsOf: constant)
        } else {
            renderer.append(record, &out)
        }
    }

    /// Appends the text as the path of a file; `/` in what comes from the record becomes `_`.
    func appendPath(_ record: borrowing LogRecord, _ out: inout [UInt8]) {
        if let constant {
            out.append(contentsOf: constant)
        } else {
            renderer.appendPath(record, &out)
        }
    }
}
