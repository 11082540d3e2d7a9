internal import CYAML

/// What libyaml's parser reports, as a value.
struct YAMLEvent {
    enum Kind {
        case documentStart
        case alias(anchor: String)
        /// `tag` is nil where none is written.
        case scalar(String, isPlain: Bool, anchor: String?, tag: String?)
        case sequenceStart(anchor: String?, tag: String?)
        case sequenceEnd
        case mappingStart(anchor: String?, tag: String?)
        case mappingEnd
        /// Of no interest: the beginning of the stream, the end of a document.
        case other
        case streamEnd
    }

    var kind: Kind
    var position: Node.Position
}

/// The door to libyaml: everything unsafe of this module is in this file.
///
/// libyaml's event interface keeps its state on the heap and does not recurse, so the depth of a
/// document can't exhaust the stack there. It scans ahead by a bounded number of characters.
enum YAMLParser {
    /// Calls `body` with each event until the stream ends or something is wrong.
    /// - Parameter bytes: valid UTF-8; libyaml reads it in place.
    /// - Throws: what libyaml says of the syntax, or what `body` throws.
    static func forEachEvent(
        in bytes: [UInt8],
        _ body: (YAMLEvent) throws(DocumentFailure) -> Void
    ) throws(DocumentFailure) {
        try unsafe bytes.withUnsafeBufferPointer { (input) throws(DocumentFailure) in
            let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
            defer { unsafe parser.deallocate() }
            guard unsafe yaml_parser_initialize(parser) == 1 else {
                throw DocumentFailure(what: "there is not enough memory to read it")
            }
            defer { unsafe yaml_parser_delete(parser) }
            unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
            try unsafe run(parser, bytes, body)
        }
    }

    private static func run(
        _ parser: UnsafeMutablePointer<yaml_parser_t>,
        _ bytes: [UInt8],
        _ body: (YAMLEvent) throws(DocumentFailure) -> Void
    ) throws(DocumentFailure) {
        while true {
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else {
                throw unsafe failure(parser, bytes)
            }
            let value = unsafe read(&event)
            unsafe yaml_event_delete(&event)
            try body(value)
            if case .streamEnd = value.kind { return }
        }
    }

    private static func read(_ event: inout yaml_event_t) -> YAMLEvent {
        let kind: YAMLEvent.Kind
        switch unsafe event.type {
        case YAML_DOCUMENT_START_EVENT:
            kind = .documentStart
        case YAML_ALIAS_EVENT:
            kind = .alias(anchor: unsafe text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let buffer = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            kind = unsafe .scalar(
                String(decoding: buffer, as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                anchor: text(scalar.anchor),
                tag: text(scalar.tag)
            )
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            kind = unsafe .sequenceStart(anchor: text(start.anchor), tag: text(start.tag))
        case YAML_SEQUENCE_END_EVENT:
            kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            kind = unsafe .mappingStart(anchor: text(start.anchor), tag: text(start.tag))
        case YAML_MAPPING_END_EVENT:
            kind = .mappingEnd
        case YAML_STREAM_END_EVENT:
            kind = .streamEnd
        default:
            kind = .other
        }
        return unsafe YAMLEvent(kind: kind, position: position(event.start_mark))
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(decodingCString: pointer, as: UTF8.self)
    }

    private static func position(_ mark: yaml_mark_t) -> Node.Position {
        Node.Position(line: Int(clamping: mark.line) &+ 1, column: Int(clamping: mark.column) &+ 1)
    }

    private static func failure(
        _ parser: UnsafeMutablePointer<yaml_parser_t>,
        _ bytes: [UInt8]
    ) -> DocumentFailure {
        var what = "the syntax is wrong"
        if let problem = unsafe parser.pointee.problem {
            what = unsafe String(cString: problem)
        }
        if let context = unsafe parser.pointee.context {
            what += unsafe " \(String(cString: context))"
            let line = unsafe parser.pointee.context_mark.line
            if unsafe line != parser.pointee.problem_mark.line {
                what += " that begins in line \(Int(clamping: line) &+ 1)"
            }
        }
        switch unsafe parser.pointee.error {
        case YAML_MEMORY_ERROR:
            return DocumentFailure(what: "there is not enough memory to read it")
        case YAML_READER_ERROR:
            let offset = unsafe Int(clamping: parser.pointee.problem_offset)
            return DocumentFailure(
                position: TextPosition.of(offset: offset, in: bytes),
                what: what
            )
        default:
            let mark = unsafe parser.pointee.problem_mark
            let character = TextPosition.character(at: Int(clamping: mark.index), in: bytes)
            return DocumentFailure(
                // libyaml counts one line too many at the end of a text without a line break.
                position: character == nil
                    ? TextPosition.of(offset: bytes.count, in: bytes) : position(mark),
                what: what,
                hint: character == 0x09 ? "indent with spaces, not with tabs" : nil
            )
        }
    }
}
