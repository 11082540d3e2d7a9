internal import CompanionKit
import Glibc
import Model
import Telemetry

/// The output of a process that the shipper starts, watches, and starts again.
///
/// A run is over when the process has ended and both of its outputs are closed: what it started may
/// still hold them. Belongs to the engine's thread.
final class ProcessSource: LogSource {
    /// One run of the program.
    private final class Run {
        let child: ChildProcess
        var inputs: [LineInput] = []
        let began = EngineLoop.now
        var status: ChildProcess.Status?
        /// Ends what holds the outputs although the process has ended.
        var timer: EngineLoop.Timer?

        init(_ child: ChildProcess) { self.child = child }
        var isOver: Bool { status != nil && inputs.allSatisfy(\.isOver) }
    }

    private let number: Int
    private let configuration: SourceConfiguration
    private let options: ProcessOptions
    private let engine: LogEngine
    private let loop: EngineLoop
    private let counters: SourceCounters
    private let parts: LineInput.Parts
    private var streams: [UInt32] = []
    private var lines: [StreamLines] = []
    private var run: Run?
    private var restart: EngineLoop.Timer?
    private var failures = 0
    private var isStopped = false
    private var trouble: String?

    /// Milliseconds between the request to end and the end by force.
    private static let stopTime: Int64 = 5000
    /// Milliseconds for which outputs may be held open by others after the process has ended, where
    /// something waits for the end.
    private static let graceTime: Int64 = 1000
    /// A run of so many milliseconds was no failure to start.
    private static let goodRun: Int64 = 10_000
    private static let restartMax: Int64 = 60_000

    init(
        number: Int,
        configuration: SourceConfiguration,
        options: ProcessOptions,
        engine: LogEngine,
        loop: EngineLoop,
        counters: SourceCounters
    ) throws(LogConfigurationFailure) {
        guard let program = options.command.first, !program.isEmpty,
            !options.command.contains(where: { $0.utf8.contains(0) })
        else {
            throw LogConfigurationFailure(
                place: configuration.place,
                what: "a process needs a command, without zero bytes"
            )
        }
        self.number = number
        self.configuration = configuration
        self.options = options
        self.engine = engine
        self.loop = loop
        self.counters = counters
        parts = LineInput.Parts(
            engine: engine,
            loop: loop,
            sinks: engine.sinks(ofSource: number),
            assembler: try Self.assembler(configuration)
        )
    }

    /// What joins the lines of a source; nil where each is a record.
    static func assembler(
        _ configuration: SourceConfiguration
    ) throws(LogConfigurationFailure) -> LineAssembler? {
        guard let multiline = configuration.multiline else { return nil }
        return try LineAssembler(multiline, place: configuration.place)
    }

    /// The tag, with a name where it has a `*`.
    static func tag(_ configuration: SourceConfiguration, _ name: String) -> String {
        guard let star = configuration.tag.firstIndex(of: "*") else { return configuration.tag }
        var tag = configuration.tag
        tag.replaceSubrange(star...star, with: name)
        return tag
    }

    /// How the process is named to people: its program, without arguments, which may hold secrets.
    private var name: String {
        let program = options.command.first ?? ""
        return String(program.split(separator: "/").last ?? "process")
    }

    // MARK: - LogSource

    func start() {
        for output in options.readsStandardError ? ["stdout", "stderr"] : ["stdout"] {
            let field = options.streamKey.map { (Array($0.utf8), Array(output.utf8)) }
            streams.append(
                engine.open(
                    LogStream(
                        identity: .random(),
                        source: number,
                        name: "\(output) of \(name)",
                        tag: ByteString(Self.tag(configuration, name)),
                        isDurable: false,
                        fields: field.map { [$0] } ?? []
                    )
                )
            )
            let counters = counters
            lines.append(
                StreamLines(lineBytesMax: options.lineBytesMax, longLines: options.longLines) {
                    counters.truncated.add(1)
                }
            )
        }
        begin()
    }

    func resume() {
        guard let run else { return }
        for input in run.inputs { input.resume() }
    }

    func stop() {
        isStopped = true
        restart?.cancel()
        guard let run else { return }
        run.child.signal(SIGTERM)
        run.timer?.cancel()
        run.timer = loop.schedule(after: Self.stopTime) { [weak self] in self?.abandon() }
    }

    var isAtRest: Bool { isStopped && run == nil }

    func abandon() {
        guard let run else { return }
        if run.status == nil {
            Log.shared.log(
                .warning,
                "a process whose output is read did not end when it was asked, and is killed",
                ["process": name, "pid": "\(run.child.process)"]
            )
        }
        run.child.signal(SIGKILL)
        run.child.wait(milliseconds: 500)
        engine.beginRound()
        for input in run.inputs { input.cut() }
        self.run = nil
    }

