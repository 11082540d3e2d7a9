import Model
import Testing

@testable import Proxy

struct ByteQueueTests {
    @Test func bytesComeOutInTheOrderTheyWentIn() {
        var queue = ByteQueue()
        var expected: [UInt8] = []
        var seed: UInt64 = 7
        for round in 0..<500 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1
            let length = Int(seed >> 33) % 5_000
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &+ round) }
            queue.append(bytes)
            expected += bytes
            let taken = min(expected.count, Int(seed >> 40) % 6_000)
            if taken > 0 {
                let first = ByteString(copying: queue.span.extracting(0..<taken)).bytes
                #expect(first == Array(expected[..<taken]))
                queue.removeFirst(taken)
                expected.removeFirst(taken)
            }
            let count = queue.count
            #expect(count == expected.count)
        }
    }

    @Test func anEmptyQueueHoldsNoMemory() {
        var queue = ByteQueue()
        queue.append([1, 2, 3])
        queue.removeFirst(3)
        let isEmpty = queue.isEmpty
        #expect(isEmpty)
        let block = unsafe queue.pointer
        #expect(unsafe block == nil)
    }
}
