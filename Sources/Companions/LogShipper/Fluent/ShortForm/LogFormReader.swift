internal import Document

/// Reads the tree below `logs:`; what is wrong is gathered in its ``LogReading``.
final class LogFormReader {
    /// Where records go that nobody wants.
    static let nowhere = "drop"
    static let names = ["sources", "filters", "sinks", "steps", "pipelines", "state"]
    private static let elementsMax = 1000

    private let spot: LogSpot
    private var configuration = LogConfiguration()
    private var sinkNumbers: [String: Int] = [:]
    private var pipelineNumbers: [String: Int] = [:]
    /// Of each source the pipeline that it names.
    private var wanted: [(name: String, spot: LogSpot)?] = []
    private var sinkTags: [(tags: TagPattern, spot: LogSpot)?] = []

    init(_ spot: LogSpot) { self.spot = spot }

    func read(_ node: Node) -> LogConfiguration {
        guard case .mapping(let members) = node.content else {
            spot.at(node.position).refuse(
                "an object is expected, \(node.kindInWords) was found",
                hint: "with sources and sinks"
            )
            return configuration
        }
        logRefuseUnknown(members, known: Self.names, spot)
        for name in ["sources", "sinks"] where node.member(name) == nil {
            spot.refuse(
                "\(name) is missing",
                hint: name == "sources"
                    ? "such as sources: [{tail: /var/log/app/*.log, parse: json}]"
                    : "such as sinks: [{elasticsearch: https://es:9200, index: app}]"
            )
        }
        if let member = node.member("state") {
            configuration.stateDirectory = LogKind<String>.path.read(
                member.value,
                spot.inside(member)
            )
        }
        each("sources", of: node) { source($0, $1) }
        each("sinks", of: node) { sink($0, $1) }
        steps(of: node)
        resolvePipelines()
        return configuration
    }

    /// The elements of a member that is a list, or the one that it is.
    private func each(_ name: String, of node: Node, _ body: ([Node.Member], LogSpot) -> Void) {
        guard let member = node.member(name) else { return }
        elements(member.value, spot.inside(member), body)
    }

    private func elements(
        _ node: Node,
        _ spot: LogSpot,
        _ body: ([Node.Member], LogSpot) -> Void
    ) {
        switch node.content {
        case .mapping(let members): body(members, spot.at(node.position))
        case .sequence(let nodes):
            guard nodes.count <= Self.elementsMax else {
                spot.refuse("it has more than \(Self.elementsMax) elements")
                return
            }
            for (index, node) in nodes.enumerated() {
                let inner = spot.element(index, node)
                guard case .mapping(let members) = node.content else {
                    inner.refuse("an object is expected, \(node.kindInWords) was found")
                    continue
                }
                body(members, inner)
            }
        case .scalar:
            spot.at(node.position).refuse("a list is expected, \(node.kindInWords) was found")
        }
    }

    // MARK: - Sources and sinks

    private func source(_ members: [Node.Member], _ spot: LogSpot) {
        let names = LogSourceTables.networkNames(of: members)
        let kind = LogSourceTables.shapes.read(
            members,
            others: LogSourceTables.commonNames + names,
            spot
        )
        let table = LogSourceTables.common(of: kind ?? .standardInput)
        var source = table.standard
        source.place = spot.place
        table.read(members, into: &source, spot)
        configuration.sources.append(source)
        guard let member = members.first(where: { $0.key == "pipeline" }) else {
            wanted.append(nil)
            return
        }
        let inner = spot.inside(member)
        let name = LogKind.name("a pipeline", example: "audit").read(member.value, inner)
        wanted.append(name.map { ($0, inner) })
    }

    private var counts: [String: Int] = [:]

    /// The name of a sink without one: its kind, and a number from the second on.
    static func usualName(_ kind: String, _ counts: inout [String: Int]) -> String {
        let number = counts[kind, default: 0] + 1
        counts[kind] = number
        return number == 1 ? kind : "\(kind)-\(number)"
    }

