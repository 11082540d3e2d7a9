/// A text with parts that come from the record: `app-${tag[1]}-%Y.%m.%d`.
package struct RecordTemplate: Sendable, Equatable {
    package enum Part: Sendable, Equatable {
        case literal(String)
        case tag
        /// The part with this number, counted from 0, or from the end where negative.
        case tagPart(Int)
        /// The parts up to this number, or from it on (`tag_prefix`, `tag_suffix`).
        case tagPrefix(Int)
        case tagSuffix(Int)
        /// The value of a field, or of a path of them with dots.
        case field(String)
        /// strftime's directives, of the record's time in UTC.
        case time(String)
        case hostname
        /// The record's time, ISO 8601.
        case isoTime
        /// Seconds since 1970.
        case unixTime
    }

    package var parts: [Part]

    package init(_ parts: [Part]) { self.parts = parts }
    package init(literal: String) { parts = literal.isEmpty ? [] : [.literal(literal)] }

    /// The text, where nothing depends on the record.
    package var literal: String? {
        var text = ""
        for part in parts {
            guard case .literal(let more) = part else { return nil }
            text += more
        }
        return text
    }
}
