/// A moment as UTC's calendar has it, from microseconds since 1970; no time zone, no locale.
package struct CivilTime {
    let year: Int
    /// 1 to 12.
    let month: Int
    /// 1 to 31.
    let day: Int
    let hour: Int
    let minute: Int
    let second: Int
    let microsecond: Int
    /// Days since 1970-01-01.
    let dayNumber: Int
    /// Seconds since 1970.
    let epochSeconds: Int64

    init(unixMicroseconds: Int64) {
        let (seconds, fraction) = Self.floorDivide(unixMicroseconds, 1_000_000)
        let (days, ofDay) = Self.floorDivide(seconds, 86_400)
        epochSeconds = seconds
        microsecond = Int(fraction)
        dayNumber = Int(days)
        hour = Int(ofDay / 3600)
        minute = Int(ofDay / 60 % 60)
        second = Int(ofDay % 60)
        // The proleptic Gregorian calendar in eras of 400 years that begin on a 1 March, so that
        // the leap day is the last of its year.
        let shifted = days + 719_468
        let (era, dayOfEra) = Self.floorDivide(shifted, 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = Int(yearOfEra + era * 400 + (month <= 2 ? 1 : 0))
    }

    private static func floorDivide(_ value: Int64, _ by: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: by)
        return remainder < 0 ? (quotient - 1, remainder + by) : (quotient, remainder)
    }

    /// `2026-11-21T06:43:25Z` (RFC 3339), of seconds since 1970.
    ///
    /// What the format's years cannot say is cut off.
    package static func timestamp(seconds: Int64) -> String {
        let time = CivilTime(
            unixMicroseconds: min(max(seconds, -62_135_596_800), 253_402_300_799) * 1_000_000
        )
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = "\(value)"
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        return padded(time.year, 4) + "-" + padded(time.month, 2) + "-" + padded(time.day, 2) + "T"
            + padded(time.hour, 2) + ":" + padded(time.minute, 2) + ":" + padded(time.second, 2)
            + "Z"
    }

    /// 0 for Sunday.
    var weekday: Int { ((dayNumber + 4) % 7 + 7) % 7 }

    /// 1 to 366.
    var dayOfYear: Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month - 1]
        return before + day + (isLeap && month > 2 ? 1 : 0)
    }
}

extension LineBuffer {
    /// Appends `2026-11-21T06:43:25.123Z`.
    ///
    /// The text of the last second is kept with the buffer: under load most lines share it.
    func append(timestamp unixMicroseconds: Int64) {
        let second = unixMicroseconds / 1_000_000
        if second != cachedSecond || unixMicroseconds < 0 {
            let time = CivilTime(unixMicroseconds: unixMicroseconds)
            let start = count
            append(decimal: time.year, width: 4)
            append(byte: 0x2d)
            append(decimal: time.month, width: 2)
            append(byte: 0x2d)
            append(decimal: time.day, width: 2)
            append(byte: 0x54)
            append(decimal: time.hour, width: 2)
            append(byte: 0x3a)
            append(decimal: time.minute, width: 2)
            append(byte: 0x3a)
            append(decimal: time.second, width: 2)
            append(byte: 0x2e)
            append(decimal: time.microsecond / 1000, width: 3)
            append(byte: 0x5a)
            // Before 1970 the division rounds the other way; nobody's clock stands there for long.
            if unixMicroseconds >= 0 { keepSecond(second, from: start) }
            return
        }
        appendCachedSecond()
        append(decimal: Int(unixMicroseconds % 1_000_000 / 1000), width: 3)
        append(byte: 0x5a)
    }
}
