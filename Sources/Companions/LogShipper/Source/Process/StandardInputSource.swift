import Glibc
import Model
import Telemetry

/// The shipper's own standard input, to its end.
///
/// Where it is the only source, its end is that of the shipper, after all was delivered: so a program's
/// output is piped into it.
final class StandardInputSource: LogSource {
    private let configuration: SourceConfiguration
    private let engine: LogEngine
    private var input: LineInput?
    private let isOnly: Bool
    private var stream: UInt32 = 0
    private var isStopped = false
    private let make: (StandardInputSource) -> LineInput

    init(
        number: Int,
        configuration: SourceConfiguration,
        isOnly: Bool,
        engine: LogEngine,
        loop: EngineLoop,
        counters: SourceCounters
    ) throws(LogConfigurationFailure) {
        self.configuration = configuration
        self.engine = engine
        self.isOnly = isOnly
        let assembler = try ProcessSource.assembler(configuration)
        make = { source in
            LineInput(
                0,
                isBorrowed: true,
                stream: source.stream,
                parts: LineInput.Parts(
                    engine: engine,
                    loop: loop,
                    sinks: engine.sinks(ofSource: number),
                    assembler: assembler
                ),
                lines: StreamLines(lineBytesMax: 1 << 20, longLines: .split) {
                    counters.truncated.add(1)
                }
            ) { [unowned source] in source.ended() }
        }
        self.number = number
    }

    private let number: Int

    func start() {
        stream = engine.open(
            LogStream(
                identity: .random(),
                source: number,
                name: "stdin",
                tag: ByteString(ProcessSource.tag(configuration, "stdin")),
                isDurable: false
            )
        )
        let input = make(self)
        self.input = input
        input.start()
    }

    func resume() { input?.resume() }

    func stop() {
        isStopped = true
        input?.cut()
    }

    func delivered(stream: UInt32, sink: Int, upTo offset: UInt64) {}
    func save() {}
    func lag() -> SourceLag { SourceLag() }

    private func ended() {
        engine.close(stream)
        guard !isStopped else { return }
        Log.shared.log(.info, "standard input has ended", isOnly ? ["ends": "the shipper"] : [:])
        if isOnly { engine.askForEnd(0) }
    }
}
