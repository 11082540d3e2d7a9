/// Times as they are written for backends, from nanoseconds since 1970.
package enum LogTime {
    /// A day and a time of day in UTC, of the proleptic Gregorian calendar.
    package struct Civil: Sendable, Equatable {
        package var year: Int
        package var month: Int
        package var day: Int
        package var hour: Int
        package var minute: Int
        package var second: Int
        package var nanosecond: Int
        /// 0 for Sunday.
        package var weekday: Int
        /// 1 for the first of January.
        package var dayOfYear: Int
    }

    /// The parts of a time; `offset` seconds east of UTC.
    package static func civil(_ nanoseconds: Int64, offset: Int = 0) -> Civil {
        let perSecond: Int64 = 1_000_000_000
        var seconds = nanoseconds / perSecond
        var rest = nanoseconds % perSecond
        if rest < 0 {
            rest += perSecond
            seconds -= 1
        }
        seconds += Int64(offset)
        var days = seconds / 86_400
        var ofDay = seconds % 86_400
        if ofDay < 0 {
            ofDay += 86_400
            days -= 1
        }
        // Years begin in March here, so that the leap day is the last of one.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        let weekday = (days % 7 + 11) % 7
        let january = self.days(year: Int(year), month: 1, day: 1)
        return Civil(
            year: Int(year),
            month: Int(civilMonth),
            day: Int(day),
            hour: Int(ofDay / 3600),
            minute: Int(ofDay / 60 % 60),
            second: Int(ofDay % 60),
            nanosecond: Int(rest),
            weekday: Int(weekday),
            dayOfYear: Int(days) - january + 1
        )
    }

    /// Days since 1970 of a date.
    package static func days(year: Int, month: Int, day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let ofEra = shiftedYear - era * 400
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    /// `2026-11-21T16:20:00.123Z`, with so many digits of the fraction, 0…9.
    package static func appendISO8601(_ nanoseconds: Int64, digits: Int, _ out: inout [UInt8]) {
        let time = civil(nanoseconds)
        appendNumber(time.year, width: 4, &out)
        out.append(UInt8(ascii: "-"))
        appendNumber(time.month, width: 2, &out)
        out.append(UInt8(ascii: "-"))
        appendNumber(time.day, width: 2, &out)
        out.append(UInt8(ascii: "T"))
        appendNumber(time.hour, width: 2, &out)
        out.append(UInt8(ascii: ":"))
        appendNumber(time.minute, width: 2, &out)
        out.append(UInt8(ascii: ":"))
        appendNumber(time.second, width: 2, &out)
        if digits > 0 {
            out.append(UInt8(ascii: "."))
            var fraction = time.nanosecond
            var left = 9
            while left > digits {
                fraction /= 10
                left -= 1
            }
            appendNumber(fraction, width: digits, &out)
        }
        out.append(UInt8(ascii: "Z"))
    }

    /// A number with zeros before it up to a width.
    package static func appendNumber(_ value: Int, width: Int, _ out: inout [UInt8]) {
        var digits: InlineArray<20, UInt8> = InlineArray(repeating: 0x30)
        var left = value.magnitude
        var count = 0
        repeat {
            digits[count] = 0x30 + UInt8(left % 10)
            left /= 10
            count += 1
        } while left > 0 && count < 20
        while count < width, count < 20 { count += 1 }
        let isNegative = value < 0
        out.append(addingCapacity: count + 1) { text in
            if isNegative { text.append(UInt8(ascii: "-")) }
            while count > 0 {
                count -= 1
                text.append(digits[count])
            }
        }
    }
}
