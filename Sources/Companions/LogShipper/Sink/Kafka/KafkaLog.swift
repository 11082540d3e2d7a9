import Telemetry

/// Says what librdkafka logs, of each kind one line a minute at most.
///
/// Used by one thread.
struct KafkaLog {
    private struct Kind {
        var said: ContinuousClock.Instant
        var unsaid = 0
    }

    private let sink: String
    private var kinds: [String: Kind] = [:]
    private static let pause = Duration.seconds(60)
    private static let kindsMax = 100

    init(sink: String) { self.sink = sink }

    /// Takes the lines of a producer, and says those that are due.
    mutating func take(from producer: KafkaProducer, now: ContinuousClock.Instant = .now) {
        while let line = producer.nextLine() {
            guard let text = due(line.facility, line.words, now: now) else { continue }
            Log.shared.log(.warning, "log sink \(sink): librdkafka: \(text)")
        }
    }

    /// The line as it is to be said; nil where it is not.
    mutating func due(
        _ facility: String,
        _ words: String,
        now: ContinuousClock.Instant
    ) -> String? {
        // A broker that can't be reached is told as the reason of what failed, properties at the start.
        if ["FAIL", "ERROR", "CONFWARN"].contains(facility) { return nil }
        guard let kind = kinds[facility] else {
            if kinds.count >= Self.kindsMax { kinds.removeAll() }
            kinds[facility] = Kind(said: now)
            return words
        }
        guard kind.said.duration(to: now) >= Self.pause else {
            kinds[facility]?.unsaid += 1
            return nil
        }
        kinds[facility] = Kind(said: now)
        return kind.unsaid == 0 ? words : "\(words) (and \(kind.unsaid) like it before)"
    }
}
