import Model
import Testing

@testable import LogShipper

@Suite struct TimeReaderTests {
    private static let place = ConfigurationPlace(file: "test", line: 1)

    private func read(
        _ form: TimeOptions.Form,
        _ text: String,
        zone: TimeOptions.Zone = .utc,
        now: Int64 = ParsedLine.now
    ) throws -> Int64? {
        var options = TimeOptions()
        options.form = form
        options.zone = zone
        let bytes = Array(text.utf8)
        return try TimeReader(options, place: Self.place).read(bytes.span, now: now)
    }

    private func shown(_ time: Int64?) -> String? {
        guard let time else { return nil }
        var out: [UInt8] = []
        LogTime.appendISO8601(time, digits: 9, &out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test(arguments: [
        ("%Y-%m-%d %H:%M:%S", "2026-11-21 16:20:05", "2026-11-21T16:20:05.000000000Z"),
        ("%Y%m%d%H%M%S%L", "20261121162005123", "2026-11-21T16:20:05.123000000Z"),
        ("%d/%b/%Y:%H:%M:%S %z", "10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36.000000000Z"),
        ("%FT%T.%N%:z", "2026-11-21T16:20:05.123456789+05:30", "2026-11-21T10:50:05.123456789Z"),
        ("%F %T.%3N", "2026-11-21 16:20:05.123", "2026-11-21T16:20:05.123000000Z"),
        ("%F %T.%6N%z", "2026-11-21 16:20:05.123456Z", "2026-11-21T16:20:05.123456000Z"),
        ("%F %T,%L", "2026-11-21 16:20:05,1", "2026-11-21T16:20:05.100000000Z"),
        (
            "%a, %d %B %Y %H:%M:%S %Z", "Sat, 21 November 2026 16:20:05 GMT",
            "2026-11-21T16:20:05.000000000Z"
        ),
        (
            "%A %b %e %k:%M:%S %Z %Y", "Saturday Nov  1  4:20:05 EST 2025",
            "2025-11-01T09:20:05.000000000Z"
        ),
        ("%m/%d/%y %I:%M:%S %p", "11/21/26 12:20:05 AM", "2026-11-21T00:20:05.000000000Z"),
        ("%D %l:%M %P", "11/21/70  1:20 pm", "1970-11-21T13:20:00.000000000Z"),
        ("%Y.%j %R", "2024.366 01:02", "2024-12-31T01:02:00.000000000Z"),
        ("%s.%N", "1000000000.5", "2001-09-09T01:46:40.500000000Z"),
        ("%Q", "1000000000123", "2001-09-09T01:46:40.123000000Z"),
        ("%d%%%m %Y", "21%11 2026", "2026-11-21T00:00:00.000000000Z"),
        ("%Y-%m-%d", "2026-11-21 and more", "2026-11-21T00:00:00.000000000Z"),
        ("%Y-%m-%dT%H:%M:%S%z", "2026-11-21T16:20:05-00:30", "2026-11-21T16:50:05.000000000Z"),
        ("%F %T", "2016-12-31 23:59:60", "2017-01-01T00:00:00.000000000Z"),
    ])
    func formatsAreRead(format: String, text: String, wanted: String) throws {
        #expect(shown(try read(.format(format), text)) == wanted)
    }

    @Test(arguments: [
        ("%Y-%m-%d", "2026-13-01"), ("%Y-%m-%d", "2026-02-29"), ("%Y-%m-%d", "2026-00-10"),
        ("%F %T", "2026-01-01 24:00:00"), ("%F %T", "2026-01-01 00:60:00"), ("%F", "26-01-01"),
        ("%b", "Foo"), ("%F %z", "2026-01-01 Mars"), ("%F %T", ""), ("%Y", "1600"),
        ("%Y", "9999"), ("%j %Y", "366 2026"), ("%I %p", "13 AM"),
        ("%F %T.%L", "2026-01-01 00:00:00"),
        ("%s", "999999999999999999"),
    ])
    func timesThatThereAreNotAreRefused(format: String, text: String) throws {
        #expect(try read(.format(format), text) == nil)
    }

    @Test func aDirectiveThatIsNotKnownIsRefused() throws {
        let failure = #expect(throws: LogConfigurationFailure.self) {
            _ = try read(.format("%Y %E"), "")
        }
        #expect(failure?.what.contains("%E") == true)
    }

    @Test(arguments: [
        ("2026-11-21T16:20:05Z", "2026-11-21T16:20:05.000000000Z"),
        ("2026-11-21 16:20:05.25+01", "2026-11-21T15:20:05.250000000Z"),
        ("2026-11-21T16:20:05,123456789123Z", "2026-11-21T16:20:05.123456789Z"),
        ("2026-11-21T16:20", "2026-11-21T16:20:00.000000000Z"),
        ("2026-11-21", "2026-11-21T00:00:00.000000000Z"),
        ("20261121T162005Z", "2026-11-21T16:20:05.000000000Z"),
        ("20261121T162005.5+0130", "2026-11-21T14:50:05.500000000Z"),
        ("2026-11-21 16:20:05 UTC", "2026-11-21T16:20:05.000000000Z"),
        ("2026-11-21 16:20:05 +0100", "2026-11-21T15:20:05.000000000Z"),
    ])
    func isoTimesAreRead(text: String, wanted: String) throws {
        #expect(shown(try read(.iso8601, text)) == wanted)
        #expect(shown(try read(.automatic, text)) == wanted)
    }

    @Test(arguments: [
        "2026-11-21T", "2026-11-21T16", "2026-11-2116:20", "2026-11-21T16:20:05Zx", "2026-1-1",
        "20261121", "2026-11-21T16:20:", "2026-11-21T16:20:05.Z", "T16:20", "",
    ])
    func otherTextsAreNoISOTime(text: String) throws {
        #expect(try read(.iso8601, text) == nil)
    }

    @Test(arguments: [
        ("1700000000", "2023-11-14T22:13:20.000000000Z"),
        ("1700000000.123456789", "2023-11-14T22:13:20.123456789Z"),
        ("1700000000123", "2023-11-14T22:13:20.123000000Z"),
        ("1700000000123.5", "2023-11-14T22:13:20.123500000Z"),
        ("1700000000123456", "2023-11-14T22:13:20.123456000Z"),
        ("1700000000123456789", "2023-11-14T22:13:20.123456789Z"),
        ("1.7e9", "2023-11-14T22:13:20.000000000Z"), ("-1", "1969-12-31T23:59:59.000000000Z"),
        ("10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36.000000000Z"),
        ("2026/11/21 16:20:05", "2026-11-21T16:20:05.000000000Z"),
        ("2026/11/21 16:20:05.25", "2026-11-21T16:20:05.250000000Z"),
        ("Sat, 21 Nov 2026 16:20:05 GMT", "2026-11-21T16:20:05.000000000Z"),
        ("Sat Nov 21 16:20:05 2026", "2026-11-21T16:20:05.000000000Z"),
        ("Nov 20 16:20:05.5", "2026-11-20T16:20:05.500000000Z"),
    ])
    func timesAreToldFromThemselves(text: String, wanted: String) throws {
        #expect(shown(try read(.automatic, text)) == wanted)
    }

    @Test func numbersHaveTheirUnit() throws {
        #expect(try read(.float, "1.5") == 1_500_000_000)
        #expect(try read(.unix, "12") == 12_000_000_000)
        #expect(try read(.unixMilliseconds, "12") == 12_000_000)
        #expect(try read(.unixMicroseconds, "-12") == -12000)
        #expect(try read(.unixNanoseconds, "12") == 12)
        for text in [
            "", "-", "1x", "1.", "99999999999999999999", "9223372036854775807", "1e400", "nan",
        ] {
            #expect(try read(.unix, text) == nil)
        }
    }

    @Test func aMissingYearIsTheNearest() throws {
        let winter = LogTime.days(year: 2026, month: 1, day: 2)
        let now = Int64(winter) * 86_400_000_000_000
        let form = TimeOptions.Form.format("%b %d %H:%M:%S")
        #expect(shown(try read(form, "Dec 31 23:00:00", now: now))?.hasPrefix("2025-12-31") == true)
        #expect(shown(try read(form, "Jan  1 23:00:00", now: now))?.hasPrefix("2026-01-01") == true)
        let end = Int64(LogTime.days(year: 2026, month: 12, day: 31)) * 86_400_000_000_000
        #expect(shown(try read(form, "Jan  1 01:00:00", now: end))?.hasPrefix("2027-01-01") == true)
        // 29 February is of the leap year, where one is near.
        #expect(shown(try read(form, "Feb 29 01:00:00", now: end)) == nil)
        let leap = Int64(LogTime.days(year: 2027, month: 6, day: 1)) * 86_400_000_000_000
        #expect(
            shown(try read(form, "Feb 29 01:00:00", now: leap))?.hasPrefix("2028-02-29") == true
        )
        #expect(shown(try read(.format("%H:%M"), "03:04"))?.hasPrefix("2026-11-21T03:04") == true)
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        var random = SplitMix(seed: 3)
        let format = "%Y-%m-%d %H:%M:%S.%N %z"
        let writer = TimeWriter(format)
        var options = TimeOptions()
        options.form = .format(format)
        let reader = try TimeReader(options, place: Self.place)
        options.form = .iso8601
        let iso = try TimeReader(options, place: Self.place)
        for _ in 0..<20_000 {
            let time = Int64(bitPattern: random.next()) / 2 &+ 1_000_000_000_000_000_000
            guard time > -9_000_000_000_000_000_000, time < 9_000_000_000_000_000_000 else {
                continue
            }
            var out: [UInt8] = []
            writer.append(time, &out)
            let text = out
            let found = reader.read(text.span, now: 0)
            #expect(found == time)
            var other: [UInt8] = []
            LogTime.appendISO8601(time, digits: 9, &other)
            let again = other
            let foundAgain = iso.read(again.span, now: 0)
            #expect(foundAgain == time)
        }
    }

