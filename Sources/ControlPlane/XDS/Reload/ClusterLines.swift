internal import Model

/// Which lines of a file are which cluster, to read one of them again without the others.
///
/// Made only for files whose clusters are a list in block style without anchors and aliases. Then
/// the lines of one cluster mean the same alone as in their place: what is before them did not
/// change, and what comes after them begins with less indentation.
struct ClusterLines: Sendable {
    /// Clusters at these positions of the list, read anew.
    struct Change {
        let positions: Range<Int>
        let compiled: [ClusterConfiguration]
        let messages: [Envoy_Config_Cluster_V3_Cluster]
    }

    private var lines: LineMap
    /// The lines of each cluster, one after the other.
    private var items: [Range<Int>]
    /// Spaces before the dash of each.
    private let indentation: Int
    /// The bootstrap without listeners and clusters: what clusters inherit is in here.
    private let frame: Envoy_Config_Bootstrap_V3_Bootstrap
    private let names: [String]
    private let balancers: [ClusterConfiguration.LoadBalancing]
    /// Lines with a warning: a change there may take it away.
    private let warned: [Int]

    init?(
        _ bytes: [UInt8],
        _ lines: LineMap,
        _ loaded: LoadedConfiguration,
        _ read: ReadConfiguration
    ) {
        let clusters = loaded.bootstrap.staticResources.clusters
        guard clusters.count > 1, clusters.count == read.snapshot.clusters.count else {
            return nil
        }
        var starts: [Int] = []
        var indentation: Int?
        for index in clusters.indices {
            let path = "static_resources.clusters[\(index)]"
            guard let place = loaded.sources.position(of: path),
                place.line > (starts.last.map { $0 + 1 } ?? 0), place.line <= lines.count,
                place.column > 3
            else { return nil }
            if let indentation, indentation != place.column - 3 { return nil }
            indentation = place.column - 3
            starts.append(place.line - 1)
        }
        guard let indentation, let last = starts.last else { return nil }
        self.indentation = indentation
        self.lines = lines
        var end = last + 1
        while end < lines.count {
            let kind = Self.kind(of: end, bytes, lines, indentation)
            if kind != .inside, kind != .blank { break }
            end += 1
        }
        items = starts.indices.map { index in
            starts[index]..<(index + 1 < starts.count ? starts[index + 1] : end)
        }
        guard Self.isPlain(items[0].lowerBound..<end, bytes, lines, indentation, items.count) else {
            return nil
        }
        var frame = loaded.bootstrap
        frame.staticResources.clusters = []
        frame.staticResources.listeners = []
        self.frame = frame
        names = clusters.map(\.name)
        balancers = read.snapshot.clusters.map(\.loadBalancing)
        warned = read.warnings.map { $0.line - 1 }
        self.lines.forgetPlaces()
    }

    // MARK: - Reading a change

    /// The clusters that changed; nil where the whole file must be read.
    mutating func read(
        _ bytes: [UInt8],
        _ new: LineMap,
        file: String,
        _ options: CompileOptions
    ) -> Change? {
        let difference = new.difference(from: lines)
        if difference.old.isEmpty, difference.new.isEmpty {
            return Change(positions: 0..<0, compiled: [], messages: [])
        }
        guard let positions = items(around: difference.old) else { return nil }
        let shift = new.count - lines.count
        let range =
            items[positions.lowerBound]
            .lowerBound..<(items[positions.upperBound - 1].upperBound
            + shift)
        guard range.lowerBound < range.upperBound, range.upperBound <= new.count,
            Self.isPlain(range, bytes, new, indentation, positions.count),
            !warned.contains(where: { range.contains($0) }),
            // Warnings name their lines, and those behind the change would move.
            shift == 0 || !warned.contains(where: { $0 >= range.lowerBound })
        else { return nil }
        guard let change = compile(bytes, new, range, positions, file, options) else { return nil }
        shiftItems(positions, by: shift, bytes, new, range)
        lines = new
        lines.forgetPlaces()
        return change
    }