    private func sink(_ members: [Node.Member], _ spot: LogSpot) {
        guard configuration.sinks.count < SinkSet.countMax else {
            spot.refuse("there are more than \(SinkSet.countMax) sinks")
            return
        }
        let kind = LogSinkTables.shapes.read(members, others: LogSinkTables.commonNames, spot)
        var sink = LogSinkTables.common.standard
        sink.kind = kind ?? .null
        sink.place = spot.place
        sink.name = Self.usualName(LogSinkTables.shapes.name(of: sink.kind), &counts)
        LogSinkTables.common.read(members, into: &sink, spot)
        if sink.retry.max < sink.retry.first {
            spot.refuse("retry.max is shorter than retry.first")
        }
        var nameSpot = spot
        if let member = members.first(where: { $0.key == "name" }) {
            nameSpot = spot.inside(member)
            let kind = LogKind.name("a name", example: "search")
            if let name = kind.read(member.value, nameSpot) { sink.name = name }
            if sink.name.utf8.count > 200 || sink.name.contains("/") {
                nameSpot.refuse("a name has up to 200 bytes and no slash")
            }
        }
        if sinkNumbers.updateValue(configuration.sinks.count, forKey: sink.name) != nil {
            nameSpot.refuse(
                "there are two sinks with the name \(fluentQuoted(sink.name))",
                hint: "give one of them another name"
            )
        }
        configuration.sinks.append(sink)
        if let member = members.first(where: { $0.key == "match" }) {
            let inner = spot.inside(member)
            let tags = LogKind<TagPattern>.tags.read(member.value, inner)
            sinkTags.append((tags ?? .all, inner))
        } else {
            sinkTags.append(nil)
        }
    }

    // MARK: - What happens between them

    private func steps(of node: Node) {
        let isGeneral = node.member("steps") != nil || node.member("pipelines") != nil
        if isGeneral {
            if let member = node.member("filters") {
                spot.inside(member).refuse(
                    "filters and steps exclude each other",
                    hint: "put them into steps, in their order"
                )
            }
            for tags in sinkTags {
                tags?.spot.refuse("with steps, a step says what goes to a sink: to and match")
            }
            var all: [(Int, Node.Member, LogSpot)] = []
            if let member = node.member("pipelines") {
                let inner = spot.inside(member)
                guard case .mapping(let pipelines) = member.value.content else {
                    inner.refuse("names with steps each are expected")
                    return
                }
                for pipeline in pipelines.prefix(Self.elementsMax) {
                    pipelineNumbers[pipeline.key] = configuration.pipelines.count
                    all.append((configuration.pipelines.count, pipeline, inner.inside(pipeline)))
                    configuration.pipelines.append(Pipeline(name: pipeline.key))
                }
            }
            if let member = node.member("steps") { all.append((0, member, spot.inside(member))) }
            for (number, member, inner) in all {
                elements(member.value, inner) { members, spot in
                    if let step = step(members, spot) {
                        configuration.pipelines[number].steps.append(step)
                    }
                }
            }
            warnOfUnreached()
            return
        }
        each("filters", of: node) { members, spot in
            if let member = members.first(where: { $0.key == "to" }) {
                spot.inside(member).refuse(
                    "a filter goes nowhere",
                    hint: "say match in the sink, or write steps instead of filters"
                )
                return
            }
            if let step = step(members, spot) { configuration.pipelines[0].steps.append(step) }
        }
        for number in configuration.sinks.indices {
            configuration.pipelines[0].steps.append(
                Pipeline.Step(
                    tags: sinkTags[number]?.tags ?? .all,
                    action: .output([.sink(number)], isFinal: false),
                    place: configuration.sinks[number].place
                )
            )
        }
    }

