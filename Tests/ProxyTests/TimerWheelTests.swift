import Testing

@testable import Proxy

private final class Recorder: TimerTarget {
    var fired: [UInt8] = []
    var handles: [UInt8: TimerHandle] = [:]
    override func timerFired(kind: UInt8) {
        fired.append(kind)
        handles[kind] = TimerHandle.none
    }
}

struct TimerWheelTests {
    private func drain(_ wheel: inout TimerWheel, to now: Int64) {
        while let due = wheel.nextDue(now: now) { due.target.timerFired(kind: due.kind) }
    }

    @Test(arguments: [1, 2, 255, 256, 257, 1_000, 65_535, 65_536, 65_537, 300_000, 20_000_000])
    func aTimerFiresInItsMillisecondAndNotBefore(delay: Int64) {
        var wheel = TimerWheel(now: 12_345)
        let target = Recorder()
        var handle = TimerHandle.none
        wheel.arm(&handle, at: 12_345 + delay, target: target, kind: 1)
        drain(&wheel, to: 12_345 + delay - 1)
        #expect(target.fired.isEmpty)
        drain(&wheel, to: 12_345 + delay)
        #expect(target.fired == [1])
        let armed = wheel.armedCount
        #expect(armed == 0)
    }

    @Test(arguments: [20_000_000, 366 * 86_400_000, Int64.max / 8] as [Int64])
    func aTimerBeyondTheWheelIsKeptWithinIt(delay: Int64) {
        // On a clock that has run for a while, as every clock of a machine has.
        let begin: Int64 = 987_654_321
        var wheel = TimerWheel(now: begin)
        let target = Recorder()
        var far = TimerHandle.none
        var near = TimerHandle.none
        wheel.arm(&far, at: begin + delay, target: target, kind: 1)
        wheel.arm(&near, at: begin + 1_000, target: target, kind: 2)
        drain(&wheel, to: begin + 19_999_999)
        #expect(target.fired == [2])
        if delay == 20_000_000 {
            drain(&wheel, to: begin + delay)
            #expect(target.fired == [2, 1])
        } else {
            wheel.cancel(&far)
        }
        let armed = wheel.armedCount
        #expect(armed == 0)
    }

    @Test func aCancelledTimerDoesNotFire() {
        var wheel = TimerWheel(now: 0)
        let target = Recorder()
        var first = TimerHandle.none
        var second = TimerHandle.none
        wheel.arm(&first, at: 10, target: target, kind: 1)
        wheel.arm(&second, at: 10, target: target, kind: 2)
        wheel.cancel(&first)
        #expect(!first.isArmed)
        drain(&wheel, to: 100)
        #expect(target.fired == [2])
    }

    @Test func aMovedTimerFiresOnceAtItsNewTime() {
        var wheel = TimerWheel(now: 0)
        let target = Recorder()
        var handle = TimerHandle.none
        wheel.arm(&handle, at: 5, target: target, kind: 1)
        wheel.arm(&handle, at: 5_000, target: target, kind: 2)
        drain(&wheel, to: 4_999)
        #expect(target.fired.isEmpty)
        drain(&wheel, to: 5_000)
        #expect(target.fired == [2])
    }

    @Test func timersFireInTheOrderOfTheirTime() {
        var wheel = TimerWheel(now: 1_000)
        let target = Recorder()
        var generator = SystemRandomNumberGenerator()
        var different: Set<Int64> = []
        while different.count < 200 {
            different.insert(Int64.random(in: 1_001...400_000, using: &generator))
        }
        let deadlines = different.sorted()
        var handles = deadlines.map { _ in TimerHandle.none }
        for index in deadlines.indices.shuffled() {
            wheel.arm(&handles[index], at: deadlines[index], target: target, kind: UInt8(index))
        }
        for (index, deadline) in deadlines.enumerated() {
            drain(&wheel, to: deadline - 1)
            #expect(target.fired.count == index)
            drain(&wheel, to: deadline)
            #expect(target.fired.count == index + 1)
        }
        #expect(target.fired.count == 200)
    }

    @Test func theNextDeadlineIsNeverLaterThanATimer() {
        var wheel = TimerWheel(now: 0)
        let target = Recorder()
        let none = wheel.nextDeadline()
        #expect(none == nil)
        for delay in [1, 7, 255, 300, 5_000, 70_000] as [Int64] {
            var handle = TimerHandle.none
            wheel.arm(&handle, at: delay, target: target, kind: 1)
            let next = wheel.nextDeadline()
            #expect(next != nil)
            #expect((next ?? .max) <= delay)
            wheel.cancel(&handle)
        }
    }

    @Test
    func theLoopIsWokenForATimerThatComesDownFromAHigherLevel() {
        var wheel = TimerWheel(now: 0)
        let target = Recorder()
        var early = TimerHandle.none
        wheel.arm(&early, at: 300, target: target, kind: 1)
        drain(&wheel, to: 250)
        // It lies in the next turn of the lowest wheel, behind the one that is not down yet.
        var late = TimerHandle.none
        wheel.arm(&late, at: 450, target: target, kind: 2)
        var now: Int64 = 250
        var firedAt: [Int64] = []
        while let next = wheel.nextDeadline(), firedAt.count < 2 {
            now = next
            while let due = wheel.nextDue(now: now) {
                due.target.timerFired(kind: due.kind)
                firedAt.append(now)
            }
        }
        #expect(firedAt == [300, 450])
        #expect(target.fired == [1, 2])
    }

    @Test
    func aLonelyLateTimerWakesTheLoopRarely() {
        var wheel = TimerWheel(now: 7)
        let target = Recorder()
        var handle = TimerHandle.none
        wheel.arm(&handle, at: 3_600_007, target: target, kind: 1)
        var wakes = 0
        while let next = wheel.nextDeadline(), wakes < 1_000 {
            wakes += 1
            drain(&wheel, to: next)
            if !target.fired.isEmpty { #expect(next == 3_600_007) }
        }
        #expect(target.fired == [1])
        #expect(wakes < 70)
    }
}
