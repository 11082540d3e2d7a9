internal import Model
import Telemetry

extension KafkaSender {
    /// A Kafka sink, with its properties tried out: librdkafka is loaded here, and a producer is made
    /// and ended that connects to nobody.
    ///
    /// - Throws: where the library was looked for, or what it says to a property.
    static func sink(
        _ options: KafkaOptions,
        _ inject: InjectOptions,
        name: String,
        hostname: String
    ) throws(SinkFailure) -> Sink {
        let properties = try KafkaProperties(options)
        let encoder = try KafkaEncoder(
            options,
            inject,
            hostname: hostname,
            messageBytesMax: properties.messageBytesMax
        )
        for line in try KafkaProducer.check(try KafkaLibrary.load(), properties) {
            Log.shared.log(.warning, "log sink \(name): librdkafka: \(line)")
        }
        return Sink(encoder: encoder) { () throws(SinkFailure) in
            try KafkaSender(options, properties, sink: name)
        }
    }
}
