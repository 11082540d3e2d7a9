import CompanionKit
import Model
import Synchronization

/// Takes records through the pipelines' steps: filters change them, outputs give them to sinks.
///
/// Which steps are for a tag is worked out once for each tag. Used by the engine's thread.
final class Router {
    /// A pipeline's step, made ready.
    private enum Step {
        case filter(any RecordStage, number: Int)
        case output([Pipeline.Destination], isFinal: Bool)
    }

    private struct Plan {
        var steps: [Step]
    }

    /// What happened to a record on the way.
    struct Result {
        /// Sinks that it was given to.
        var reached: SinkSet = []
        var isFiltered = false
        /// Why a filter could not work on it; it is then nobody's.
        var refusal: String?
    }

    private let pipelines: [[(matcher: TagMatcher, step: Step)]]
    private var plans: [[ByteString: Plan]]
    /// The one of the last record, by the pipeline: the next one's tag is the same as a rule.
    private var last: [(tag: ByteString, plan: Plan)?]
    /// fluentd's label for records that a filter or a sink could not work on.
    let errorPipeline: Int?
    /// Tags that are remembered for each pipeline; beyond it they are worked out each time.
    private static let rememberedMax = 1000
    /// Pipelines that lead to pipelines: more is a circle.
    private static let depthMax = 8

    init(_ configuration: LogConfiguration) throws(LogConfigurationFailure) {
        var made: [[(matcher: TagMatcher, step: Step)]] = []
        var number = 0
        for pipeline in configuration.pipelines {
            var steps: [(matcher: TagMatcher, step: Step)] = []
            for step in pipeline.steps {
                let matcher = TagMatcher(step.tags)
                switch step.action {
                case .filter(let filter):
                    let stage = try RecordStages.make(filter, place: step.place)
                    steps.append((matcher, .filter(stage, number: number)))
                    number += 1
                case .output(let destinations, let isFinal):
                    steps.append((matcher, .output(destinations, isFinal: isFinal)))
                }
            }
            made.append(steps)
        }
        pipelines = made
        errorPipeline = configuration.pipelines.firstIndex { $0.name == "@ERROR" }
        plans = Array(repeating: [:], count: made.count)
        last = Array(repeating: nil, count: made.count)
    }

    /// Takes one record through a pipeline; `give` puts it into a sink's buffer.
    func route(
        _ record: inout LogRecord,
        pipeline: Int,
        sinks: SinkSet,
        give: (borrowing LogRecord, Int) -> Void
    ) -> Result {
        var result = Result()
        walk(&record, pipeline, sinks, 0, &result, give)
        return result
    }

    private func walk(
        _ record: inout LogRecord,
        _ pipeline: Int,
        _ sinks: SinkSet,
        _ depth: Int,
        _ result: inout Result,
        _ give: (borrowing LogRecord, Int) -> Void
    ) {
        guard depth < Self.depthMax, pipelines.indices.contains(pipeline) else {
            result.refusal = "its way leads in a circle of labels"
            return
        }
        for step in plan(pipeline, record.tag).steps {
            switch step {
            case .filter(let stage, _):
                switch stage.apply(&record) {
                case .pass: continue
                case .drop:
                    result.isFiltered = true
                    return
                case .refused(let why):
                    result.refusal = why
                    return
                }
            case .output(let destinations, let isFinal):
                // Only a pipeline changes a record: what comes after it needs one of its own.
                let needsCopy = !isFinal || destinations.count > 1
                for destination in destinations {
                    switch destination {
                    case .nowhere: result.isFiltered = true
                    case .sink(let number):
                        let sink = SinkSet(sink: number)
                        guard sinks.contains(sink) else { continue }
                        give(record, number)
                        result.reached.formUnion(sink)
                    case .pipeline(let next):
                        if needsCopy {
                            var copy = record
                            walk(&copy, next, sinks, depth + 1, &result, give)
                        } else {
                            walk(&record, next, sinks, depth + 1, &result, give)
                        }
                    }
                }
                if isFinal { return }
            }
        }
    }

    private func plan(_ pipeline: Int, _ tag: ByteString) -> Plan {
        if let last = last[pipeline], last.tag == tag { return last.plan }
        let plan = makePlan(pipeline, tag)
        last[pipeline] = (tag, plan)
        return plan
    }

    private func makePlan(_ pipeline: Int, _ tag: ByteString) -> Plan {
        if let known = plans[pipeline][tag] { return known }
        let bytes = tag.bytes
        let steps = pipelines[pipeline].filter { $0.matcher.matches(bytes.span) }.map(\.step)
        let plan = Plan(steps: steps)
        if plans[pipeline].count < Self.rememberedMax { plans[pipeline][tag] = plan }
        return plan
    }

    /// The sinks that records of a pipeline may reach, whatever their tags.
    func reachable(from pipeline: Int) -> SinkSet {
        var found: SinkSet = []
        var seen: Set<Int> = []
        // What fails on the way goes there.
        var left = [pipeline] + (errorPipeline.map { [$0] } ?? [])
        while let next = left.popLast() {
            guard pipelines.indices.contains(next), seen.insert(next).inserted else { continue }
            for entry in pipelines[next] {
                guard case .output(let destinations, _) = entry.step else { continue }
                for destination in destinations {
                    switch destination {
                    case .sink(let number): found.formUnion(SinkSet(sink: number))
                    case .pipeline(let other): left.append(other)
                    case .nowhere: break
                    }
                }
            }
        }
        return found
    }
}
