internal import Document
package import Model

/// Turns resources into the snapshot that the data plane runs on, or says all that is wrong.
///
/// The only door between the two planes: every source of configuration becomes Envoy v3 resources
/// first, so a rule is checked once, here.
package enum SnapshotCompiler {
    /// Compiles what was loaded.
    ///
    /// - Returns: the snapshot, and what is accepted but does not work as it may seem, including
    ///   the warnings of the loader; in the order of the files and lines.
    /// - Throws: every problem found, up to `ConfigurationErrors.limit` of each file; then nothing
    ///   of the configuration is taken.
    package static func compile(
        _ loaded: LoadedConfiguration,
        options: CompileOptions = CompileOptions()
    ) throws(ConfigurationErrors) -> (snapshot: Snapshot, warnings: [ConfigurationProblem]) {
        let result = try compileWithFiles(loaded, options: options)
        return (result.snapshot, result.warnings)
    }

    /// Compiles what was loaded, and says which files became part of the snapshot.
    ///
    /// - Returns: beside what ``compile(_:options:)`` returns, the files that fields name (bodies of
    ///   direct responses, formats, secrets) as they are named: with those of the loader, a change of any of
    ///   them asks for compiling anew.
    /// - Throws: every problem found, up to `ConfigurationErrors.limit` of each file.
    package static func compileWithFiles(
        _ loaded: LoadedConfiguration,
        options: CompileOptions = CompileOptions()
    ) throws(ConfigurationErrors) -> (
        snapshot: Snapshot, warnings: [ConfigurationProblem], files: [String]
    ) {
        let result = try compileAll(loaded, options: options)
        return (result.snapshot, result.warnings, result.files)
    }

    /// All that one run of the compiler finds.
    struct Result {
        let snapshot: Snapshot
        /// With those of the loader.
        let warnings: [ConfigurationProblem]
        /// Files that fields name.
        let files: [String]
        /// What the snapshot was compiled from.
        let resources: SerializedResources
    }

    /// As ``compileWithFiles(_:options:)``, with the resources as bytes.
    static func compileAll(
        _ loaded: LoadedConfiguration,
        options: CompileOptions
    ) throws(ConfigurationErrors) -> Result {
        let compilation = Compilation(loaded, options)
        let snapshot = compilation.snapshot()
        guard compilation.problems.isEmpty else {
            throw ConfigurationErrors(limited(inOrder(compilation.problems)))
        }
        return Result(
            snapshot: snapshot,
            warnings: inOrder(loaded.warnings + compilation.warnings),
            files: compilation.files,
            resources: compilation.serialized
        )
    }

    /// In the order of the files as they first appear, then of lines and columns.
    private static func inOrder(_ problems: [ConfigurationProblem]) -> [ConfigurationProblem] {
        var files: [String: Int] = [:]
        for problem in problems where files[problem.file] == nil {
            files[problem.file] = files.count
        }
        return problems.enumerated()
            .map { position, problem in
                (
                    key: (files[problem.file] ?? 0, problem.line, problem.column, position),
                    problem: problem
                )
            }
            .sorted { $0.key < $1.key }
            .map(\.problem)
    }

    private static func limited(_ problems: [ConfigurationProblem]) -> [ConfigurationProblem] {
        var counts: [String: Int] = [:]
        return problems.filter { problem in
            counts[problem.file, default: 0] += 1
            return counts[problem.file, default: 0] <= ConfigurationErrors.limit
        }
    }
}

extension Compilation {
    /// The whole bootstrap.
    ///
    /// What it returns means nothing where problems were found.
    func snapshot() -> Snapshot {
        let bootstrap = loaded.bootstrap
        let resources = FieldPath("static_resources")
        let statics = bootstrap.staticResources
        readRuntime(bootstrap.layeredRuntime, FieldPath("layered_runtime"))
        warnOfUnusedLimits(statics.listeners)
        collectClusterNames(statics.clusters, resources["clusters"])
        let secrets = secrets(statics.secrets, resources["secrets"])
        readSharedClusterSettings(bootstrap)
        let listeners = listeners(statics.listeners, resources["listeners"])
        let clusters = clusters(statics.clusters, resources["clusters"])
        let hashing = Self.namesOfHashing(clusters)
        for check in laterChecks { check(hashing) }
        laterChecks = []
        warnOfUnusedRuntime()
        if statics.listeners.isEmpty {
            warn(
                resources["listeners"],
                "is empty, so no connection is accepted",
                "add a listener"
            )
        }
        return Snapshot(
            listeners: listeners,
            clusters: clusters,
            admin: admin(bootstrap, listeners),
            nodeID: bootstrap.node.id,
            nodeCluster: bootstrap.node.cluster,
            locality: locality(bootstrap.node.locality),
            localClusterName: bootstrap.clusterManager.localClusterName,
            outlierEventLogPath: outlierEventLog(bootstrap),
            secrets: secrets,
            version: options.version
        )
    }

    private static func namesOfHashing(_ clusters: [ClusterConfiguration]) -> Set<String> {
        var names: Set<String> = []
        for cluster in clusters {
            switch cluster.loadBalancing {
            case .ringHash, .maglev: names.insert(cluster.name)
            case .roundRobin, .leastRequest, .random, .peakEWMA: break
            }
        }
        return names
    }

    private func admin(
        _ bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap,
        _ listeners: [ListenerConfiguration]
    ) -> SocketAddress? {
        let path = FieldPath("admin")["address"]
        var address = options.adminOverride
        if bootstrap.hasAdmin, bootstrap.admin.hasAddress {
            let configured = bindAddress(bootstrap.admin.address, path)?.address
            if address == nil { address = configured }
        }
        guard let address else { return nil }
        if address.port != 0,
            let owner = listeners.first(where: { $0.accepts && $0.addresses.contains(address) })
        {
            refuse(
                path,
                "\(address) is already taken by listener \(quoted(owner.name))",
                "give the admin interface a port of its own"
            )
        }
        if !address.isLoopback {
            warn(
                path,
                "the admin interface at \(address) is open to other machines",
                "it can stop the proxy; bind it to 127.0.0.1"
            )
        }
        return address
    }
}
