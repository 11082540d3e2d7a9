/// Names in times: English, as loggers write them.
enum TimeNames {
    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ].map { Array($0.utf8) }

    static let weekdays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ].map { Array($0.utf8) }

    /// The number of the name that begins there, whole or its first three letters, and the position
    /// after it.
    static func find(
        _ names: [[UInt8]],
        _ bytes: Span<UInt8>,
        _ start: Int
    ) -> (number: Int, end: Int)? {
        guard bytes.count - start >= 3 else { return nil }
        for number in names.indices {
            let name = names[number]
            guard matches(name, 3, bytes, start) else { continue }
            let isWhole =
                bytes.count - start >= name.count && matches(name, name.count, bytes, start)
            return (number, start + (isWhole ? name.count : 3))
        }
        return nil
    }

    private static func matches(
        _ name: [UInt8],
        _ count: Int,
        _ bytes: Span<UInt8>,
        _ start: Int
    ) -> Bool {
        for index in 0..<count where bytes[start + index] | 0x20 != name[index] | 0x20 {
            return false
        }
        return true
    }

    /// Hours east of UTC of the abbreviations that can be told.
    static func zone(_ bytes: Span<UInt8>, _ start: Int) -> (offset: Int, end: Int)? {
        var end = start
        while end < bytes.count, end - start < 5, bytes[end] | 0x20 >= 0x61,
            bytes[end] | 0x20 <= 0x7a
        {
            end += 1
        }
        var word: UInt64 = 0
        for index in start..<end { word = word << 8 | UInt64(bytes[index] & ~0x20) }
        for (name, hours) in zones {
            var wanted: UInt64 = 0
            for byte in name.utf8 { wanted = wanted << 8 | UInt64(byte) }
            if wanted == word { return (hours * 3600, end) }
        }
        return nil
    }

    private static let zones: [(String, Int)] = [
        ("Z", 0), ("UTC", 0), ("GMT", 0), ("UT", 0), ("WET", 0), ("WEST", 1), ("CET", 1),
        ("CEST", 2), ("EET", 2), ("EEST", 3), ("MSK", 3), ("EST", -5), ("EDT", -4), ("CST", -6),
        ("CDT", -5), ("MST", -7), ("MDT", -6), ("PST", -8), ("PDT", -7), ("JST", 9), ("KST", 9),
    ]
}
