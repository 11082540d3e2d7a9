/// What was read of a time so far.
struct TimeParts {
    var year: Int?
    var month = 1
    var day = 1
    var dayOfYear: Int?
    var hour = 0
    var minute = 0
    var second = 0
    var nanosecond = 0
    /// Nil: not said; hours count from 0.
    var isAfternoon: Bool?
    /// Seconds east of UTC, where the text names them.
    var offset: Int?
    /// Seconds since 1970, where the text says that; nothing else counts then.
    var epoch: Int64?
    /// A month was read, so that a year may be missing.
    var hasDate = false
}

/// Makes moments of dates and times of day, in a zone.
struct TimePlace {
    private let table: TimeZoneTable?
    private let fixed: Int
    // Most lines of a file are of one day, whose offset is the same.
    private var lastDay: Int64 = .min
    private var lastOffset: Int64 = 0

    init(_ zone: TimeOptions.Zone, place: ConfigurationPlace) throws(LogConfigurationFailure) {
        switch zone {
        case .utc: (table, fixed) = (nil, 0)
        case .offset(let seconds): (table, fixed) = (nil, seconds)
        case .local: (table, fixed) = (TimeZoneTable.local(), 0)
        case .named(let name):
            guard let known = TimeZoneTable.named(name) else {
                throw LogConfigurationFailure(
                    place: place,
                    what: "the time zone \"\(name)\" is not known here",
                    hint: "write an offset like +09:00, or install the tz database (tzdata)"
                )
            }
            (table, fixed) = (known, 0)
        }
    }

    /// Nanoseconds since 1970, or nil for a day that there is not and for a time that is out of range.
    ///
    /// - Parameter now: nanoseconds; a time without a year is taken to be the nearest to it.
    mutating func moment(_ parts: TimeParts, now: Int64) -> Int64? {
        if let epoch = parts.epoch { return Self.nanoseconds(epoch, parts.nanosecond) }
        var hour = parts.hour
        if let isAfternoon = parts.isAfternoon {
            guard hour >= 1, hour <= 12 else { return nil }
            hour = hour % 12 + (isAfternoon ? 12 : 0)
        }
        guard hour < 24, parts.minute < 60, parts.second <= 60 else { return nil }
        let ofDay = Int64(hour * 3600 + parts.minute * 60 + parts.second)
        if let year = parts.year { return moment(parts, year, ofDay) }
        let today = LogTime.civil(now)
        if !parts.hasDate, parts.dayOfYear == nil {
            var dated = parts
            (dated.month, dated.day) = (today.month, today.day)
            return moment(dated, today.year, ofDay)
        }
        var nearest: Int64?
        for year in today.year - 1...today.year + 1 {
            guard let candidate = moment(parts, year, ofDay) else { continue }
            if let known = nearest, Self.distance(known, now) <= Self.distance(candidate, now) {
                continue
            }
            nearest = candidate
        }
        return nearest
    }

    private static func distance(_ left: Int64, _ right: Int64) -> UInt64 {
        left > right ? left.magnitudeDistance(to: right) : right.magnitudeDistance(to: left)
    }

    private mutating func moment(_ parts: TimeParts, _ year: Int, _ ofDay: Int64) -> Int64? {
        guard year >= 1678, year <= 2261 else { return nil }
        let day: Int64
        if let number = parts.dayOfYear {
            let january = LogTime.days(year: year, month: 1, day: 1)
            guard number >= 1,
                january + number <= LogTime.days(year: year + 1, month: 1, day: 1)
            else { return nil }
            day = Int64(january + number - 1)
        } else {
            guard parts.month >= 1, parts.month <= 12, parts.day >= 1,
                parts.day <= Self.length(ofMonth: parts.month, year)
            else { return nil }
            day = Int64(LogTime.days(year: year, month: parts.month, day: parts.day))
        }
        let local = day * 86_400 + ofDay
        if let offset = parts.offset {
            return Self.nanoseconds(local - Int64(offset), parts.nanosecond)
        }
        return Self.nanoseconds(local - offset(day, local), parts.nanosecond)
    }

    private mutating func offset(_ day: Int64, _ local: Int64) -> Int64 {
        guard let table else { return Int64(fixed) }
        if day == lastDay { return lastOffset }
        guard let offset = table.offset(day: day) else { return Int64(table.offset(local: local)) }
        lastDay = day
        lastOffset = Int64(offset)
        return lastOffset
    }

    static func length(ofMonth month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Seconds and a fraction as nanoseconds; nil where they don't fit.
    static func nanoseconds(_ seconds: Int64, _ fraction: Int) -> Int64? {
        let (product, isTooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflows) = product.addingReportingOverflow(Int64(fraction))
        return isTooLarge || overflows ? nil : sum
    }
}

extension Int64 {
    fileprivate func magnitudeDistance(to smaller: Int64) -> UInt64 {
        UInt64(bitPattern: self &- smaller)
    }
}
