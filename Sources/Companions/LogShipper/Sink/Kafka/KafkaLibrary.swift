internal import CKafka
import Glibc
import Synchronization

/// librdkafka, which is loaded when the first Kafka sink is made ready, and then kept.
///
/// Most pods have no such sink: they need neither the library nor what it needs.
// Safe to share: the table of functions is not written once it was made.
@safe final class KafkaLibrary: @unchecked Sendable {
    let table: OpaquePointer
    /// As it says itself, `2.0.2`.
    let version: String

    /// Names the library's file instead of the usual places.
    static let pathVariable = "PILLION_LIBRDKAFKA"
    /// The first is looked for wherever the system looks for libraries.
    static let paths = [
        "librdkafka.so.1", "/usr/local/lib/librdkafka.so.1", "/usr/lib/librdkafka.so.1",
        "/usr/lib64/librdkafka.so.1",
    ]
    private static let hint =
        "install librdkafka1 (Debian, Ubuntu) or librdkafka (Red Hat, Fedora, SUSE), or name "
        + "its file in \(pathVariable)"
    private static let loaded = Mutex<KafkaLibrary?>(nil)

    private init(table: OpaquePointer, version: String) {
        unsafe self.table = table
        self.version = version
    }

    /// The library, loaded once for all sinks.
    ///
    /// - Throws: where it was looked for, and which package has it.
    static func load() throws(SinkFailure) -> KafkaLibrary {
        if let library = loaded.withLock({ $0 }) { return library }
        let named = unsafe getenv(pathVariable).map { unsafe String(cString: $0) } ?? ""
        let library = try load(from: named.isEmpty ? paths : [named])
        loaded.withLock { $0 = library }
        return library
    }

    /// The library from the first of the files that has it.
    static func load(from paths: [String]) throws(SinkFailure) -> KafkaLibrary {
        var reasons: [String] = []
        for path in paths {
            var table: OpaquePointer?
            let reason = unsafe KafkaWords.read { unsafe table = pillion_kafka_open(path, $0, $1) }
            guard let table = unsafe table else {
                reasons.append(reason)
                continue
            }
            let number = unsafe pillion_kafka_version(table)
            let version = Self.version(number)
            guard number >= 0x0106_0000 else {
                throw SinkFailure(
                    "Kafka sinks need librdkafka 1.6 or newer, and \(path) is \(version)",
                    hint: hint
                )
            }
            return unsafe KafkaLibrary(table: table, version: version)
        }
        throw SinkFailure(
            "Kafka sinks need librdkafka 1.6 or newer, which can't be loaded "
                + "(tried \(paths.joined(separator: ", "))): \(reasons.first ?? "no file is named")",
            hint: hint
        )
    }

    /// `0x020002ff` as `2.0.2`.
    static func version(_ number: Int32) -> String {
        "\((number >> 24) & 0xff).\((number >> 16) & 0xff).\((number >> 8) & 0xff)"
    }

    /// What an error is called.
    func name(_ code: Int32) -> String {
        unsafe pillion_kafka_name(table, code).map { unsafe String(cString: $0) } ?? "\(code)"
    }

    /// What an error means, in the library's words.
    func words(_ code: Int32) -> String {
        unsafe pillion_kafka_words(table, code).map { unsafe String(cString: $0) } ?? "\(code)"
    }
}

/// Takes texts over from C.
enum KafkaWords {
    /// The text that the closure writes into a buffer, its end a zero.
    static func read(
        _ size: Int = 512,
        _ body: (UnsafeMutablePointer<CChar>?, Int) -> Void
    ) -> String {
        var buffer = [CChar](repeating: 0, count: max(size, 1))
        unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            unsafe body(buffer.baseAddress, buffer.count)
        }
        let letters = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: letters, as: UTF8.self)
    }
}
