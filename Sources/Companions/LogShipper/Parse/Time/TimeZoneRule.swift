/// When daylight saving begins and ends in each year, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct TimeZoneRule: Sendable, Equatable {
    private enum Day: Equatable {
        /// 1…365, without 29 February.
        case julian(Int)
        /// 0…365.
        case zeroBased(Int)
        case week(month: Int, week: Int, weekday: Int)
    }

    private struct Change: Equatable {
        var day: Day
        /// Seconds after midnight; may be negative or beyond the day.
        var time: Int
    }

    /// Seconds east of UTC.
    let standard: Int32
    private let daylight: Int32
    private var begin: Change?
    private var end: Change?

    /// Nil where it is malformed.
    init?(_ bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        guard reader.name(), let west = reader.time(hoursMax: 24) else { return nil }
        standard = Int32(-west)
        guard !reader.isAtEnd else {
            daylight = standard
            return
        }
        guard reader.name() else { return nil }
        if reader.next == UInt8(ascii: ",") || reader.isAtEnd {
            daylight = standard + 3600
        } else {
            guard let west = reader.time(hoursMax: 24) else { return nil }
            daylight = Int32(-west)
        }
        guard reader.take(UInt8(ascii: ",")), let begin = reader.change(),
            reader.take(UInt8(ascii: ",")), let end = reader.change(), reader.isAtEnd
        else { return nil }
        self.begin = begin
        self.end = end
    }

    /// Seconds east of UTC at a moment.
    func offset(at seconds: Int64) -> Int32 {
        guard let begin, let end, abs(seconds) < 1 << 40 else { return standard }
        let local = Int(seconds) + Int(standard)
        let day = local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
        let year = Self.year(ofDay: day)
        let from = Self.moment(begin, year) - Int(standard)
        let to = Self.moment(end, year) - Int(daylight)
        let now = Int(seconds)
        // South of the equator daylight saving goes over the end of the year.
        let isDaylight = from < to ? now >= from && now < to : now >= from || now < to
        return isDaylight ? daylight : standard
    }

    private static func year(ofDay day: Int) -> Int {
        var year = 1970 + Int((Double(day) / 365.2425).rounded(.down))
        while LogTime.days(year: year, month: 1, day: 1) > day { year -= 1 }
        while LogTime.days(year: year + 1, month: 1, day: 1) <= day { year += 1 }
        return year
    }

    private static func moment(_ change: Change, _ year: Int) -> Int {
        let january = LogTime.days(year: year, month: 1, day: 1)
        let isLeap = LogTime.days(year: year + 1, month: 1, day: 1) - january == 366
        let day: Int
        switch change.day {
        case .julian(let number): day = january + number - (isLeap && number >= 60 ? 0 : 1)
        case .zeroBased(let number): day = january + number
        case .week(let month, let week, let weekday):
            let first = LogTime.days(year: year, month: month, day: 1)
            let next =
                month == 12
                ? LogTime.days(year: year + 1, month: 1, day: 1)
                : LogTime.days(year: year, month: month + 1, day: 1)
            let firstWeekday = (first % 7 + 11) % 7
            var found = first + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
            while found >= next { found -= 7 }
            day = found
        }
        return day * 86_400 + change.time
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        var next: UInt8? { index < bytes.count ? bytes[index] : nil }
        var isAtEnd: Bool { index == bytes.count }

        mutating func take(_ byte: UInt8) -> Bool {
            guard next == byte else { return false }
            index += 1
            return true
        }

        mutating func name() -> Bool {
            let start = index
            if take(UInt8(ascii: "<")) {
                while let byte = next, byte != UInt8(ascii: ">") {
                    _ = byte
                    index += 1
                }
                return take(UInt8(ascii: ">")) && index - start > 2
            }
            while let byte = next, byte | 0x20 >= 0x61, byte | 0x20 <= 0x7a { index += 1 }
            return index - start >= 3
        }

        mutating func number(_ most: Int) -> Int? {
            var value = 0
            let start = index
            while let byte = next, byte >= 0x30, byte <= 0x39, index - start < 4 {
                value = value * 10 + Int(byte) - 0x30
                index += 1
            }
            return index > start && value <= most ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time(hoursMax: Int) -> Int? {
            let isNegative = next == UInt8(ascii: "-")
            if isNegative || next == UInt8(ascii: "+") { index += 1 }
            guard let hours = number(hoursMax) else { return nil }
            var seconds = hours * 3600
            if take(UInt8(ascii: ":")) {
                guard let minutes = number(59) else { return nil }
                seconds += minutes * 60
                if take(UInt8(ascii: ":")) {
                    guard let more = number(59) else { return nil }
                    seconds += more
                }
            }
            return isNegative ? -seconds : seconds
        }

        mutating func change() -> Change? {
            let day: Day
            if take(UInt8(ascii: "M")) {
                guard let month = number(12), month > 0, take(UInt8(ascii: ".")),
                    let week = number(5), week > 0, take(UInt8(ascii: ".")),
                    let weekday = number(6)
                else { return nil }
                day = .week(month: month, week: week, weekday: weekday)
            } else if take(UInt8(ascii: "J")) {
                guard let number = number(365), number > 0 else { return nil }
                day = .julian(number)
            } else {
                guard let number = number(365) else { return nil }
                day = .zeroBased(number)
            }
            var time = 7200
            if take(UInt8(ascii: "/")) {
                guard let given = self.time(hoursMax: 167) else { return nil }
                time = given
            }
            return Change(day: day, time: time)
        }
    }
}
