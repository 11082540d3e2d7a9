import Glibc
import Model
import XDS

/// Where the configuration comes from, to be read at the start and again at each reload.
struct ConfigurationSource: Sendable {
    /// Files and directories; empty where the command line says it all.
    let files: [String]
    /// `--app` and `--listen`; without them and without files only companions run.
    let app: String?
    let listen: String?
    let options: CompileOptions

    /// What reads the files, and remembers what it needs to read a change only.
    private var reader: ConfigurationReader

    init(files: [String], app: String?, listen: String?, options: CompileOptions) {
        self.files = files
        self.app = app
        self.listen = listen
        self.options = options
        reader = ConfigurationReader(files: files)
    }

    /// Reads and compiles everything, or what changed where that is certain to suffice.
    ///
    /// From any thread; takes as long as the files are large.
    /// - Parameters:
    ///   - version: the number that the snapshot gets.
    ///   - mayBePartial: false where everything is to be read, whatever seems to have changed.
    mutating func read(
        version: UInt64,
        mayBePartial: Bool = true
    ) throws(ConfigurationErrors) -> ReadConfiguration {
        var options = options
        options.version = version
        let now = Int64(time(nil))
        if !files.isEmpty {
            return try reader.read(options: options, loadedAt: now, mayBePartial: mayBePartial)
        }
        let made = app == nil && listen == nil ? QuickStart.nothing() : try quickStart()
        return try ConfigurationReader.read(made, options: options, loadedAt: now)
    }

    /// Why changes cannot be noticed, nor the files be read twice; nil where they can.
    var reasonAgainstWatching: String? {
        if files.isEmpty {
            return app == nil && listen == nil
                ? "there is only the log shipper's, which is watched by itself"
                : "the command line is the configuration"
        }
        for file in files {
            var status = stat()
            guard unsafe stat(file, &status) == 0 else { continue }
            let kind = status.st_mode & S_IFMT
            if kind != S_IFREG, kind != S_IFDIR { return "\(file) can be read only once" }
        }
        return nil
    }

    private func quickStart() throws(ConfigurationErrors) -> LoadedConfiguration {
        guard let app = Run.parse(app ?? "", host: "127.0.0.1"),
            let listen = Run.parse(listen ?? "", host: "0.0.0.0")
        else {
            throw ConfigurationErrors([
                ConfigurationProblem(
                    file: "command line",
                    what: "--app and --listen take PORT or HOST:PORT",
                    hint: "for example --app 8080 --listen 15006, with an address as the host"
                )
            ])
        }
        return QuickStart.bootstrap(app: app, listen: listen)
    }
}
