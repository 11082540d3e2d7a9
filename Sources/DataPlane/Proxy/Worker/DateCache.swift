import Model

/// The `date` field (RFC 9110 section 6.6.1), written once per second and copied after that.
struct DateCache {
    private var second: Int64 = .min
    private var text: [UInt8] = []

    mutating func append(to head: Head, unix microseconds: Int64) -> Head.Slice {
        let now = microseconds / 1_000_000
        if now != second {
            second = now
            text = Self.format(now)
        }
        return head.append(text.span)
    }

    private static let days: [StaticString] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// IMF-fixdate of seconds since 1970.
    static func format(_ seconds: Int64) -> [UInt8] {
        let day = seconds / 86_400
        let rest = seconds % 86_400
        // Days to a date of the Gregorian calendar, by eras of 400 years that begin in March.
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let weekday = days[Int(day % 7)]
        let name = months[Int(month - 1)]
        let time = "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))"
        return Array("\(weekday), \(two(dayOfMonth)) \(name) \(year) \(time) GMT".utf8)
    }
}
