import CompanionKit
import Glibc
import Synchronization
import Telemetry

/// Told by a sink's threads what is done; any thread.
protocol ChunkCompletion: Sendable {
    /// Nothing of the chunk, whose records are of these streams, is to be sent any more.
    func finished(chunk: UInt64, streams: Set<UInt32>, sink: Int)
    /// The path, or peer, of a stream, for dead letters.
    func name(ofStream stream: UInt32) -> String
}

/// One thread of a sink: takes chunks, sends them, and tries again for as long as it may.
final class SinkSender: Sendable {
    private let number: Int
    private let configuration: SinkConfiguration
    private let makeSender: @Sendable () throws(SinkFailure) -> any ChunkSender
    private let queue: ChunkQueue
    private let counters: SinkCounters
    private let deadLetters: DeadLetterFile
    private let completion: any ChunkCompletion
    private let cancellation: Cancellation

    init(
        number: Int,
        configuration: SinkConfiguration,
        makeSender: @escaping @Sendable () throws(SinkFailure) -> any ChunkSender,
        queue: ChunkQueue,
        counters: SinkCounters,
        deadLetters: DeadLetterFile,
        completion: any ChunkCompletion,
        cancellation: Cancellation
    ) {
        self.number = number
        self.configuration = configuration
        self.makeSender = makeSender
        self.queue = queue
        self.counters = counters
        self.deadLetters = deadLetters
        self.completion = completion
        self.cancellation = cancellation
    }

    /// The thread's body; returns when the queue ended, or when it was cancelled.
    func run() {
        guard let sender = makeReady() else { return }
        defer { sender.close() }
        while true {
            switch queue.take(cancellation) {
            case .ended, .cancelled: return
            case .chunk(let chunk, let ticket):
                let isDone = deliver(chunk, sender)
                if isDone {
                    queue.finished(chunk, isFromSpool: ticket != nil)
                    if let ticket { queue.spool?.done(ticket) }
                    completion.finished(
                        chunk: chunk.number,
                        streams: chunk.streams,
                        sink: number
                    )
                } else if let ticket {
                    queue.finished(chunk, isFromSpool: true)
                    queue.spool?.putBack(ticket)
                    return
                } else {
                    queue.putBack(chunk)
                    return
                }
            }
        }
    }

    /// Makes the sender, and tries again where that fails: a certificate may come later.
    private func makeReady() -> (any ChunkSender)? {
        var backoff = Backoff(first: 1000, max: 30_000)
        var generator = SystemRandomNumberGenerator()
        while !cancellation.isCancelled {
            do throws(SinkFailure) {
                return try makeSender()
            } catch {
                note(failure: error.what, attempts: 1)
                let wait = backoff.next(using: &generator)
                if !cancellation.sleep(milliseconds: wait) { return nil }
            }
        }
        return nil
    }

    // MARK: - One chunk

    /// Sends until nothing is left to send; false where it was cancelled before.
    private func deliver(_ chunk: Chunk, _ sender: any ChunkSender) -> Bool {
        // Halves of what was too large wait here, the first of them last.
        var left = [chunk]
        let retry = configuration.retry
        var backoff = Backoff(first: retry.first, max: retry.max, base: retry.base)
        var generator = SystemRandomNumberGenerator()
        var attempts = Int(chunk.attempts)
        let began = ContinuousClock.now
        while var current = left.popLast() {
            current.attempts = UInt32(clamping: attempts)
            counters.requests.add(1)
            let outcome = sender.send(current, cancellation: cancellation)
            switch outcome {
            case .delivered(let duplicates):
                note(success: current.items.count, current.bytes.count, duplicates)
                backoff.reset()
                attempts = 0
            case .judged(let again, let refused, let duplicates, let why):
                // A peer's word about items that are not there counts for nothing, and about each of
                // the others once.
                var judged: Set<Int> = []
                let known = current.items.indices
                let refused = refused.filter {
                    known.contains($0.position) && judged.insert($0.position).inserted
                }
                let again = again.filter { known.contains($0) && judged.insert($0).inserted }
                for item in refused {
                    guard bury(current, [item.position], item.reason) else { return false }
                }
                let done = current.items.count - again.count - refused.count
                if again.isEmpty {
                    note(success: done, current.bytes.count, duplicates)
                    backoff.reset()
                    attempts = 0
                    continue
                }
                counters.records.add(done)
                counters.duplicates.add(duplicates)
                attempts += 1
                if isOver(attempts, since: began) {
                    guard giveUp(current, again, attempts, why) else { return false }
                    attempts = 0
                    continue
                }
                counters.retriedRecords.add(again.count)
                left.append(current.keeping(again))
                guard wait(why, nil, attempts, &backoff, &generator) else { return false }
            case .again(let why, let after):
                attempts += 1
                counters.retriedRecords.add(current.items.count)
                if isOver(attempts, since: began) {
                    let all = Array(current.items.indices)
                    guard giveUp(current, all, attempts, why) else { return false }
                    attempts = 0
                    continue
                }
                left.append(current)
                guard wait(why, after, attempts, &backoff, &generator) else { return false }
            case .tooLarge(let why):
                if current.items.count <= 1 {
                    guard bury(current, Array(current.items.indices), why) else { return false }
                } else {
                    let half = current.items.count / 2
                    left.append(current.keeping(Array(half..<current.items.count)))
                    left.append(current.keeping(Array(0..<half)))
                }
            case .refused(let why):
                counters.failures.add(1)
                guard bury(current, Array(current.items.indices), why) else { return false }
            }
        }
        return true
    }

