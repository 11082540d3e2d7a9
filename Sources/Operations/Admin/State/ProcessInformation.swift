/// What a request to `/config_dump` asks for; nil: not given.
package struct ConfigDumpQuestion: Sendable, Equatable {
    package var resource: String?
    package var mask: String?
    package var nameRegex: String?
    package var includesEndpoints: Bool
}

/// The page, or why there is none.
package enum ConfigDumpAnswer: Sendable {
    case json(String)
    case refused(status: Int, message: String)
}

/// What the executable tells the admin interface of itself.
package struct ProcessInformation: Sendable {
    /// `1.2.3`, also in parts as the stat `server.version`.
    package var version: String
    /// The options with which the process was started, named as Envoy does where it has them.
    package var commandLineOptions: [JSONValue.Member]
    package var start: ContinuousClock.Instant
    /// How many takeovers led to this process.
    package var epoch: UInt32
    /// Seconds that the processes before this one served.
    package var earlierSeconds: Int64
    /// The version of the takeover's protocol; nil where no other process can take over.
    package var takeoverVersion: UInt16?
    package var workers: Int
    package var configurationFiles: [String]
    /// Answers `/config_dump`; called for each request, on the admin interface's loop.
    package var configDump: @Sendable (ConfigDumpQuestion) -> ConfigDumpAnswer
    /// What `/config_status` shows.
    package var configuration: ConfigurationRecord

    package init(
        version: String,
        commandLineOptions: [JSONValue.Member] = [],
        start: ContinuousClock.Instant = .now,
        epoch: UInt32 = 0,
        earlierSeconds: Int64 = 0,
        takeoverVersion: UInt16? = nil,
        workers: Int = 1,
        configurationFiles: [String] = [],
        configuration: ConfigurationRecord = ConfigurationRecord(),
        configDump: @escaping @Sendable (ConfigDumpQuestion) -> ConfigDumpAnswer = { _ in
            .json("{\"configs\": []}\n")
        }
    ) {
        self.version = version
        self.commandLineOptions = commandLineOptions
        self.start = start
        self.epoch = epoch
        self.earlierSeconds = max(0, earlierSeconds)
        self.takeoverVersion = takeoverVersion
        self.workers = workers
        self.configurationFiles = configurationFiles
        self.configuration = configuration
        self.configDump = configDump
    }

    /// Whole seconds since the start.
    var uptimeSeconds: Int64 { max(0, start.duration(to: .now).components.seconds) }

    /// Whole seconds since the first process of the line started.
    package var uptimeSecondsOfAllEpochs: Int64 { uptimeSeconds &+ earlierSeconds }

    /// As `/hot_restart_version` prints it.
    var takeoverText: String { takeoverVersion.map { "takeover.\($0)" } ?? "disabled" }

    /// Major, minor and patch in the three lowest bytes, as `server.version` prints it.
    var versionNumber: UInt64 {
        let core = version.prefix { $0.isNumber || $0 == "." }
        var parts = core.split(separator: ".").prefix(3).map { UInt64(UInt8($0) ?? 255) }
        while parts.count < 3 { parts.append(0) }
        return parts.reduce(0) { $0 << 8 | $1 }
    }
}
