import Model
import Testing

struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:80"), ("0.0.0.0", "0.0.0.0:80"), ("::1", "[::1]:80"),
        ("::", "[::]:80"), ("2001:db8::1", "[2001:db8::1]:80"),
        ("2001:0DB8:0:0:1:0:0:1", "[2001:db8::1:0:0:1]:80"),
        ("::ffff:10.0.0.1", "[::ffff:10.0.0.1]:80"), ("1:2:3:4:5:6:7:8", "[1:2:3:4:5:6:7:8]:80"),
        ("fe80::", "[fe80::]:80"),
    ])
    func literalsAreReadAndPrinted(text: String, expected: String) {
        #expect(SocketAddress(literal: text, port: 80)?.description == expected)
    }

    @Test(arguments: [
        "", "localhost", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.5", ":", ":::", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "::1::", "12345::", "g::", "1.2.3.4::", "::1.2.3", "1:", "+1.2.3.4",
    ])
    func whatIsNoLiteralIsRefused(text: String) {
        #expect(SocketAddress(literal: text, port: 80) == nil)
    }

    @Test func loopbackIsKnown() {
        #expect(SocketAddress(literal: "127.9.9.9", port: 0)?.isLoopback == true)
        #expect(SocketAddress(literal: "::1", port: 0)?.isLoopback == true)
        #expect(SocketAddress(literal: "::ffff:127.0.0.1", port: 0)?.isLoopback == true)
        #expect(SocketAddress(literal: "128.0.0.1", port: 0)?.isLoopback == false)
    }
}
