import CLinux
import Glibc
import Identity
import Synchronization

/// Something with a descriptor that a loop watches.
///
/// Subclasses override `ready`.
package class Pollable: TimerTarget {
    package fileprivate(set) var descriptor: Int32
    fileprivate var slot: Int32 = -1

    init(descriptor: Int32) {
        self.descriptor = descriptor
        super.init()
    }

    /// Called on the loop with epoll's event bits.
    package func ready(events: UInt32) {}
    /// Called at the end of the event in which `EventLoop.flushLater` was asked for.
    package func flush() {}
    /// Called from the top of the loop after `EventLoop.resumeLater`.
    package func resume() {}

    package var isOpen: Bool { descriptor >= 0 }
}

/// One thread's event loop: edge-triggered epoll, a timing wheel, a mailbox for other threads.
///
/// Everything but `post` and `wake` is for the loop's own thread. Nothing is allocated per event.
@safe
package final class EventLoop {
    package struct Work: Sendable {
        let run: @Sendable (EventLoop) -> Void
    }

    /// The mailbox, which outlives the loop for threads that still hold it.
    package final class Mailbox: Sendable {
        private let pending = Mutex<[Work]>([])
        fileprivate let wakeDescriptor: Int32

        fileprivate init() throws(SystemCallError) {
            wakeDescriptor = pillion_eventfd()
            if wakeDescriptor < 0 { throw SystemCallError("eventfd") }
        }

        deinit { _ = Glibc.close(wakeDescriptor) }

        /// Runs the closure on the loop, soon.
        ///
        /// From any thread.
        package func post(_ run: @escaping @Sendable (EventLoop) -> Void) {
            pending.withLock { $0.append(Work(run: run)) }
            var one: UInt64 = 1
            _ = unsafe write(wakeDescriptor, &one, 8)
        }

        fileprivate func take() -> [Work] {
            pending.withLock { work in
                let taken = work
                work.removeAll(keepingCapacity: false)
                return taken
            }
        }
    }

    private struct Slot {
        var object: Pollable?
        var generation: UInt32
        var nextFree: Int32
    }

    package let mailbox: Mailbox
    /// Whose loop this is: what a posted closure looks for.
    package var owner: AnyObject?
    private let epoll: Int32
    private var slots: [Slot] = []
    private var firstFreeSlot: Int32 = -1
    private var events: UnsafeMutablePointer<pillion_event>
    private static let eventCount = 256
    package var timers: TimerWheel
    private var dirty: [Pollable] = []
    private var resuming: [Pollable] = []
    /// Those whose turn it is; it trades places with `resuming`, so that neither is copied.
    private var resumingNow: [Pollable] = []
    private var isStopping = false

    /// Bytes are read here, and are gone with the next read: whoever keeps some copies them.
    package let scratch: UnsafeMutableRawBufferPointer
    package static let scratchBytes = 64 * 1024
    /// What handshakes and records pass through; made with the first TLS connection.
    private(set) lazy var tls = TLSIO()
    /// Decrypted bytes are read here.
    private(set) lazy var plaintext: UnsafeMutableRawBufferPointer = {
        hasPlaintext = true
        return .allocate(byteCount: Self.scratchBytes + 32 * 1024, alignment: 64)
    }()
    private var hasPlaintext = false

    /// Milliseconds of the monotonic clock, read once per turn of the loop.
    package private(set) var nowMilliseconds: Int64
    /// Microseconds of the same reading.
    package private(set) var nowMicroseconds: Int64
    /// What to add to `nowMicroseconds` for microseconds since 1970.
    package private(set) var unixOffsetMicroseconds: Int64 = 0
    private var unixOffsetReadAt: Int64 = .min

    /// Called once per turn, after events and timers: for work that is done in batches.
    package var endOfTurn: ((EventLoop) -> Void)?

    package init() throws(SystemCallError) {
        epoll = pillion_epoll_create()
        if epoll < 0 { throw SystemCallError("epoll_create1") }
        mailbox = try Mailbox()
        unsafe events = .allocate(capacity: Self.eventCount)
        unsafe scratch = .allocate(byteCount: Self.scratchBytes, alignment: 64)
        let now = pillion_monotonic_microseconds()
        nowMicroseconds = now
        nowMilliseconds = now / 1000
        timers = TimerWheel(now: now / 1000)
        readUnixOffset()
        if pillion_epoll_add(epoll, mailbox.wakeDescriptor, UInt64.max, 0) != 0 {
            throw SystemCallError("epoll_ctl")
        }
    }

    deinit {
        _ = Glibc.close(epoll)
        unsafe events.deallocate()
        unsafe scratch.deallocate()
        if hasPlaintext { unsafe plaintext.deallocate() }
    }

    // MARK: - Watching

    package enum Interest {
        /// A stream socket: told once each time something changes in either direction.
        case edges
        /// A listening socket: told as long as a connection waits.
        case level
    }

    package func add(_ object: Pollable, interest: Interest) throws(SystemCallError) {
        var index = firstFreeSlot
        if index >= 0 {
            firstFreeSlot = slots[Int(index)].nextFree
            slots[Int(index)].object = object
        } else {
            index = Int32(truncatingIfNeeded: slots.count)
            slots.append(Slot(object: object, generation: 0, nextFree: -1))
        }
        object.slot = index
        let key = UInt64(slots[Int(index)].generation) << 32 | UInt64(UInt32(index))
        if pillion_epoll_add(epoll, object.descriptor, key, interest == .edges ? 1 : 0) != 0 {
            let error = SystemCallError("epoll_ctl")
            forget(object)
            throw error
        }
    }

    /// Stops and restarts telling about a listening socket.
    package func setLevelInterest(_ object: Pollable, isOn: Bool) {
        guard object.slot >= 0 else { return }
        let generation = slots[Int(object.slot)].generation
        let key = UInt64(generation) << 32 | UInt64(UInt32(object.slot))
        _ = pillion_epoll_modify(epoll, object.descriptor, key, isOn ? 1 : 0)
    }

    /// Forgets the object and closes its descriptor; with a reset where `abruptly`.
    package func close(_ object: Pollable, abruptly: Bool = false) {
        guard object.descriptor >= 0 else { return }
        forget(object)
        if abruptly {
            SystemCall.abort(object.descriptor)
        } else {
            _ = Glibc.close(object.descriptor)
        }
        object.descriptor = -1
    }

    /// Gives an object's descriptor, and its place in the loop, to another object.
    ///
    /// The old one is closed afterwards without its descriptor being so.
    package func hand(_ descriptorOf: Pollable, to next: Pollable) {
        let index = descriptorOf.slot
        guard index >= 0, next.slot < 0 else { return }
        slots[Int(index)].object = next
        next.slot = index
        next.descriptor = descriptorOf.descriptor
        descriptorOf.slot = -1
        descriptorOf.descriptor = -1
    }

    private func forget(_ object: Pollable) {
        let index = object.slot
        guard index >= 0 else { return }
        slots[Int(index)].object = nil
        slots[Int(index)].generation &+= 1
        slots[Int(index)].nextFree = firstFreeSlot
        firstFreeSlot = index
        object.slot = -1
    }

    /// Calls `object.flush()` at the end of this event, once however often it is asked for (the
    /// object keeps the flag).
    package func flushLater(_ object: Pollable) { dirty.append(object) }

    /// Calls `object.resume()` from the top of the loop: reading is never started inside the
    /// handling of another read, because both would use the scratch buffer.
    package func resumeLater(_ object: Pollable) { resuming.append(object) }

    // MARK: - Running

    package func stop() { isStopping = true }

    package func run() {
        while !isStopping { turn(wait: true) }
    }

    /// One turn: wait for events, handle them, fire timers, run what other threads posted.
    package func turn(wait: Bool) {
        let timeout = wait ? waitMilliseconds() : 0
        let count = unsafe pillion_epoll_wait(epoll, events, Int32(Self.eventCount), timeout)
        readClock()
        var hasMail = false
        if count > 0 {
            for position in 0..<Int(count) {
                let event = unsafe events[position]
                let key = event.key
                if key == UInt64.max {
                    hasMail = true
                    continue
                }
                let index = Int(key & 0xffff_ffff)
                guard index < slots.count, slots[index].generation == UInt32(key >> 32),
                    let object = slots[index].object
                else { continue }
                object.ready(events: event.events)
                if !dirty.isEmpty { flushDirty() }
            }
        }
        if hasMail { runMail() }
        while let due = timers.nextDue(now: nowMilliseconds) {
            due.target.timerFired(kind: due.kind)
            if !dirty.isEmpty { flushDirty() }
        }
        var rounds = 0
        while !resuming.isEmpty, rounds < 8 {
            rounds += 1
            swap(&resuming, &resumingNow)
            var index = 0
            while index < resumingNow.count {
                let object = resumingNow[index]
                index += 1
                guard object.isOpen else { continue }
                object.resume()
                if !dirty.isEmpty { flushDirty() }
            }
            resumingNow.removeAll(keepingCapacity: true)
        }
        endOfTurn?(self)
    }

    private func waitMilliseconds() -> Int32 {
        if !resuming.isEmpty { return 0 }
        guard let next = timers.nextDeadline() else { return -1 }
        return Int32(clamping: max(0, next - nowMilliseconds))
    }

    private func flushDirty() {
        var index = 0
        while index < dirty.count {
            dirty[index].flush()
            index += 1
        }
        dirty.removeAll(keepingCapacity: true)
    }

    private func runMail() {
        var count: UInt64 = 0
        _ = unsafe read(mailbox.wakeDescriptor, &count, 8)
        for work in mailbox.take() {
            work.run(self)
            if !dirty.isEmpty { flushDirty() }
        }
    }

    // MARK: - Time

    package var unixMicroseconds: Int64 { nowMicroseconds &+ unixOffsetMicroseconds }

    package func readClock() {
        let now = pillion_monotonic_microseconds()
        nowMicroseconds = now
        nowMilliseconds = now / 1000
        if now &- unixOffsetReadAt > 1_000_000 { readUnixOffset() }
    }

    private func readUnixOffset() {
        unixOffsetMicroseconds = pillion_realtime_microseconds() &- nowMicroseconds
        unixOffsetReadAt = nowMicroseconds
    }
}

@available(*, unavailable)
extension EventLoop: Sendable {}