    func delivered(stream: UInt32, sink: Int, upTo offset: UInt64) {}
    func save() {}

    func lag() -> SourceLag {
        var lag = SourceLag()
        lag.openFiles = run?.inputs.count(where: { !$0.isOver }) ?? 0
        if let trouble { lag.troubles = [trouble] }
        for (index, lines) in lines.enumerated() where lines.count > 0 {
            let output = index == 0 ? "stdout" : "stderr"
            lag.streams.append(
                SourceLag.Stream(name: "\(output) of \(name)", bytes: lines.count, since: 0)
            )
        }
        return lag
    }

    // MARK: - Runs

    private func begin() {
        guard !isStopped else { return }
        let child: ChildProcess
        do throws(ChildProcess.Failure) {
            child = try ChildProcess(
                options.command,
                readsError: options.readsStandardError,
                loop: loop
            )
        } catch {
            cannotStart(error)
            return
        }
        let run = Run(child)
        self.run = run
        if !options.isPeriodic {
            Log.shared.log(
                .info,
                "reading the output of a process",
                ["process": name, "pid": "\(child.process)"]
            )
        }
        for (index, descriptor) in [child.output, child.error].compactMap({ $0 }).enumerated() {
            run.inputs.append(
                LineInput(
                    descriptor,
                    isBorrowed: false,
                    stream: streams[index],
                    parts: parts,
                    lines: lines[index]
                ) { [unowned self, weak run] in if let run { look(at: run) } }
            )
        }
        child.watch { [unowned self, unowned run] status in ended(run, status) }
        for input in run.inputs { input.start() }
    }

    private func cannotStart(_ failure: ChildProcess.Failure) {
        counters.troubles.add(1)
        failures += 1
        let wait = options.restartAfter.map { _ in nextWait }
        trouble = "\(name) can't be started: \(failure.words)"
        Log.shared.log(
            .error,
            "a process whose output is to be read can't be started",
            [
                "process": options.command.first ?? "", "error": failure.words,
                "again_in_ms": wait.map { "\($0)" } ?? "never",
            ]
        )
        goOn(wait: wait, exitCode: failure.exitCode)
    }

    private func ended(_ run: Run, _ status: ChildProcess.Status) {
        run.status = status
        if !isStopped, !run.isOver, options.endsShipper || options.restartAfter != nil,
            !options.isPeriodic
        {
            hurry(run)
        }
        look(at: run)
    }

    /// The process has ended, and something waits for that: others that hold its outputs are asked to
    /// end as well, and then made to.
    private func hurry(_ run: Run) {
        run.timer = loop.schedule(after: Self.graceTime) { [weak self, weak run] in
            guard let self, let run, self.run === run, !run.isOver, !isStopped else { return }
            run.child.signal(SIGTERM)
            run.timer = loop.schedule(after: Self.stopTime) { [weak self, weak run] in
                guard let self, let run, self.run === run, !run.isOver, !isStopped else { return }
                run.child.signal(SIGKILL)
                engine.beginRound()
                for input in run.inputs { input.cut() }
            }
        }
    }

    private func look(at run: Run) {
        guard self.run === run, run.isOver, let status = run.status else { return }
        run.timer?.cancel()
        self.run = nil
        if isStopped { return }
        let isGood = status.isGood
        let wasLong = EngineLoop.now - run.began >= Self.goodRun
        failures = options.isPeriodic || wasLong ? 1 : failures + 1
        let wait = options.restartAfter.map { _ in nextWait }
        if !isGood {
            counters.troubles.add(1)
            trouble = "\(name) has ended: \(status.words)"
        } else {
            trouble = nil
        }
        if !options.isPeriodic || !isGood {
            Log.shared.log(
                isGood ? .info : .warning,
                "a process whose output is read has ended",
                [
                    "process": name, "how": status.words,
                    "again_in_ms": wait.map { "\($0)" } ?? "never",
                ]
            )
        }
        goOn(wait: wait, exitCode: options.passesExitCode ? status.exitCode : 0)
    }

    /// Doubles with each run that was short.
    private var nextWait: Int64 {
        let first = max(options.restartAfter ?? 0, 1)
        if options.isPeriodic { return first }
        return Backoff(first: first, max: max(first, Self.restartMax)).bound(after: failures)
    }

    private func goOn(wait: Int64?, exitCode: Int32) {
        if let wait {
            restart = loop.schedule(after: wait) { [weak self] in self?.begin() }
        } else if options.endsShipper {
            engine.askForEnd(exitCode)
        }
    }
}
