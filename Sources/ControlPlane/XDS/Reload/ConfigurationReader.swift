package import Model

/// A configuration that was read, compiled and found good.
package struct ReadConfiguration: Sendable {
    package let snapshot: Snapshot
    package let warnings: [ConfigurationProblem]
    /// What is kept for `/config_dump`.
    package let dump: CompactConfiguration
    /// Files and directories that decide what the configuration says.
    package let dependencies: [String]
    /// True where only the clusters that changed were read.
    package let isPartial: Bool
}

/// Reads the same files again and again, and of a large file only the clusters that changed.
///
/// The short way is taken where it is certain to give what the long way would give; whatever is
/// unusual, or wrong in any way, takes the long way, which also finds the words for it.
package struct ConfigurationReader: Sendable {
    private let files: [String]
    private var memory: ClusterLines?
    private var last: ReadConfiguration?
    /// Smaller files are read whole faster than anybody notices.
    private static let largeBytes = 64 << 10

    package init(files: [String]) { self.files = files }

    /// Reads and compiles the files.
    ///
    /// - Parameters:
    ///   - loadedAt: now, in seconds since 1970.
    ///   - mayBePartial: false where files that the configuration names may have changed, too.
    package mutating func read(
        options: CompileOptions,
        loadedAt: Int64,
        mayBePartial: Bool = true
    ) throws(ConfigurationErrors) -> ReadConfiguration {
        guard files.count == 1, !ConfigurationDirectory.isDirectory(files[0]),
            let bytes = try? FileContents.read(files[0]), bytes.count >= Self.largeBytes
        else {
            memory = nil
            last = nil
            return try Self.read(
                try ConfigurationLoader.load(files: files),
                options: options,
                loadedAt: loadedAt
            )
        }
        let lines = LineMap(bytes)
        if mayBePartial, let found = partial(bytes, lines, options) { return found }
        memory = nil
        last = nil
        var loaded = try ConfigurationLoader.load(text: bytes, name: files[0])
        loaded.dependencies.append(files[0])
        let result = try Self.read(loaded, options: options, loadedAt: loadedAt)
        memory = ClusterLines(bytes, lines, loaded, result)
        last = memory == nil ? nil : result
        return result
    }

    /// Compiles what was loaded otherwise.
    package static func read(
        _ loaded: LoadedConfiguration,
        options: CompileOptions,
        loadedAt: Int64
    ) throws(ConfigurationErrors) -> ReadConfiguration {
        let (snapshot, warnings) = try SnapshotCompiler.compile(loaded, options: options)
        return ReadConfiguration(
            snapshot: snapshot,
            warnings: warnings,
            dump: loaded.compacted(loadedAt: loadedAt),
            dependencies: loaded.dependencies,
            isPartial: false
        )
    }

    private mutating func partial(
        _ bytes: [UInt8],
        _ lines: LineMap,
        _ options: CompileOptions
    ) -> ReadConfiguration? {
        guard var memory, let last else { return nil }
        let change = memory.read(bytes, lines, file: files[0], options)
        guard let change else { return nil }
        var clusters = last.snapshot.clusters
        clusters.replaceSubrange(change.positions, with: change.compiled)
        let old = last.snapshot
        let snapshot = Snapshot(
            listeners: old.listeners,
            clusters: clusters,
            admin: old.admin,
            nodeID: old.nodeID,
            nodeCluster: old.nodeCluster,
            locality: old.locality,
            localClusterName: old.localClusterName,
            outlierEventLogPath: old.outlierEventLogPath,
            version: options.version
        )
        let result = ReadConfiguration(
            snapshot: snapshot,
            warnings: last.warnings,
            dump: last.dump.replacing(change.messages, from: change.positions.lowerBound),
            dependencies: last.dependencies,
            isPartial: true
        )
        self.memory = memory
        self.last = result
        return result
    }
}
