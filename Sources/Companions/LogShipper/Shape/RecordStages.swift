/// Makes filters ready.
package enum RecordStages {
    /// - Throws: what is wrong with an expression or a time format.
    package static func make(
        _ filter: RecordFilter,
        place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> any RecordStage {
        switch filter {
        case .grep(let options): try GrepStage(options, place: place)
        case .transform(let options): try TransformStage(options, place: place)
        case .parse(let options): try ParseFieldStage(options, place: place)
        case .redact(let options): try RedactStage(options, place: place)
        case .hash(let options): HashStage(options)
        case .sample(let options): SampleStage(options)
        case .rateLimit(let options): RateLimitStage(options)
        case .severity(let options): SeverityStage(options)
        case .nest(let options):
            options.direction == .nest
                ? NestStage(options) as any RecordStage : LiftStage(options)
        case .kubernetes(let options): KubernetesStage(options)
        case .trace(let options): TraceStage(options)
        }
    }
}
