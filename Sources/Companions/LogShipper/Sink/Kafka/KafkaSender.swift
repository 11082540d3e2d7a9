internal import CompanionKit

/// Sends chunks to Kafka, and waits until each message is acknowledged or can't be any more.
///
/// A message that a broker refuses may have been refused for another of its batch: those are sent again in
/// halves, until it stands alone. Used by one thread.
final class KafkaSender: ChunkSender {
    private let library: KafkaLibrary
    private let properties: KafkaProperties
    private let timeout: Int64
    private var log: KafkaLog
    private var producer: KafkaProducer?
    /// True once one of the producer's messages was acknowledged.
    private var hasDelivered = false
    /// Of the chunk under way: what a broker may have although it was not acknowledged.
    private var possible: Set<RecordOrigin> = []
    private var possibleOf: UInt64?
    /// Topics that the producer knows, and does not forget.
    private var topics: Set<String> = []
    private static let topicsMax = 1000
    /// Waiting is cut into pieces of this, so that it ends soon when it is cancelled.
    private static let slice: Int32 = 100

    init(
        _ options: KafkaOptions,
        _ properties: KafkaProperties,
        sink: String
    ) throws(SinkFailure) {
        library = try KafkaLibrary.load()
        self.properties = properties
        timeout = options.timeout
        log = KafkaLog(sink: sink)
        producer = try KafkaProducer(library, properties.list)
    }

