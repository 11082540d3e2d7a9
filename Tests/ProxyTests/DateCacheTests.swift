import Testing

@testable import Proxy

struct DateCacheTests {
    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_243_392, "Sat, 21 Nov 2026 06:43:12 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] as [(Int64, String)]
    )
    func aDateIsWrittenAsIMFFixdate(seconds: Int64, expected: String) {
        #expect(String(decoding: DateCache.format(seconds), as: UTF8.self) == expected)
    }
}