    @Test func timesOfTheSameSecondDifferInTheirFractionAndZone() throws {
        var options = TimeOptions()
        options.form = .iso8601
        options.zone = .offset(seconds: 3600)
        let reader = try TimeReader(options, place: Self.place)
        let wanted: [(String, String)] = [
            ("2026-11-21T16:20:05.1", "2026-11-21T15:20:05.100000000Z"),
            ("2026-11-21T16:20:05.2", "2026-11-21T15:20:05.200000000Z"),
            ("2026-11-21T16:20:05Z", "2026-11-21T16:20:05.000000000Z"),
            ("2026-11-21T16:20:05.3Z", "2026-11-21T16:20:05.300000000Z"),
            ("2026-11-21T16:20:05", "2026-11-21T15:20:05.000000000Z"),
            ("2026-11-21T16:20:06", "2026-11-21T15:20:06.000000000Z"),
        ]
        for (text, time) in wanted {
            let bytes = Array(text.utf8)
            let found = shown(reader.read(bytes.span, now: 0))
            #expect(found == time)
        }
        let broken = Array("2026-11-21T16:20:06.x".utf8)
        let none = reader.read(broken.span, now: 0)
        #expect(none == nil)
    }

    // MARK: - Zones

    @Test func aNamedZoneKnowsItsTransitions() throws {
        let form = TimeOptions.Form.format("%F %T")
        let berlin = TimeOptions.Zone.named("Europe/Berlin")
        for (text, wanted) in [
            ("2026-03-29 01:59:59", "2026-03-29T00:59:59"),
            ("2026-03-29 03:00:00", "2026-03-29T01:00:00"),
            // In the gap, with the offset before it.
            ("2026-03-29 02:30:00", "2026-03-29T01:30:00"),
            // Twice: the first one.
            ("2026-10-25 02:30:00", "2026-10-25T00:30:00"),
            ("2026-10-25 03:00:00", "2026-10-25T02:00:00"),
            ("2026-07-01 12:00:00", "2026-07-01T10:00:00"),
            ("2026-01-01 00:30:00", "2025-12-31T23:30:00"),
            ("2090-07-01 12:00:00", "2090-07-01T10:00:00"),
            ("1985-01-01 12:00:00", "1985-01-01T11:00:00"),
        ] {
            #expect(shown(try read(form, text, zone: berlin))?.hasPrefix(wanted) == true)
        }
        let sydney = TimeOptions.Zone.named("Australia/Sydney")
        #expect(
            shown(try read(form, "2050-01-01 12:00:00", zone: sydney))?.hasPrefix(
                "2050-01-01T01:00"
            )
                == true
        )
        #expect(
            shown(try read(form, "2050-07-01 12:00:00", zone: sydney))?.hasPrefix(
                "2050-07-01T02:00"
            )
                == true
        )
    }

    @Test func zonesThatThereAreNotAreRefused() throws {
        for name in ["Mars/Olympus", "../etc/passwd", "/etc/localtime", "", "zone.tab", "Europe"] {
            #expect(throws: LogConfigurationFailure.self) {
                _ = try read(.iso8601, "", zone: .named(name))
            }
        }
    }

    @Test func localTimeFollowsTZ() {
        #expect(TimeZoneTable.local(":America/New_York").offset(at: 1_790_000_000) == -14_400)
        #expect(TimeZoneTable.local("<-03>3").offset(at: 0) == -10_800)
        #expect(TimeZoneTable.local("EST5EDT,M3.2.0,M11.1.0").offset(at: 1_790_000_000) == -14_400)
        #expect(TimeZoneTable.local("nonsense!").offset(at: 0) == 0)
    }

    @Test func rulesAreRead() throws {
        func rule(_ text: String) -> TimeZoneRule? { TimeZoneRule(Array(text.utf8)) }
        for text in [
            "", "A", "UTC", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.1.0,M10.5.0",
            "CET-1CEST,M3.5.0,M10.5.0/3x", "CET-25", "CET-1CEST,J0,J1", "<>1",
            "CET-1CEST,M3.0.0,M10.5.0",
        ] { #expect(rule(text) == nil) }
        let julian = try #require(rule("AAA0BBB,J60/0,J300/0"))
        let march = Int64(LogTime.days(year: 2024, month: 3, day: 1)) * 86_400
        #expect(julian.offset(at: march - 1) == 0 && julian.offset(at: march) == 3600)
        let zero = try #require(rule("AAA0BBB-2,59/-1,300"))
        let leap = Int64(LogTime.days(year: 2024, month: 2, day: 29)) * 86_400
        #expect(zero.offset(at: leap - 3601) == 0 && zero.offset(at: leap - 3600) == 7200)
    }

    @Test func malformedFilesOfZonesAreRefused() throws {
        // Two types, one transition at 1000, and a rule.
        var bytes = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
        func numbers(_ values: [UInt8]) -> [UInt8] { values.flatMap { [0, 0, 0, $0] } }
        let header = bytes + numbers([0, 0, 0, 1, 2, 4])
        let types: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0x0e, 0x10, 0, 0, 0x41, 0, 0, 0]
        bytes = header + [0, 0, 0x03, 0xe8, 1] + types
        bytes += header + [0, 0, 0, 0, 0, 0, 0x03, 0xe8, 1] + types + Array("\nCET-1\n".utf8)
        let table = try #require(TimeZoneTable(bytes))
        #expect(table.offset(at: 999) == 0 && table.offset(at: 1000) == 3600)
        for count in 0..<bytes.count { #expect(TimeZoneTable(Array(bytes.prefix(count))) == nil) }
        var random = SplitMix(seed: 5)
        var sum: Int64 = 0
        for _ in 0..<5000 {
            var broken = bytes
            for _ in 0...random.next() % 3 {
                broken[Int(random.next() % UInt64(broken.count))] = UInt8(
                    truncatingIfNeeded: random.next()
                )
            }
            if let table = TimeZoneTable(broken) {
                sum += Int64(table.offset(at: 2000)) + Int64(table.offset(local: -5))
            }
        }
        #expect(sum != 0)
    }

    @Test(arguments: [
        ("%Y.%m.%d", "2026.01.05"), ("%y%j-%H%M%S", "26005-070809"), ("%e|%k|%l|%I", " 5| 7| 7|07"),
        ("%-d/%-m %_H %-H", "5/1  7 7"), ("%L %N %3N %6N", "012 012345678 012 012345"),
        ("%a %A %b %B %^a", "Mon Monday Jan January MON"),
        ("%p %P %Z %z %:z", "AM am UTC +0000 +00:00"),
        ("%s", "1767596889"), ("%G-W%V %u %w", "2026-W02 1 1"),
        ("%F %T %R %D", "2026-01-05 07:08:09 07:08 01/05/26"),
        ("100%% %q %", "100% %q %"), ("%C", "20"), ("%05d", "00005"),
    ])
    func timesAreWritten(format: String, wanted: String) {
        var out: [UInt8] = []
        TimeWriter(format).append(1_767_596_889_012_345_678, &out)
        #expect(String(decoding: out, as: UTF8.self) == wanted)
    }
}
