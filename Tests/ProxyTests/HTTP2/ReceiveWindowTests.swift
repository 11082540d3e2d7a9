import Testing

@testable import Proxy

@Suite("The window of a stream")
struct ReceiveWindowTests {
    private static let initial = 65_536

    private func receive(_ count: Int, _ window: inout ReceiveWindow, isAllowed: Bool = true) {
        let seen = window.receive(count)
        #expect(seen == isAllowed)
    }

    /// Fills the window up; `tells` is what the peer is to hear, where that matters.
    private func refill(_ window: inout ReceiveWindow, grows: Bool, tells expected: Int?) {
        let increment = window.refill(grows: grows)
        #expect(increment == expected)
    }

    private func refill(_ window: inout ReceiveWindow, grows: Bool) {
        let increment = window.refill(grows: grows)
        #expect(increment != nil)
    }

    /// Receives as much as is allowed, in frames of 16 kB, and tells the peer of more as often as the
    /// window asks for it.
    private func transfer(_ count: Int, _ window: inout ReceiveWindow, grows: Bool) -> Int {
        var updates = 0
        var left = count
        while left > 0 {
            let piece = min(left, 16_384, window.left)
            #expect(piece > 0, "the peer was told of too little and waits for ever")
            if piece <= 0 { return updates }
            receive(piece, &window)
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
            receive(window.left, &window)
            refill(&window, grows: true)
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
            receive(window.left, &window)
            refill(&window, grows: false, tells: Self.initial)
        }
        #expect(window.target == Self.initial)
    }

    @Test("A stream that is stopped once keeps what it has grown to")
    func pauseAmid() {
        var window = ReceiveWindow(Self.initial)
        receive(Self.initial, &window)
        refill(&window, grows: true, tells: 131_072)
        receive(131_072, &window)
        refill(&window, grows: false, tells: 131_072)
        receive(131_072, &window)
        refill(&window, grows: true, tells: 262_144)
    }

    @Test("The peer is told in steps of half a window, so that small frames cost few updates")
    func steps() {
        var window = ReceiveWindow(Self.initial)
        receive(32_767, &window)
        refill(&window, grows: true, tells: nil)
        receive(1, &window)
        refill(&window, grows: true, tells: 32_768 + Self.initial)

        var still = ReceiveWindow(Self.initial)
        let ofSmall = transfer(10 << 20, &still, grows: false)
        #expect(ofSmall == 320)
        var grown = ReceiveWindow(Self.initial)
        let ofGrown = transfer(10 << 20, &grown, grows: true)
        #expect(ofGrown < 30)
    }

    @Test("More than the peer was told of is seen, down to the byte")
    func overflow() {
        var exact = ReceiveWindow(Self.initial)
        receive(Self.initial, &exact)
        receive(1, &exact, isAllowed: false)
        var empty = ReceiveWindow()
        receive(0, &empty)
        receive(1, &empty, isAllowed: false)
    }

    @Test("A window larger than what windows grow to is the configuration's and stays")
    func large() {
        let size = 16 << 20
        var window = ReceiveWindow(size)
        receive(size, &window)
        refill(&window, grows: true, tells: size)
        #expect(window.target == size)
    }
}
