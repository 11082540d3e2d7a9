/// What a timer calls: the object that armed it, on its loop.
package class TimerTarget {
    init() {}
    /// Called once for each armed timer whose time has come; `kind` is what `arm` was given.
    package func timerFired(kind: UInt8) {}
}

/// A timer that an object holds in a stored property; `none` while it is not armed.
package struct TimerHandle {
    fileprivate var node: Int32
    package static let none = TimerHandle(node: -1)
    package var isArmed: Bool { node >= 0 }
}

/// A hierarchical timing wheel with a tick of one millisecond: arming, moving and cancelling cost a
/// few stores, and nothing is allocated once the wheel has grown to its working size.
///
/// Three levels of 256 slots reach 4.6 hours; later deadlines wait in the last slot and are looked at
/// again. Owned by one loop. A target must cancel its timers before it goes away: the wheel does not
/// retain it.
@safe
package struct TimerWheel: ~Copyable {
    @safe
    private struct Node {
        var next: Int32
        var previous: Int32
        /// Level * 256 + slot; -1 while on the free list.
        var bucket: Int32
        var kind: UInt8
        var deadline: Int64
        var target: Unmanaged<TimerTarget>?
    }

    private static let levels = 3
    private var nodes: UnsafeMutablePointer<Node>
    private var capacity: Int32 = 64
    private var firstFree: Int32 = 0
    private var heads: UnsafeMutablePointer<Int32>
    private var occupied: UnsafeMutablePointer<UInt64>
    /// The last tick whose timers have fired.
    private var current: Int64
    package private(set) var armedCount = 0

    package init(now: Int64) {
        current = now
        unsafe nodes = .allocate(capacity: Int(capacity))
        unsafe heads = .allocate(capacity: 256 * Self.levels)
        unsafe heads.initialize(repeating: -1, count: 256 * Self.levels)
        unsafe occupied = .allocate(capacity: 4 * Self.levels)
        unsafe occupied.initialize(repeating: 0, count: 4 * Self.levels)
        link(freeFrom: 0)
    }

    deinit {
        unsafe nodes.deallocate()
        unsafe heads.deallocate()
        unsafe occupied.deallocate()
    }

    /// Arms the timer, or moves it where it is armed.
    ///
    /// Milliseconds on the loop's clock.
    package mutating func arm(
        _ handle: inout TimerHandle,
        at deadline: Int64,
        target: TimerTarget,
        kind: UInt8
    ) {
        var index = handle.node
        if index >= 0 {
            unlink(index)
        } else {
            if firstFree < 0 { grow() }
            index = firstFree
            firstFree = unsafe nodes[Int(index)].next
            handle.node = index
            armedCount += 1
        }
        unsafe nodes[Int(index)].target = Unmanaged.passUnretained(target)
        unsafe nodes[Int(index)].kind = kind
        unsafe nodes[Int(index)].deadline = max(deadline, current + 1)
        place(index)
    }

    package mutating func cancel(_ handle: inout TimerHandle) {
        guard handle.node >= 0 else { return }
        unlink(handle.node)
        release(handle.node)
        handle.node = -1
    }

    /// Takes the next timer that is due at `now`, or nil.
    ///
    /// The caller clears the target's handle by calling `timerFired`, which must treat its handle
    /// as not armed.
    package mutating func nextDue(now: Int64) -> (target: TimerTarget, kind: UInt8)? {
        while true {
            let slot = Int(current & 255)
            let index = unsafe heads[slot]
            if index >= 0, unsafe nodes[Int(index)].deadline <= current {
                unlink(index)
                let target = unsafe nodes[Int(index)].target
                let kind = unsafe nodes[Int(index)].kind
                release(index)
                if let target = unsafe target {
                    return (unsafe target.takeUnretainedValue(), kind)
                }
                continue
            }
            if current >= now { return nil }
            advance(towards: now)
        }
    }

    /// The time of the next tick at which something may be due, or nil while nothing is armed.
    package func nextDeadline() -> Int64? {
        if armedCount == 0 { return nil }
        var next = (current | 0xffff) + 1
        if let distance = nextOccupied(level: 0, after: Int(current & 255)) {
            next = min(next, current + Int64(distance))
        }
        // What waits on a higher level comes down when its slot begins, which may be before the
        // next slot of the lowest wheel: that one may lie in the following turn.
        if let distance = nextOccupied(level: 1, after: Int(current >> 8 & 255)) {
            next = min(next, ((current >> 8) + Int64(distance)) << 8)
        }
        return next
    }

    // MARK: - Slots

    private mutating func place(_ index: Int32) {
        let deadline = unsafe nodes[Int(index)].deadline
        let delta = deadline - current
        let bucket: Int
        if delta < 256 {
            bucket = Int(deadline & 255)
        } else if delta < 256 * 256 {
            bucket = 256 + Int(deadline >> 8 & 255)
        } else if delta < 256 * 256 * 256 {
            bucket = 512 + Int(deadline >> 16 & 255)
        } else {
            // The last slot of the highest wheel: it is looked at again when its turn comes.
            bucket = 512 + Int(((current >> 16) + 255) & 255)
        }
        let head = unsafe heads[bucket]
        unsafe nodes[Int(index)].bucket = Int32(bucket)
        unsafe nodes[Int(index)].previous = -1
        unsafe nodes[Int(index)].next = head
        if head >= 0 { unsafe nodes[Int(head)].previous = index }
        unsafe heads[bucket] = index
        unsafe occupied[bucket >> 6] |= 1 << UInt64(bucket & 63)
    }

    private mutating func unlink(_ index: Int32) {
        let node = unsafe nodes[Int(index)]
        let bucket = Int(node.bucket)
        if node.previous >= 0 {
            unsafe nodes[Int(node.previous)].next = node.next
        } else {
            unsafe heads[bucket] = node.next
            if node.next < 0 { unsafe occupied[bucket >> 6] &= ~(1 << UInt64(bucket & 63)) }
        }
        if node.next >= 0 { unsafe nodes[Int(node.next)].previous = node.previous }
    }

    private mutating func release(_ index: Int32) {
        unsafe nodes[Int(index)].target = nil
        unsafe nodes[Int(index)].bucket = -1
        unsafe nodes[Int(index)].next = firstFree
        firstFree = index
        armedCount -= 1
    }

    private mutating func advance(towards now: Int64) {
        // Jump over empty slots, but never past the end of this turn of the lowest wheel.
        let turn = current | 255
        if let distance = nextOccupied(level: 0, after: Int(current & 255)) {
            let next = current + Int64(distance)
            if next <= turn {
                current = min(next, now)
                return
            }
        }
        if turn >= now {
            current = now
            return
        }
        current = turn + 1
        cascade(level: 1, slot: Int(current >> 8 & 255))
        if current & 0xffff == 0 { cascade(level: 2, slot: Int(current >> 16 & 255)) }
    }

    private mutating func cascade(level: Int, slot: Int) {
        let bucket = level * 256 + slot
        var index = unsafe heads[bucket]
        unsafe heads[bucket] = -1
        unsafe occupied[bucket >> 6] &= ~(1 << UInt64(bucket & 63))
        while index >= 0 {
            let next = unsafe nodes[Int(index)].next
            place(index)
            index = next
        }
    }

    /// The distance (1...256) to the next occupied slot of a level.
    private func nextOccupied(level: Int, after slot: Int) -> Int? {
        var distance = 1
        while distance <= 256 {
            let position = (slot + distance) & 255
            let word = unsafe occupied[level * 4 + position >> 6] >> UInt64(position & 63)
            if word != 0 { return distance + word.trailingZeroBitCount }
            distance += 64 - position & 63
        }
        return nil
    }

    private mutating func grow() {
        let doubled = capacity * 2
        let moved = UnsafeMutablePointer<Node>.allocate(capacity: Int(doubled))
        unsafe moved.update(from: nodes, count: Int(capacity))
        unsafe nodes.deallocate()
        unsafe nodes = unsafe moved
        let old = capacity
        capacity = doubled
        link(freeFrom: old)
    }

    private mutating func link(freeFrom start: Int32) {
        for index in start..<capacity {
            unsafe (nodes + Int(index)).initialize(
                to: Node(
                    next: index + 1 < capacity ? index + 1 : -1,
                    previous: -1,
                    bucket: -1,
                    kind: 0,
                    deadline: 0,
                    target: nil
                )
            )
        }
        firstFree = start
    }
}
