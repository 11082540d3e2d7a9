internal import Document
package import Model

/// A configuration that was read, compiled and found good.
package struct ReadConfiguration: Sendable {
    package fileprivate(set) var snapshot: Snapshot
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
    /// The contents of files that the configuration names, such as bodies of direct responses.
    private var named: [String: Int] = [:]
    private let largeBytes: Int

    /// - Parameters:
    ///   - files: files and directories, as the command line names them.
    ///   - largeBytes: smaller files are read whole faster than anybody notices.
    package init(files: [String], largeBytes: Int = 64 << 10) {
        self.files = files
        self.largeBytes = largeBytes
    }

    /// Reads and compiles the files.
    ///
    /// - Parameters:
    ///   - loadedAt: now, in seconds since 1970.
    ///   - mayBePartial: false where everything is to be read, whatever seems to have changed.
    package mutating func read(
        options: CompileOptions,
        loadedAt: Int64,
        mayBePartial: Bool = true
    ) throws(ConfigurationErrors) -> ReadConfiguration {
        guard files.count == 1, !ConfigurationDirectory.isDirectory(files[0]),
            let bytes = try? FileContents.read(files[0]), bytes.count >= largeBytes
        else {
            forget()
            return try Self.read(
                try ConfigurationLoader.load(files: files),
                options: options,
                loadedAt: loadedAt
            )
        }
        let lines = LineMap(bytes)
        if mayBePartial, let found = partial(bytes, lines, options) { return found }
        let before = last?.snapshot
        forget()
        var loaded = try ConfigurationLoader.load(text: bytes, name: files[0])
        loaded.dependencies.append(files[0])
        var result = try Self.read(loaded, options: options, loadedAt: loadedAt)
        if let before { result.snapshot = Self.sharing(result.snapshot, with: before) }
        guard let memory = ClusterLines(bytes, lines, loaded, result) else { return result }
        for name in result.dependencies where name != files[0] {
            // Without it nobody could tell later whether it changed.
            guard let contents = Self.contents(of: name) else {
                forget()
                return result
            }
            named[name] = contents
        }
        self.memory = memory
        last = result
        return result
    }

    /// Compiles what was loaded otherwise.
    package static func read(
        _ loaded: LoadedConfiguration,
        options: CompileOptions,
        loadedAt: Int64
    ) throws(ConfigurationErrors) -> ReadConfiguration {
        let result = try SnapshotCompiler.compileAll(loaded, options: options)
        var dependencies = loaded.dependencies
        var known = Set(dependencies)
        for file in result.files where known.insert(file).inserted { dependencies.append(file) }
        return ReadConfiguration(
            snapshot: result.snapshot,
            warnings: result.warnings,
            dump: CompactConfiguration(result.resources, loadedAt: loadedAt),
            dependencies: dependencies,
            isPartial: false
        )
    }

    /// The snapshot with the objects of another one where they say the same.
    ///
    /// The data plane goes on with those that it has, and would keep both in memory.
    private static func sharing(_ new: Snapshot, with old: Snapshot) -> Snapshot {
        var clusters: [String: ClusterConfiguration] = [:]
        for cluster in old.clusters where !cluster.fingerprint.isEmpty {
            clusters[cluster.name] = cluster
        }
        var listeners: [String: ListenerConfiguration] = [:]
        for listener in old.listeners where !listener.fingerprint.isEmpty {
            listeners[listener.name] = listener
        }
        return copy(
            of: new,
            listeners: new.listeners.map { one in
                listeners[one.name].flatMap { $0.fingerprint == one.fingerprint ? $0 : nil } ?? one
            },
            clusters: new.clusters.map { one in
                clusters[one.name].flatMap { $0.fingerprint == one.fingerprint ? $0 : nil } ?? one
            },
            version: new.version
        )
    }

    private static func copy(
        of snapshot: Snapshot,
        listeners: [ListenerConfiguration],
        clusters: [ClusterConfiguration],
        version: UInt64
    ) -> Snapshot {
        Snapshot(
            listeners: listeners,
            clusters: clusters,
            admin: snapshot.admin,
            nodeID: snapshot.nodeID,
            nodeCluster: snapshot.nodeCluster,
            locality: snapshot.locality,
            localClusterName: snapshot.localClusterName,
            outlierEventLogPath: snapshot.outlierEventLogPath,
            version: version
        )
    }

    private mutating func forget() {
        memory = nil
        last = nil
        named = [:]
    }

    /// A keyed hash of what a file says; nil where it cannot be read.
    private static func contents(of file: String) -> Int? {
        (try? FileContents.read(file))?.hashValue
    }

    private mutating func partial(
        _ bytes: [UInt8],
        _ lines: LineMap,
        _ options: CompileOptions
    ) -> ReadConfiguration? {
        guard var memory, let last,
            named.allSatisfy({ Self.contents(of: $0.key) == $0.value })
        else { return nil }
        let change = memory.read(bytes, lines, file: files[0], options)
        guard let change else { return nil }
        var clusters = last.snapshot.clusters
        clusters.replaceSubrange(change.positions, with: change.compiled)
        let snapshot = Self.copy(
            of: last.snapshot,
            listeners: last.snapshot.listeners,
            clusters: clusters,
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