    func close() { producer = nil }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        guard KafkaEncoder.isTopic(chunk.key) else {
            return .refused(why: "what waits is no chunk of a Kafka sink: it names no topic")
        }
        let topic = String(decoding: chunk.key, as: UTF8.self)
        let ready: KafkaProducer
        do throws(SinkFailure) {
            ready = try producer(for: topic)
        } catch {
            return .again(why: error.what, after: nil)
        }
        if possibleOf != chunk.number {
            possible = []
            possibleOf = chunk.number
        }
        // What happened since the last chunk, closed connections too, is no reason for this one.
        _ = ready.poll(milliseconds: 0)
        if !ready.isDown { ready.forgetTrouble() }
        var delivery = Delivery(topic: topic, count: chunk.items.count)
        delivery.deadline = .now.advanced(by: .milliseconds(timeout))
        var items: [KafkaItem?] = []
        items.reserveCapacity(chunk.items.count)
        var group: [Int] = []
        for (position, item) in chunk.items.enumerated() {
            let read = KafkaItem(chunk.bytes(of: item))
            items.append(read)
            if read == nil {
                delivery.refused.append((position, "it is no message of a Kafka sink"))
            } else {
                group.append(position)
            }
        }
        // The group that is next stands last.
        var groups = group.isEmpty ? [] : [group]
        while let group = groups.popLast() {
            guard !cancellation.isCancelled, ContinuousClock.now < delivery.deadline,
                !delivery.isStuck
            else {
                delivery.again += group
                continue
            }
            let suspects = round(group, of: chunk, items, ready, &delivery, cancellation)
            if suspects.isEmpty { continue }
            let half = suspects.count / 2
            groups.append(Array(suspects[half...]))
            if half > 0 { groups.append(Array(suspects[..<half])) }
        }
        log.take(from: ready)
        return outcome(of: delivery, chunk, ready)
    }

    /// What is known of a chunk while it is sent.
    private struct Delivery {
        let topic: String
        let count: Int
        var deadline = ContinuousClock.now
        var again: [Int] = []
        var refused: [(position: Int, reason: String)] = []
        var duplicates = 0
        /// The code of the last error that says why.
        var reason: Int32 = 0
        /// True where the producer must not go on.
        var isStuck = false

        init(topic: String, count: Int) {
            self.topic = topic
            self.count = count
        }
    }

    private func producer(for topic: String) throws(SinkFailure) -> KafkaProducer {
        if topics.count >= Self.topicsMax, !topics.contains(topic) { producer = nil }
        if producer == nil {
            topics = []
            hasDelivered = false
        }
        let ready: KafkaProducer
        if let producer {
            ready = producer
        } else {
            ready = try KafkaProducer(library, properties.list)
            producer = ready
        }
        topics.insert(topic)
        return ready
    }

    // MARK: - A round

    /// Sends some of the chunk's items; those that are refused but may not be to blame are returned.
    private func round(
        _ group: [Int],
        of chunk: borrowing Chunk,
        _ items: [KafkaItem?],
        _ producer: KafkaProducer,
        _ delivery: inout Delivery,
        _ cancellation: Cancellation
    ) -> [Int] {
        let failure = producer.begin(topic: delivery.topic, count: group.count)
        defer { producer.end() }
        guard failure == 0 else {
            delivery.reason = failure
            delivery.again += group
            return []
        }
        var codes = [Int32](repeating: 0, count: group.count)
        let began = ContinuousClock.now
        let wasDown = producer.isDown || !hasDelivered
        var handedOver = 0
        let bytes = chunk.bytes
        for (number, position) in group.enumerated() {
            guard let item = items[position] else { continue }
            let start = Int(chunk.items[position].start)
            let time = chunk.items[position].time
            while true {
                codes[number] = unsafe bytes.withUnsafeBufferPointer { bytes -> Int32 in
                    guard let base = bytes.baseAddress else { return -1 }
                    return unsafe producer.produce(number, item, in: base + start, time: time)
                }
                guard codes[number] == KafkaVerdict.queueFull, !cancellation.isCancelled,
                    ContinuousClock.now < delivery.deadline
                else { break }
                _ = producer.poll(milliseconds: Self.slice)
            }
            handedOver += 1
            // Reports must not pile up in a long round.
            if handedOver % 1000 == 0 { _ = producer.poll(milliseconds: 0) }
        }
        wait(producer, &delivery, began: began, wasDown: wasDown, cancellation)
        return judge(group, codes, of: chunk, producer, &delivery)
    }

    /// Waits until all messages are reported; after it, none is under way.
    private func wait(
        _ producer: KafkaProducer,
        _ delivery: inout Delivery,
        began: ContinuousClock.Instant,
        wasDown: Bool,
        _ cancellation: Cancellation
    ) {
        // The library ends what is too old itself, and is the better judge of what was sent.
        let end = delivery.deadline.advanced(by: .seconds(1))
        // Where nobody could be reached before, nobody waits for the whole time again.
        let patience = Duration.milliseconds(min(5000, timeout))
        var isGivenUp = false
        while producer.poll(milliseconds: Self.slice) > 0 {
            log.take(from: producer)
            let now = ContinuousClock.now
            if producer.fatal != nil { break }
            if cancellation.isCancelled || now >= end { break }
            if wasDown, !isGivenUp, producer.isDown, began.duration(to: now) >= patience {
                producer.purge(all: false)
                isGivenUp = true
            }
        }
        guard producer.poll(milliseconds: 0) > 0 else { return }
        // Its reports come at once, but for those of a thread that is asking a name server.
        delivery.isStuck = true
        producer.purge(all: true)
        let last = ContinuousClock.now.advanced(by: .seconds(2))
        while producer.poll(milliseconds: Self.slice) > 0, ContinuousClock.now < last {}
    }

    private func judge(
        _ group: [Int],
        _ codes: [Int32],
        of chunk: borrowing Chunk,
        _ producer: KafkaProducer,
        _ delivery: inout Delivery
    ) -> [Int] {
        var suspects: [Int] = []
        for (number, position) in group.enumerated() {
            let origin = chunk.items[position].origin
            let isTaken = codes[number] == 0
            let report = producer.report(number)
            let code = isTaken ? report.code : codes[number]
            var verdict = isTaken ? KafkaVerdict(reported: code) : KafkaVerdict(refused: code)
            if isTaken, report.place == .pending { verdict = .again }
            switch verdict {
            case .delivered:
                hasDelivered = true
                if possible.remove(origin) != nil { delivery.duplicates += 1 }
            case .again:
                delivery.again.append(position)
                if isTaken, report.place != .absent { possible.insert(origin) }
                if delivery.reason == 0 || !KafkaVerdict.withoutReason.contains(code) {
                    delivery.reason = code
                }
            case .never:
                if isTaken, group.count > 1 {
                    suspects.append(position)
                } else {
                    delivery.refused.append((position, words(code)))
                }
            }
        }
        return suspects
    }

    // MARK: - The outcome

    private func words(_ code: Int32) -> String { "\(library.words(code)) (\(library.name(code)))" }

    private func outcome(
        of delivery: Delivery,
        _ chunk: borrowing Chunk,
        _ ready: KafkaProducer
    ) -> SendOutcome {
        let why = why(delivery, ready)
        // What is sent again must not meet what is left of this producer.
        if delivery.isStuck || ready.fatal != nil { producer = nil }
        if delivery.again.isEmpty {
            possible = []
            possibleOf = nil
            if delivery.refused.isEmpty { return .delivered(duplicates: delivery.duplicates) }
        } else if delivery.again.count == delivery.count {
            return .again(why: why, after: nil)
        }
        return .judged(
            again: delivery.again.sorted(),
            refused: delivery.refused,
            duplicates: delivery.duplicates,
            why: why
        )
    }

    private func why(_ delivery: Delivery, _ producer: KafkaProducer) -> String {
        if let fatal = producer.fatal { return "the producer had to be made anew: \(fatal)" }
        let isDown = producer.isDown
        if delivery.reason != 0, !KafkaVerdict.withoutReason.contains(delivery.reason) {
            return "topic \(delivery.topic): \(words(delivery.reason))"
        }
        if let trouble = producer.trouble {
            return isDown ? "all brokers are down: \(trouble)" : trouble
        }
        if isDown { return "all brokers are down" }
        return "topic \(delivery.topic): not acknowledged within \(timeout) ms"
    }
}
