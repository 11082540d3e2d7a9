import Model

/// Takes a line apart into fields; what all parsers have in common comes after it.
protocol LineReader: AnyObject {
    /// Fills a record that has no fields. Its time may be set where the format says it by itself.
    func read(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome
}

/// Makes parsers of their options.
package enum RecordParsers {
    /// - Throws: what is wrong with an expression, a time format or a zone.
    package static func make(
        _ options: ParserOptions,
        place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> any RecordParser {
        if case .either(let several) = options.kind {
            var parsers: [any RecordParser] = []
            for one in several { parsers.append(try make(one, place: place)) }
            return EitherParser(parsers)
        }
        return FinishedParser(
            try reader(options, place),
            try FieldFinisher(options, place: place)
        )
    }

    private static func reader(
        _ options: ParserOptions,
        _ place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> any LineReader {
        switch options.kind {
        case .none: PlainLine(key: options.messageKey)
        case .json: JSONLine()
        case .docker: DockerLine()
        case .regexp(let pattern): try PatternLine(pattern, place: place)
        case .logfmt: LogfmtLine()
        case .csv(let keys, let delimiter): SeparatedLine(keys: keys, delimiter: delimiter)
        case .ltsv: LabelledLine()
        case .apache2: AccessLine(.apache2)
        case .nginx: AccessLine(.nginx)
        case .syslog(let form): SyslogLine(form, key: options.messageKey)
        case .cri: ContainerLine(key: options.messageKey)
        case .either: PlainLine(key: options.messageKey)
        }
    }
}

/// A reader, and then time, types and values that count as nothing.
private final class FinishedParser: RecordParser {
    private let reader: any LineReader
    private let finisher: FieldFinisher

    init(_ reader: any LineReader, _ finisher: FieldFinisher) {
        self.reader = reader
        self.finisher = finisher
    }

    func parse(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome {
        let outcome = reader.read(line, into: &record)
        guard outcome == .record else { return outcome }
        return finisher.finish(&record)
    }
}

/// Several parsers, of which the first counts that understands the line.
private final class EitherParser: RecordParser {
    private let parsers: [any RecordParser]

    init(_ parsers: [any RecordParser]) { self.parsers = parsers }

    func parse(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome {
        let time = record.time
        for parser in parsers {
            record.removeAll()
            record.time = time
            if parser.parse(line, into: &record) == .record { return .record }
        }
        return .unmatched("none of the \(parsers.count) parsers understands it")
    }
}
