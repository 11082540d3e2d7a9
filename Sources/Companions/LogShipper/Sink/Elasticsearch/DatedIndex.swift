internal import Model

/// Renders `prefix-YYYY.MM.DD` in lower case, once for each day or second.
///
/// Used by one thread.
struct DatedIndex {
    private let writer: TimeWriter
    private let table: TimeZoneTable?
    /// Nanoseconds for which a rendering holds.
    private let unit: Int64
    private var slot: Int64?
    private var rendered: [UInt8] = []

    init(_ format: LogstashFormat) {
        writer = TimeWriter(format.dateFormat)
        // Where the machine has no files of zones, its zone is UTC.
        table = format.usesUTC ? nil : TimeZoneTable.local()
        let perSecond: Int64 = 1_000_000_000
        var letters = false
        var isDaily = true
        for character in format.dateFormat {
            if letters {
                if "YmdyjFGgVuCbBhAaewD%".contains(character) {
                    letters = false
                } else if !"-_0^#:123456789".contains(character) {
                    isDaily = false
                    letters = false
                }
            } else if character == "%" {
                letters = true
            }
        }
        // Zones are whole minutes away from UTC, some of them quarters of an hour.
        unit = isDaily && table == nil ? 86_400 * perSecond : perSecond
    }

    /// Appends the date.
    mutating func append(_ nanoseconds: Int64, _ out: inout [UInt8]) {
        var number = nanoseconds / unit
        if nanoseconds % unit < 0 { number -= 1 }
        if slot != number {
            rendered.removeAll(keepingCapacity: true)
            let offset = table.map { Int64($0.offset(at: nanoseconds / 1_000_000_000)) } ?? 0
            let (local, overflow) = nanoseconds.addingReportingOverflow(offset * 1_000_000_000)
            var text: [UInt8] = []
            writer.append(overflow ? nanoseconds : local, &text)
            JSONWriter.appendEscaped(text.span, &rendered)
            for position in rendered.indices {
                rendered[position] = rendered[position].asciiLowercased
            }
            slot = number
        }
        out.append(contentsOf: rendered)
    }
}
