internal import Model

/// One run of the compiler: the resources, the options, and the problems found so far.
///
/// Every step reports what is wrong and goes on with a stand-in, so that one run shows every
/// problem of a file; the snapshot is only handed out where there was none.
final class Compilation {
    let loaded: LoadedConfiguration
    let options: CompileOptions
    private(set) var problems: [ConfigurationProblem] = []
    var problemCount: Int { problems.count }
    private(set) var warnings: [ConfigurationProblem] = []
    /// The names of all clusters, in the order of the file.
    var clusterNames: [String] = []
    var clusterNameSet: Set<String> = []
    /// Connection limits from the runtime, by listener name.
    var connectionLimits: [String: (limit: UInt32, path: FieldPath)] = [:]
    /// What clusters take from the bootstrap where they say nothing themselves.
    var sharedByClusters = SharedClusterSettings()

    var runtime = RuntimeValues()
    /// The files whose contents became part of the snapshot, in the order in which they were read.
    var files: [String] = []
    /// What the message being compiled took from elsewhere: files, the environment, the runtime.
    ///
    /// Part of a listener's fingerprint, since its own bytes do not change with it.
    var outside: [UInt8] = []
    /// The resources as bytes: for the fingerprints of listeners, and kept for `/config_dump`.
    private(set) lazy var serialized = SerializedResources(loaded.bootstrap)
    /// The filters of the chain whose routes are being compiled.
    var filterChain = HTTPFilterChain()
    /// Checks that wait until all clusters are compiled; they get the names of those that balance by
    /// hash.
    var laterChecks: [(Set<String>) -> Void] = []

    init(_ loaded: LoadedConfiguration, _ options: CompileOptions) {
        self.loaded = loaded
        self.options = options
    }

    /// Reports a problem with which the configuration is not taken.
    func refuse(_ path: FieldPath, _ what: String, _ hint: String = "") {
        problems.append(problem(path, what, hint))
    }

    /// Reports something that works, but perhaps not as its author thinks.
    func warn(_ path: FieldPath, _ what: String, _ hint: String = "") {
        warnings.append(problem(path, what, hint))
    }

    private func problem(_ path: FieldPath, _ what: String, _ hint: String) -> ConfigurationProblem
    {
        loaded.sources.problem(at: path.description, what, hint: hint.isEmpty ? nil : hint)
    }
}