    /// The clusters whose lines hold the range; nil where it reaches beyond them.
    private func items(around range: Range<Int>) -> Range<Int>? {
        let first = range.isEmpty ? range.lowerBound - 1 : range.lowerBound
        let last = range.isEmpty ? first : range.upperBound - 1
        guard let begin = items.lastIndex(where: { $0.lowerBound <= first }),
            let end = items.lastIndex(where: { $0.lowerBound <= last }),
            last < items[end].upperBound
        else { return nil }
        return begin..<(end + 1)
    }

    private func compile(
        _ bytes: [UInt8],
        _ new: LineMap,
        _ range: Range<Int>,
        _ positions: Range<Int>,
        _ file: String,
        _ options: CompileOptions
    ) -> Change? {
        let spaces = String(repeating: " ", count: indentation)
        var text = Array("static_resources:\n\(spaces)clusters:\n".utf8)
        text += bytes[new.starts[range.lowerBound]..<new.starts[range.upperBound]]
        guard let loaded = try? ConfigurationLoader.load(text: text, name: file) else { return nil }
        let messages = loaded.bootstrap.staticResources.clusters
        // A file that a cluster names must be known to those who watch it.
        guard loaded.warnings.isEmpty, loaded.dependencies.isEmpty,
            messages.map(\.name) == Array(names[positions])
        else {
            return nil
        }
        var bootstrap = frame
        bootstrap.staticResources.clusters = messages
        let whole = LoadedConfiguration(bootstrap: bootstrap, sources: loaded.sources)
        guard let result = try? SnapshotCompiler.compileAll(whole, options: options),
            result.files.isEmpty,
            !result.warnings.contains(where: { $0.path.hasPrefix("static_resources.clusters") }),
            result.snapshot.clusters.count == positions.count,
            // Routes are checked against how a cluster chooses endpoints.
            result.snapshot.clusters.map(\.loadBalancing) == Array(balancers[positions])
        else { return nil }
        return Change(
            positions: positions,
            compiled: result.snapshot.clusters,
            messages: messages
        )
    }

    private mutating func shiftItems(
        _ positions: Range<Int>,
        by shift: Int,
        _ bytes: [UInt8],
        _ new: LineMap,
        _ range: Range<Int>
    ) {
        var starts = range.filter { Self.kind(of: $0, bytes, new, indentation) == .dash }
        starts.append(range.upperBound)
        for (offset, position) in positions.enumerated() {
            items[position] = starts[offset]..<starts[offset + 1]
        }
        for position in positions.upperBound..<items.count {
            items[position] =
                (items[position].lowerBound + shift)..<(items[position].upperBound + shift)
        }
    }

    // MARK: - Lines

    private enum Kind {
        case blank
        /// Deeper than the dashes.
        case inside
        /// A dash that begins an element of the list.
        case dash
        case other
    }

    private static func kind(
        of line: Int,
        _ bytes: [UInt8],
        _ lines: LineMap,
        _ indentation: Int
    ) -> Kind {
        var index = lines.starts[line]
        let end = lines.starts[line + 1]
        let start = index
        while index < end, bytes[index] == 0x20 { index += 1 }
        if index == end || bytes[index] == 0x0a { return .blank }
        if bytes[index] == 0x09 || bytes[index] == 0x0d { return .other }
        if index - start > indentation { return .inside }
        guard index - start == indentation, bytes[index] == UInt8(ascii: "-"), index + 1 < end,
            bytes[index + 1] == 0x20
        else { return .other }
        return .dash
    }

    /// So many elements in block style, each line deeper than its dash, no anchors or aliases.
    private static func isPlain(
        _ range: Range<Int>,
        _ bytes: [UInt8],
        _ lines: LineMap,
        _ indentation: Int,
        _ count: Int
    ) -> Bool {
        var dashes = 0
        for line in range {
            switch kind(of: line, bytes, lines, indentation) {
            case .blank, .inside: break
            case .dash: dashes += 1
            case .other: return false
            }
        }
        guard dashes == count else { return false }
        var index = lines.starts[range.lowerBound]
        let end = lines.starts[range.upperBound]
        while index < end {
            if bytes[index] == UInt8(ascii: "&") || bytes[index] == UInt8(ascii: "*") {
                return false
            }
            index += 1
        }
        return true
    }
}
