internal import CompanionKit

/// Makes the sources of a configuration ready.
enum LogSources {
    static func make(
        _ configuration: LogConfiguration,
        engine: LogEngine,
        loop: EngineLoop,
        disk: DiskThread,
        counters: [SourceCounters],
        stateDirectory: String
    ) throws(LogConfigurationFailure) -> [any LogSource] {
        var made: [any LogSource] = []
        let checkpoints = CheckpointNames.names(of: configuration.sources)
        for (number, source) in configuration.sources.enumerated() {
            switch source.kind {
            case .tail(let options):
                made.append(
                    try TailSource(
                        number: number,
                        configuration: source,
                        options: options,
                        engine: engine,
                        loop: loop,
                        counters: counters[number],
                        checkpoint: CheckpointFile(
                            path: "\(stateDirectory)/\(checkpoints[number])",
                            namesInUse: Set(checkpoints),
                            loop: loop,
                            disk: disk
                        ),
                        sinkKeys: SinkKey.keys(of: configuration.sinks)
                    )
                )
            case .process(let options):
                made.append(
                    try ProcessSource(
                        number: number,
                        configuration: source,
                        options: options,
                        engine: engine,
                        loop: loop,
                        counters: counters[number]
                    )
                )
            case .forward(let options, let sharedKey):
                made.append(
                    try ForwardSource(
                        number: number,
                        configuration: source,
                        options: options,
                        sharedKey: sharedKey,
                        engine: engine,
                        loop: loop,
                        counters: counters[number]
                    )
                )
            case .syslog(let options, let transport):
                made.append(
                    try SyslogSource(
                        number: number,
                        configuration: source,
                        options: options,
                        transport: transport,
                        engine: engine,
                        loop: loop,
                        counters: counters[number]
                    )
                )
            case .otlp(let options):
                made.append(
                    try OTLPSource(
                        number: number,
                        configuration: source,
                        options: options,
                        engine: engine,
                        loop: loop,
                        counters: counters[number]
                    )
                )
            case .standardInput:
                guard !made.contains(where: { $0 is StandardInputSource }) else {
                    throw LogConfigurationFailure(
                        place: source.place,
                        what: "standard input can be read by one source only"
                    )
                }
                made.append(
                    try StandardInputSource(
                        number: number,
                        configuration: source,
                        isOnly: configuration.sources.count == 1,
                        engine: engine,
                        loop: loop,
                        counters: counters[number]
                    )
                )
            }
        }
        return made
    }
}