    private func step(_ members: [Node.Member], _ spot: LogSpot) -> Pipeline.Step? {
        var tags = TagPattern.all
        if let member = members.first(where: { $0.key == "match" }),
            let found = LogKind<TagPattern>.tags.read(member.value, spot.inside(member))
        {
            tags = found
        }
        if let member = members.first(where: { $0.key == "to" }) {
            logRefuseUnknown(members, known: ["match", "to", "continue"], spot)
            let destinations = destinations(member.value, spot.inside(member))
            var isFinal = true
            if let member = members.first(where: { $0.key == "continue" }) {
                isFinal = LogKind.boolean.read(member.value, spot.inside(member)) == false
            }
            return Pipeline.Step(
                tags: tags,
                action: .output(destinations, isFinal: isFinal),
                place: spot.place
            )
        }
        guard let filter = LogFilterTables.shapes.read(members, others: ["match"], spot) else {
            return nil
        }
        do throws(LogConfigurationFailure) {
            _ = try RecordStages.make(filter, place: spot.place)
        } catch {
            spot.refuse(error)
            return nil
        }
        return Pipeline.Step(tags: tags, action: .filter(filter), place: spot.place)
    }

    private func destinations(_ node: Node, _ spot: LogSpot) -> [Pipeline.Destination] {
        let kind = LogKind<[String]>.many(.name("a sink", example: "elasticsearch"))
        return (kind.read(node, spot) ?? []).compactMap { name in
            if let number = sinkNumbers[name] { return .sink(number) }
            if let number = pipelineNumbers[name] { return .pipeline(number) }
            if name == Self.nowhere { return .nowhere }
            let known = sinkNumbers.keys.sorted() + pipelineNumbers.keys.sorted() + [Self.nowhere]
            spot.refuse(
                "there is no sink and no pipeline \(fluentQuoted(name))",
                hint: fluentDidYouMean(name, among: known)
                    ?? "there are \(known.joined(separator: ", "))"
            )
            return nil
        }
    }

    private func resolvePipelines() {
        for (number, wish) in wanted.enumerated() {
            guard let wish else { continue }
            if let found = pipelineNumbers[wish.name] {
                configuration.sources[number].pipeline = found
            } else {
                let known = pipelineNumbers.keys.sorted()
                wish.spot.refuse(
                    "there is no pipeline \(fluentQuoted(wish.name))",
                    hint: fluentDidYouMean(wish.name, among: known)
                        ?? (known.isEmpty
                            ? "write it under pipelines"
                            : "there are \(known.joined(separator: ", "))")
                )
            }
        }
    }

    /// A sink that no step leads to is a slip.
    private func warnOfUnreached() {
        var reached: Set<Int> = []
        for pipeline in configuration.pipelines {
            for step in pipeline.steps {
                guard case .output(let destinations, _) = step.action else { continue }
                for case .sink(let number) in destinations { reached.insert(number) }
            }
        }
        for (number, sink) in configuration.sinks.enumerated() where !reached.contains(number) {
            spot.reading.warn("no step leads to the sink \(sink.name)", at: sink.place)
        }
    }
}

extension LogKind where Value == TagPattern {
    /// fluentd's patterns, or fluent-bit's where it says so.
    static let tags = Self(
        words: "a [tag pattern](#tags), or a list of them",
        read: { node, spot in
            if case .mapping(let members) = node.content {
                guard members.count == 1, let member = members.first, member.key == "fluentBit"
                else {
                    spot.at(node.position).refuse(
                        "a tag pattern is expected, an object was found",
                        hint: "such as app.**, or {fluentBit: app.*}"
                    )
                    return nil
                }
                let inner = spot.inside(member)
                return LogKind<[String]>.many(.text).read(member.value, inner).map {
                    TagPattern($0, dialect: .fluentBit)
                }
            }
            return LogKind<[String]>.many(.name("a tag pattern", example: "app.**"))
                .read(node, spot).map { TagPattern($0) }
        },
        write: { tags in
            let patterns = LogKind<[String]>.many(.text).write(tags.patterns)
            if tags.dialect == .fluentd { return patterns }
            var map = LogTreeMap()
            map.add("fluentBit", patterns)
            return .map(map)
        }
    )
}
