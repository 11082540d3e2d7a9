extension SinkConfiguration.Kind {
    /// Where the record stands in the bytes of an item, for people who read the dead letters: behind
    /// what the sink keeps there for itself.
    func record(in item: Span<UInt8>) -> Range<Int> {
        switch self {
        case .kafka: KafkaItem(item)?.value ?? 0..<item.count
        case .s3: min(S3Encoder.prefixCount, item.count)..<item.count
        default: 0..<item.count
        }
    }
}
