internal import Model

/// Writes records in the form that a sink's configuration names, without a line end.
///
/// Used by one thread.
final class RecordFormWriter {
    private let form: RecordForm
    private let document: DocumentWriter
    private let messageKey: [UInt8]
    private let columns: [[UInt8]]
    private var scratch: [UInt8] = []

    init(_ form: RecordForm, _ document: DocumentWriter) {
        self.form = form
        self.document = document
        if case .message(let key) = form { messageKey = Array(key.utf8) } else { messageKey = [] }
        if case .csv(let keys) = form {
            columns = keys.map { Array($0.utf8) }
        } else {
            columns = []
        }
    }

    /// Appends one record.
    func append(_ record: borrowing LogRecord, _ out: inout [UInt8]) {
        switch form {
        case .json: document.appendObject(record, &out)
        case .outFile:
            LogTime.appendISO8601(record.time, digits: 0, &out)
            out.append(0x09)
            // A tag may come from a peer, and must not begin a line or a column of its own.
            for byte in record.tag.bytes { out.append(byte < 0x20 ? UInt8(ascii: "_") : byte) }
            out.append(0x09)
            document.appendObject(record, &out)
        case .message: _ = record.appendText(of: messageKey, &out)
        case .logfmt: appendPairs(record, &out)
        case .csv: appendColumns(record, &out)
        }
    }

    // MARK: - logfmt

    private func appendPairs(_ record: borrowing LogRecord, _ out: inout [UInt8]) {
        let fields = record.fields
        var isFirst = true
        for field in fields where !document.leavesOut(record.name(of: field)) {
            if !isFirst { out.append(0x20) }
            isFirst = false
            appendName(record.name(of: field), &out)
            out.append(UInt8(ascii: "="))
            scratch.removeAll(keepingCapacity: true)
            switch field.kind {
            case .text: JSONWriter.append(record.value(of: field), &scratch)
            case .json: JSONText.append(meaningOf: record.value(of: field), &scratch)
            }
            let text = scratch
            let isPlain = text.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3d && $0 != 0x5c }
            if isPlain {
                out.append(contentsOf: text)
            } else {
                JSONWriter.appendString(text.span, &out)
            }
        }
    }

    /// A name has no spaces, quotes and equals signs in this form.
    private func appendName(_ name: Span<UInt8>, _ out: inout [UInt8]) {
        for index in name.indices {
            let byte = name[index]
            let isPlain = byte > 0x20 && byte != 0x22 && byte != 0x3d
            out.append(isPlain ? byte : UInt8(ascii: "_"))
        }
    }

    // MARK: - CSV

    private func appendColumns(_ record: borrowing LogRecord, _ out: inout [UInt8]) {
        for (number, name) in columns.enumerated() {
            if number > 0 { out.append(UInt8(ascii: ",")) }
            scratch.removeAll(keepingCapacity: true)
            _ = record.appendText(of: name, &scratch)
            let needsQuotes = scratch.contains {
                $0 == 0x22 || $0 == 0x2c || $0 == 0x0a || $0 == 0x0d
            }
            guard needsQuotes else {
                out.append(contentsOf: scratch)
                continue
            }
            out.append(0x22)
            for byte in scratch {
                if byte == 0x22 { out.append(0x22) }
                out.append(byte)
            }
            out.append(0x22)
        }
    }
}
