/// Prints a configuration in its simplest form as a tree.
struct LogFormWriter {
    private let configuration: LogConfiguration
    private let isSimple: Bool

    init(_ configuration: LogConfiguration) {
        self.configuration = configuration
        isSimple = configuration.isSimple
    }

    var tree: LogTreeMap {
        var map = LogTreeMap()
        map.add("state", configuration.stateDirectory)
        map.add("sources", .list(configuration.sources.map { .map(source($0)) }))
        let steps = configuration.pipelines.first?.steps ?? []
        if isSimple {
            let filters = steps.compactMap { step -> LogTree? in
                if case .filter(let filter) = step.action { return .map(self.filter(filter, step)) }
                return nil
            }
            if !filters.isEmpty { map.add("filters", .list(filters)) }
        } else {
            map.add("steps", .list(steps.map { .map(self.step($0)) }))
            var others = LogTreeMap()
            for pipeline in configuration.pipelines.dropFirst() {
                others.add(pipeline.name, .list(pipeline.steps.map { .map(step($0)) }))
            }
            if !others.members.isEmpty { map.add("pipelines", .map(others)) }
        }
        map.add("sinks", .list(sinks(steps)))
        return map
    }

    private func source(_ source: SourceConfiguration) -> LogTreeMap {
        var map = LogSourceTables.shapes.write(source.kind)
        for member in LogSourceTables.common(of: source.kind).write(source).members {
            map.add(member.name, member.value)
        }
        if source.pipeline > 0, configuration.pipelines.indices.contains(source.pipeline) {
            map.add("pipeline", configuration.pipelines[source.pipeline].name)
        }
        return map
    }

    private func sinks(_ steps: [Pipeline.Step]) -> [LogTree] {
        var counts: [String: Int] = [:]
        var outputs = steps.filter { step in
            if case .output = step.action { return true }
            return false
        }[...]
        return configuration.sinks.map { sink in
            var map = LogSinkTables.shapes.write(sink.kind)
            let kind = LogSinkTables.shapes.name(of: sink.kind)
            if sink.name != LogFormReader.usualName(kind, &counts) { map.add("name", sink.name) }
            if isSimple, let step = outputs.popFirst() { match(step.tags, into: &map) }
            for member in LogSinkTables.common.write(sink).members {
                map.add(member.name, member.value)
            }
            return .map(map)
        }
    }

    private func match(_ tags: TagPattern, into map: inout LogTreeMap) {
        if tags != .all { map.add("match", LogKind<TagPattern>.tags.write(tags)) }
    }

    private func filter(_ filter: RecordFilter, _ step: Pipeline.Step) -> LogTreeMap {
        var map = LogTreeMap()
        match(step.tags, into: &map)
        let fields = LogFilterTables.shapes.write(filter)
        // One that does nothing must still say what it is.
        if fields.members.isEmpty {
            map.add(LogFilterTables.shapes.name(of: filter), .map(LogTreeMap()))
        }
        for member in fields.members { map.add(member.name, member.value) }
        return map
    }

    private func step(_ step: Pipeline.Step) -> LogTreeMap {
        switch step.action {
        case .filter(let filter): return self.filter(filter, step)
        case .output(let destinations, let isFinal):
            var map = LogTreeMap()
            match(step.tags, into: &map)
            let names = destinations.map { destination -> LogTree in
                switch destination {
                case .sink(let number):
                    let sinks = configuration.sinks
                    return .text(sinks.indices.contains(number) ? sinks[number].name : "")
                case .pipeline(let number):
                    let pipelines = configuration.pipelines
                    return .text(pipelines.indices.contains(number) ? pipelines[number].name : "")
                case .nowhere: return .text(LogFormReader.nowhere)
                }
            }
            map.add("to", names.count == 1 ? names[0] : .list(names))
            if !isFinal { map.add("continue", .boolean(true)) }
            return map
        }
    }
}

extension LogConfiguration {
    /// The same in its simplest form: what two configurations that mean the same have in common.
    package var simplified: LogConfiguration {
        var simple = self
        simple.warnings = []
        for number in simple.pipelines.indices {
            for place in simple.pipelines[number].steps.indices
            where simple.pipelines[number].steps[place].tags
                == TagPattern(["*"], dialect: .fluentBit)
            {
                simple.pipelines[number].steps[place].tags = .all
            }
        }
        for number in simple.sinks.indices {
            guard case .elasticsearch(var options) = simple.sinks[number].kind,
                options.logstash != nil
            else { continue }
            // Nobody reads it.
            options.index = LogSearchTables.usualIndex
            simple.sinks[number].kind = .elasticsearch(options)
        }
        var split = simple
        for number in split.pipelines.indices {
            split.pipelines[number].steps = Self.split(split.pipelines[number].steps)
        }
        if split.isSimple { return split }
        // After the last step there is nothing that could see the record too.
        for number in simple.pipelines.indices {
            guard let last = simple.pipelines[number].steps.indices.last,
                case .output(let destinations, false) = simple.pipelines[number].steps[last].action
            else { continue }
            simple.pipelines[number].steps[last].action = .output(destinations, isFinal: true)
        }
        return simple
    }

    /// One step for each destination; the last need not be final.
    private static func split(_ steps: [Pipeline.Step]) -> [Pipeline.Step] {
        var found: [Pipeline.Step] = []
        for (number, step) in steps.enumerated() {
            guard case .output(let destinations, let isFinal) = step.action,
                !isFinal || number == steps.count - 1
            else {
                found.append(step)
                continue
            }
            for destination in destinations {
                var one = step
                one.action = .output([destination], isFinal: false)
                found.append(one)
            }
        }
        return found
    }

    /// Filters, and then each sink in its order with the tags that it takes.
    var isSimple: Bool {
        guard pipelines.count == 1, sources.allSatisfy({ $0.pipeline == 0 }) else { return false }
        let steps = pipelines[0].steps
        let filters = steps.prefix { step in
            if case .filter = step.action { return true }
            return false
        }
        let outputs = steps.dropFirst(filters.count)
        guard outputs.count == sinks.count else { return false }
        for (number, step) in outputs.enumerated() {
            guard case .output(let destinations, false) = step.action,
                destinations == [.sink(number)]
            else { return false }
        }
        return true
    }

    /// Without places and warnings: equal where the meaning is.
    package var withoutPlaces: LogConfiguration {
        var bare = self
        let nowhere = ConfigurationPlace(file: "", line: 0)
        bare.warnings = []
        for number in bare.sources.indices { bare.sources[number].place = nowhere }
        for number in bare.sinks.indices { bare.sinks[number].place = nowhere }
        for number in bare.pipelines.indices {
            for step in bare.pipelines[number].steps.indices {
                bare.pipelines[number].steps[step].place = nowhere
            }
        }
        return bare
    }
}
