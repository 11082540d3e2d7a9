import Testing

@testable import Proxy

@Suite("Frames that wait for a peer")
struct OutboundFramesTests {
    @Test("All are counted for a peer that takes nothing")
    func stuck() {
        var frames = OutboundFrames()
        var waiting = 20_000
        for count in 1...500 {
            waiting += 13
            frames.wrote(13, isControl: count % 5 == 0, waiting: waiting)
            #expect(frames.all == count)
        }
        #expect(frames.control == 100)
    }

    @Test("A peer that is slow and takes what there is never makes the count grow")
    func slow() {
        var frames = OutboundFrames()
        var queue: [Int] = Array(repeating: 109, count: 100)
        for _ in 0..<20_000 {
            queue.append(109)
            frames.wrote(109, isControl: true, waiting: queue.reduce(0, +))
            queue.removeFirst()
            #expect(frames.all <= 2 * 101 + 1)
        }
        #expect(frames.control == frames.all)
    }

    @Test("What waits is counted, however much has gone")
    func lowerBound() {
        var frames = OutboundFrames()
        var queue: [Int] = []
        for round in 0..<2_000 {
            queue.append(9 + round % 90)
            frames.wrote(queue[queue.count - 1], isControl: false, waiting: queue.reduce(0, +))
            #expect(frames.all >= queue.count)
            if round % 7 == 0 { queue.removeFirst(queue.count / 3) }
        }
    }
}
