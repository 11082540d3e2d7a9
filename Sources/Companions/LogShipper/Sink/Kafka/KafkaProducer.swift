internal import CKafka

/// One producer of librdkafka's, with the connections that it keeps.
///
/// Messages go in rounds: all of a round are handed over, and all of them are reported before the next.
/// Used by one thread.
@safe final class KafkaProducer {
    /// What became of a message.
    struct Report {
        enum Place { case absent, possible, present, pending }

        /// 0 where it was acknowledged.
        var code: Int32
        /// Whether it stands in the topic.
        var place: Place
    }

    let library: KafkaLibrary
    private let handle: OpaquePointer
    private var headers: [pillion_kafka_header] = unsafe []

    private init(_ library: KafkaLibrary, _ handle: OpaquePointer) {
        self.library = library
        unsafe self.handle = handle
    }

    deinit { unsafe pillion_kafka_stop(handle) }

    /// Makes a producer, which begins to connect.
    ///
    /// - Throws: what the library says of a property, or of all of them together.
    convenience init(
        _ library: KafkaLibrary,
        _ properties: [(name: String, value: String)]
    ) throws(SinkFailure) {
        let settings = try unsafe Self.settings(library, properties)
        var handle: OpaquePointer?
        let reason = unsafe KafkaWords.read {
            unsafe handle = pillion_kafka_start(settings, $0, $1)
        }
        guard let handle = unsafe handle else {
            // The library names the property, and not the file.
            let file = properties.first {
                $0.name.hasSuffix(".location") && reason.contains($0.name)
            }
            throw SinkFailure(
                "librdkafka \(library.version) makes no producer: \(reason)"
                    + (file.map { " (\($0.value))" } ?? "")
            )
        }
        unsafe self.init(library, handle)
    }

    private static func settings(
        _ library: KafkaLibrary,
        _ properties: [(name: String, value: String)]
    ) throws(SinkFailure) -> OpaquePointer {
        guard let settings = unsafe pillion_kafka_settings_new(library.table) else {
            throw SinkFailure("there is no memory for a producer")
        }
        for (name, value) in properties {
            var isTaken = false
            let reason = unsafe KafkaWords.read {
                unsafe isTaken = pillion_kafka_set(settings, name, value, $0, $1) == 1
            }
            if !isTaken {
                unsafe pillion_kafka_settings_free(settings)
                throw SinkFailure(
                    "librdkafka \(library.version) does not take the property \(name): \(reason)"
                )
            }
        }
        return unsafe settings
    }

    /// Finds out whether a producer could be made, without connecting to anybody.
    ///
    /// - Returns: what the library has to say to the properties.
    static func check(
        _ library: KafkaLibrary,
        _ properties: KafkaProperties
    ) throws(SinkFailure) -> [String] {
        unsafe pillion_kafka_settings_free(try settings(library, properties.list))
        let producer = try KafkaProducer(library, properties.trial)
        var lines: [String] = []
        while let line = producer.nextLine(), lines.count < 100 {
            if line.facility == "CONFWARN", !line.words.contains("bootstrap.servers") {
                lines.append(line.words)
            }
        }
        return lines
    }

    // MARK: - A round

    /// Begins a round.
    ///
    /// - Returns: 0, or the code of the error for which there is none.
    func begin(topic: String, count: Int) -> Int32 {
        var code: Int32 = 0
        return unsafe pillion_kafka_begin(handle, topic, count, &code) == 1 ? 0 : code
    }

    /// Hands a message over.
    ///
    /// - Parameters:
    ///   - item: where its parts are, counted from `start`.
    ///   - time: nanoseconds since 1970.
    /// - Returns: 0, or the code of the error for which it was not taken.
    func produce(
        _ number: Int,
        _ item: KafkaItem,
        in start: UnsafePointer<UInt8>,
        time: Int64
    ) -> Int32 {
        func part(_ range: Range<Int>) -> pillion_kafka_bytes {
            unsafe pillion_kafka_bytes(start: start + range.lowerBound, count: range.count)
        }
        unsafe headers.removeAll(keepingCapacity: true)
        for header in item.headers {
            unsafe headers.append(
                pillion_kafka_header(name: part(header.name), value: part(header.value))
            )
        }
        let none = unsafe pillion_kafka_bytes(start: nil, count: 0)
        return unsafe headers.withUnsafeBufferPointer { headers in
            unsafe pillion_kafka_produce(
                handle,
                number,
                part(item.value),
                item.key.map { unsafe part($0) } ?? none,
                headers.baseAddress,
                headers.count,
                // Kafka has no times before 1970; -1 would mean that there is none.
                max(time / 1_000_000, 0)
            )
        }
    }

    /// Waits for reports, and returns how many are still to come.
    func poll(milliseconds: Int32) -> Int { unsafe pillion_kafka_poll(handle, milliseconds) }

    /// Gives up what waits to be sent, and what is under way too where `all` says so.
    func purge(all: Bool) { unsafe pillion_kafka_purge(handle, all ? 1 : 0) }

    func report(_ number: Int) -> Report {
        let report = unsafe pillion_kafka_report(handle, number)
        let place: Report.Place =
            switch Int(report.status) {
            case PILLION_KAFKA_POSSIBLE: .possible
            case PILLION_KAFKA_PRESENT: .present
            case PILLION_KAFKA_PENDING: .pending
            default: .absent
            }
        return Report(code: report.code, place: place)
    }

    func end() { unsafe pillion_kafka_end(handle) }

    // MARK: - What went wrong

    /// Why this producer does nothing any more; nil while it works.
    var fatal: String? {
        var code: Int32 = 0
        let words = unsafe KafkaWords.read { unsafe code = pillion_kafka_fatal(handle, $0, $1) }
        return code == 0 ? nil : "\(words) (\(library.name(code)))"
    }

    /// The last error that was not about a message, since it was forgotten.
    var trouble: String? {
        var code: Int32 = 0
        let words = unsafe KafkaWords.read {
            unsafe code = pillion_kafka_trouble(handle, 0, $0, $1)
        }
        if code == 0 { return nil }
        return words.isEmpty ? library.words(code) : words
    }

    func forgetTrouble() {
        _ = unsafe KafkaWords.read { unsafe _ = pillion_kafka_trouble(handle, 1, $0, $1) }
    }

    /// True from the word that no broker can be reached until a message was acknowledged.
    var isDown: Bool { unsafe pillion_kafka_is_down(handle) == 1 }

    /// The next line that the library logged.
    func nextLine() -> (facility: String, words: String)? {
        var lost = 0
        var isThere = false
        var facility = ""
        let words = unsafe KafkaWords.read { words, count in
            facility = unsafe KafkaWords.read(32) { facility, facilityCount in
                unsafe isThere =
                    pillion_kafka_log(handle, facility, facilityCount, words, count, &lost) == 1
            }
        }
        return isThere ? (facility, words) : nil
    }
}
