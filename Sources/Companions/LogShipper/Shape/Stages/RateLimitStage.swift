import Glibc
import Model

/// Lets so many records of a key through in a second: a bucket of tokens for each key.
///
/// So many keys are remembered; the one that was seen longest ago is forgotten for a new one, and
/// begins with a full bucket when it comes again.
final class RateLimitStage: RecordStage {
    private struct Bucket {
        var key: [UInt8]
        var tokens: Double
        /// Seconds on the monotonic clock.
        var filledAt: Double
        /// Neighbours in the order of use; -1 for none.
        var newer: Int
        var older: Int
    }

    private let perSecond: Double
    private let burst: Double
    private let template: TemplateRenderer?
    private let keysMax: Int
    private let clock: () -> Double
    private var numbers: [[UInt8]: Int] = [:]
    private var buckets: [Bucket] = []
    private var newest = -1
    private var oldest = -1
    private var key: [UInt8] = []

    init(_ options: RateLimitOptions, clock: @escaping () -> Double = RateLimitStage.monotonic) {
        perSecond = max(options.perSecond, 0)
        burst = Double(max(options.burst, 1))
        template = options.key.map { TemplateRenderer($0) }
        keysMax = max(options.keysMax, 1)
        self.clock = clock
    }

    /// Keys that are remembered now.
    var keyCount: Int { buckets.count }

    func apply(_ record: inout LogRecord) -> StageOutcome {
        key.removeAll(keepingCapacity: true)
        template?.append(record, &key)
        let now = clock()
        let number = find(now)
        let passed = max(0, now - buckets[number].filledAt)
        let tokens = min(burst, buckets[number].tokens + passed * perSecond)
        buckets[number].filledAt = now
        guard tokens >= 1 else {
            buckets[number].tokens = tokens
            return .drop
        }
        buckets[number].tokens = tokens - 1
        return .pass
    }

    private func find(_ now: Double) -> Int {
        if let known = numbers[key] {
            if known != newest {
                unlink(known)
                link(known)
            }
            return known
        }
        let bucket = Bucket(key: key, tokens: burst, filledAt: now, newer: -1, older: -1)
        let number: Int
        if buckets.count < keysMax {
            number = buckets.count
            buckets.append(bucket)
        } else {
            number = oldest
            unlink(number)
            numbers[buckets[number].key] = nil
            buckets[number] = bucket
        }
        numbers[key] = number
        link(number)
        return number
    }

    private func unlink(_ number: Int) {
        let (newer, older) = (buckets[number].newer, buckets[number].older)
        if newer >= 0 { buckets[newer].older = older } else { newest = older }
        if older >= 0 { buckets[older].newer = newer } else { oldest = newer }
    }

    private func link(_ number: Int) {
        buckets[number].newer = -1
        buckets[number].older = newest
        if newest >= 0 { buckets[newest].newer = number } else { oldest = number }
        newest = number
    }

    static func monotonic() -> Double {
        var clock = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &clock)
        return Double(clock.tv_sec) + Double(clock.tv_nsec) / 1e9
    }
}
