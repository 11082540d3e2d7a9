import Glibc
import Testing

@testable import Telemetry

@Suite struct TimeTests {
    private func render(_ format: String, _ microseconds: Int64) throws -> String {
        let line = LineBuffer()
        try TimeFormat(Array(format.utf8)).render(microseconds, into: line)
        return line.text
    }

    @Test func theCalendarAgreesWithTheSystems() throws {
        var seconds: [Int64] = [
            0, -1, 951_782_399, 951_782_400, 951_868_800, 1_709_164_800, 4_107_542_400,
            -2_208_988_800, 253_402_300_799, 1_795_243_405,
        ]
        // Every 13th day and some hours of it, over three centuries.
        for step in 0..<9000 { seconds.append(Int64(step) * 13 * 86_401 - 2_000_000_000) }
        for second in seconds {
            var moment = time_t(second)
            var broken = unsafe tm()
            unsafe gmtime_r(&moment, &broken)
            let time = CivilTime(unixMicroseconds: second * 1_000_000)
            let parts = unsafe [
                broken.tm_year, broken.tm_mon, broken.tm_mday, broken.tm_hour, broken.tm_min,
                broken.tm_sec, broken.tm_wday, broken.tm_yday,
            ].map(Int.init)
            let own = [
                time.year - 1900, time.month - 1, time.day, time.hour, time.minute, time.second,
                time.weekday, time.dayOfYear - 1,
            ]
            #expect(own == parts)
        }
    }

    @Test(arguments: [
        ("%Y-%m-%dT%H:%M:%S.%3fZ", "2026-11-21T06:43:25.123Z"), ("%s", "1795243405"),
        ("%s.%6f", "1795243405.123456"), ("%3s", "1795243405123"), ("%6s", "1795243405123456"),
        ("%9s", "1795243405123456000"), ("%f", "123456000"), ("%1f", "1"), ("%9f", "123456000"),
        ("%E3S", "25.123"), ("%E0S", "25"), ("%F %T", "2026-11-21 06:43:25"), ("%D", "11/21/26"),
        ("%R", "06:43"), ("%a %A %b %B %h", "Sat Saturday Nov November Nov"),
        ("%e %j %I %p %y", "21 325 06 AM 26"), ("%Z %z %%", "UTC +0000 %"), ("x", "x"), ("", ""),
    ])
    func everyFieldOfATimeIsKnown(format: String, expected: String) throws {
        #expect(try render(format, 1_795_243_405_123_456) == expected)
    }

    @Test func noonAndMidnightAreTwelve() throws {
        #expect(try render("%I%p", 0) == "12AM")
        #expect(try render("%I%p", 43_200_000_000) == "12PM")
        #expect(try render("%e", 0) == " 1")
    }

    @Test func theCachedSecondNeverShowsAnOlderOne() {
        let line = LineBuffer()
        for microseconds: Int64 in [
            1_795_243_405_123_456, 1_795_243_405_999_999, 1_795_243_406_000_000,
            1_795_243_405_000_000, -1, 0, .max, .min,
        ] {
            line.removeAll()
            line.append(timestamp: microseconds)
            let cached = line.text
            let fresh = LineBuffer()
            fresh.append(timestamp: microseconds)
            #expect(cached == fresh.text)
        }
        line.removeAll()
        line.append(timestamp: -1)
        #expect(line.text == "1969-12-31T23:59:59.999Z")
    }
}
