internal import Model

/// One run of the compiler: the resources, the options, and the problems found so far.
///
/// Every step reports what is wrong and goes on with a stand-in, so that one run shows every
/// problem of a file; the snapshot is only handed out where there was none.
final class Compilation {
    let loaded: LoadedConfiguration
    let options: CompileOptions
    /// Where each field stands; grows by the fields of the files that the configuration names.
    var sources: SourceMap
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

    /// The secrets of the configuration itself.
    var secretTable = SecretTable()
    /// The secrets of files, by the paths of these; nil where one could not be read.
    var secretFiles: [String: SecretTable?] = [:]
    /// What secrets mean, each compiled once.
    var certificates = CompiledOnce<TLSCertificateSource>()
    var demands = CompiledOnce<CertificateValidation>()
    var ticketKeys = CompiledOnce<[DataSource]>()

    var runtime = RuntimeValues()
    /// The files whose contents became part of the snapshot, in the order in which they were read.
    var files: [String] = []
    /// What the message being compiled took from elsewhere: files, the environment, the runtime.
    ///
    /// Part of the fingerprint of a listener or cluster, since its own bytes do not change with it.
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
        sources = loaded.sources
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
        var problem = sources.problem(
            at: path.description,
            what,
            hint: hint.isEmpty ? nil : hint
        )
        problem.path = Self.withinItsFile(problem.path)
        return problem
    }

    /// Takes over what was found in a file that the configuration names.
    func adopt(_ decoding: Decoding) {
        problems += decoding.problems.map(Self.withinItsFile)
        warnings += decoding.warnings.map(Self.withinItsFile)
    }

    private static func withinItsFile(_ problem: ConfigurationProblem) -> ConfigurationProblem {
        var problem = problem
        problem.path = withinItsFile(problem.path)
        return problem
    }

    /// A path in a file that the configuration names, without the name of that file: problems begin
    /// with it in any case.
    private static func withinItsFile(_ path: String) -> String {
        guard path.hasPrefix("[\""), case .key(let file)? = SourceMap.steps(of: path).first
        else { return path }
        let rest = path.dropFirst(FieldPath()[key: file].description.count)
        return String(rest.hasPrefix(".") ? rest.dropFirst() : rest)
    }
}