    /// True where the configuration lets nobody try once more.
    private func isOver(_ attempts: Int, since began: ContinuousClock.Instant) -> Bool {
        let retry = configuration.retry
        if let most = retry.attemptsMax, attempts > most { return true }
        guard let timeout = retry.timeout else { return false }
        return began.duration(to: .now) > .milliseconds(timeout)
    }

    /// Writes what was tried for the last time to the dead letters; false where it was cancelled.
    private func giveUp(
        _ chunk: borrowing Chunk,
        _ positions: [Int],
        _ attempts: Int,
        _ why: String
    ) -> Bool {
        counters.failures.add(1)
        return bury(chunk, positions, "given up after \(attempts) attempts: \(why)")
    }

    /// Waits before the next attempt; false where it was cancelled.
    private func wait(
        _ why: String,
        _ after: Duration?,
        _ attempts: Int,
        _ backoff: inout Backoff,
        _ generator: inout SystemRandomNumberGenerator
    ) -> Bool {
        counters.failures.add(1)
        note(failure: why, attempts: attempts)
        var pause = backoff.next(using: &generator)
        if let after {
            // The peer's wish counts, within reason, and a fleet still spreads.
            let asked = after.components.seconds * 1000
            pause += min(max(asked, 0), 600_000)
        }
        return cancellation.sleep(milliseconds: pause)
    }

    /// Writes items to the dead letters, however long it takes; false where it was cancelled.
    private func bury(_ chunk: borrowing Chunk, _ positions: [Int], _ reason: String) -> Bool {
        var backoff = Backoff(first: 500, max: 30_000)
        var generator = SystemRandomNumberGenerator()
        for position in positions {
            let item = chunk.items[position]
            let stream = item.origin.stream
            let entry = DeadLetterFile.Entry(
                time: item.time,
                sink: configuration.name,
                reason: reason,
                source: stream == .max ? "" : completion.name(ofStream: stream),
                offset: item.origin.start
            )
            while true {
                do throws(FileFailure) {
                    let bytes = chunk.bytes(of: item)
                    let record = bytes.extracting(configuration.kind.record(in: bytes))
                    if try deadLetters.write(entry, record: record) {
                        Log.shared.log(
                            .warning,
                            "the dead letters grew too large; the older half is gone",
                            ["path": deadLetters.path]
                        )
                    }
                    break
                } catch {
                    note(failure: "dead letters can't be written: \(error)", attempts: 1)
                    let pause = backoff.next(using: &generator)
                    if !cancellation.sleep(milliseconds: pause) { return false }
                }
            }
            counters.rejected.add(1)
            counters.deadLetters.add(1)
        }
        return true
    }

    // MARK: - What is said

    private func note(success records: Int, _ bytes: Int, _ duplicates: Int) {
        counters.records.add(records)
        counters.bytes.add(bytes)
        counters.duplicates.add(duplicates)
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        counters.lastSuccess.store(now.tv_sec, ordering: .relaxed)
        let before = counters.trouble.withLock { trouble in
            defer { trouble = SinkCounters.Trouble() }
            return trouble
        }
        if before.attempts > 0 {
            Log.shared.log(
                .info,
                "log sink \(configuration.name) takes records again",
                ["after_ms": "\(Self.nowMilliseconds - before.since)"]
            )
        }
    }

    private func note(failure why: String, attempts: Int) {
        let isNew = counters.trouble.withLock { trouble in
            let isNew = trouble.attempts == 0
            if isNew { trouble.since = Self.nowMilliseconds }
            trouble.why = why
            trouble.attempts = max(attempts, 1)
            return isNew
        }
        if isNew {
            Log.shared.log(
                .warning,
                "log sink \(configuration.name): \(why); it will be tried again",
                ["waiting_records": "\(counters.waitingRecords.value)"]
            )
        }
    }

    private static var nowMilliseconds: Int64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
