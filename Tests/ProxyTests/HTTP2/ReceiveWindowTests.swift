import Testing

@testable import Proxy

@Suite("The window of a stream")
struct ReceiveWindowTests {
    private static let initial = 65_536

    /// Receives as much as is allowed, in frames of 16 kB, and tells the peer of more as often as the
    /// window asks for it.
    private func transfer(_ count: Int, _ window: inout ReceiveWindow, grows: Bool) -> Int {
        var updates = 0
        var left = count
        while left > 0 {
            let piece = min(left, 16_384, window.left)
            #expect(piece > 0, "the peer was told of too little and waits for ever")
            if piece <= 0 { return updates }
            #expect(window.receive(piece))
            left -= piece
            if let increment = window.refill(grows: grows) {
                #expect(increment > 0)
                updates += 1
            }
        }
        return updates
    }

    @Test("It doubles while bytes are taken as they come, up to 1 MiB and no further")
    func growth() {
        var window = ReceiveWindow(Self.initial)
        var targets: [Int] = []
        for _ in 0..<8 {
            #expect(window.receive(window.left))
            #expect(window.refill(grows: true) != nil)
            #expect(window.left == window.target)
            targets.append(window.target)
        }
        let mebibyte = 1 << 20
        #expect(targets == [131_072, 262_144, 524_288] + Array(repeating: mebibyte, count: 5))
        #expect(ReceiveWindow.growthMax == mebibyte)
    }

    @Test("It stays as it is where somebody has to wait, or the configuration names its size")
    func noGrowth() {
        var window = ReceiveWindow(Self.initial)
        for _ in 0..<100 {
            #expect(window.receive(window.left))
            #expect(window.refill(grows: false) == Self.initial)
        }
        #expect(window.target == Self.initial)
    }

    @Test("A stream that is stopped once keeps what it has grown to")
    func pauseAmid() {
        var window = ReceiveWindow(Self.initial)
        #expect(window.receive(Self.initial))
        #expect(window.refill(grows: true) == 131_072)
        #expect(window.receive(131_072))
        #expect(window.refill(grows: false) == 131_072)
        #expect(window.receive(131_072))
        #expect(window.refill(grows: true) == 262_144)
    }

    @Test("The peer is told in steps of half a window, so that small frames cost few updates")
    func steps() {
        var window = ReceiveWindow(Self.initial)
        #expect(window.receive(32_767))
        #expect(window.refill(grows: true) == nil)
        #expect(window.receive(1))
        #expect(window.refill(grows: true) == 32_768 + Self.initial)

        var still = ReceiveWindow(Self.initial)
        #expect(transfer(10 << 20, &still, grows: false) == 320)
        var grown = ReceiveWindow(Self.initial)
        #expect(transfer(10 << 20, &grown, grows: true) < 30)
    }

    @Test("More than the peer was told of is seen, down to the byte")
    func overflow() {
        var exact = ReceiveWindow(Self.initial)
        #expect(exact.receive(Self.initial))
        #expect(!exact.receive(1))
        var empty = ReceiveWindow()
        #expect(empty.receive(0))
        #expect(!empty.receive(1))
    }

    @Test("A window larger than what windows grow to is the configuration's and stays")
    func large() {
        let size = 16 << 20
        var window = ReceiveWindow(size)
        #expect(window.receive(size))
        #expect(window.refill(grows: true) == size)
        #expect(window.target == size)
    }
}
