/// Where records come from.
package struct SourceConfiguration: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case tail(TailOptions)
        /// The output of a process that the shipper starts, or its own standard input.
        case process(ProcessOptions)
        case standardInput
        case forward(ListenOptions, sharedKey: String?)
        case syslog(ListenOptions, SyslogTransport)
        case otlp(ListenOptions)
    }

    package enum SyslogTransport: Sendable, Equatable { case udp, tcp }

    package var kind: Kind
    /// `*` stands for the path with dots for slashes (tail).
    package var tag: String
    /// The number of the pipeline that its records go to.
    package var pipeline = 0
    package var parser: ParserOptions
    package var multiline: MultilineOptions?
    /// Fields that every record gets: where they are in the configuration wins over what is parsed.
    package var pathKey: String?
    package var tagKey: String?
    package var hostnameKey: String?
    /// What only sources that listen have.
    package var network = NetworkSourceOptions()
    /// Lines that can't be parsed go on as `message`; otherwise they are counted and dead-lettered.
    package var emitsUnmatched = true
    package var place: ConfigurationPlace

    package init(
        kind: Kind,
        tag: String,
        parser: ParserOptions = ParserOptions(kind: .none),
        place: ConfigurationPlace
    ) {
        self.kind = kind
        self.tag = tag
        self.parser = parser
        self.place = place
    }
}

/// How files are followed.
package struct TailOptions: Sendable, Equatable {
    /// Globs: `*` and `?` within a name, `**` over folders, `{a,b}`, `[a-z]`; strftime's `%Y%m%d` too.
    package var paths: [String]
    package var excluded: [String] = []
    /// fluentd's position file, or fluent-bit's database: read at the first start, and left alone.
    package var importedPositions: ImportedPositions?
    /// Where a file that no checkpoint knows is read from at the start of the shipper; files that
    /// appear later are read from their begin.
    ///
    /// An app often writes before its sidecar runs, so nothing is left out unless it is asked for;
    /// fluentd's and fluent-bit's files have their own default, the end.
    package var readsFromHead = true
    /// Milliseconds for which a rotated file is followed after its last byte.
    package var rotateWait: Int64 = 5000
    /// Milliseconds between two looks for new files, beside the notices of the kernel.
    package var refreshInterval: Int64 = 60_000
    /// Bytes of one line.
    package var lineBytesMax = 1 << 20
    package var longLines: LongLines = .split
    package var encoding: TextEncoding = .utf8
    /// Bytes in a second for each file; nil for no limit.
    package var bytesPerSecond: Int?
    /// Files finished with gzip, `.gz`, are read too where a glob names them.
    package var readsCompressed = true
    /// Seconds: files not changed for longer at the start are left alone.
    package var ignoreOlder: Int64?
    /// Symbolic links may point only under these folders; empty: anywhere.
    package var allowedRoots: [String] = []
    /// Milliseconds after which a last line without an end is taken as it is; nil: never.
    package var partialLineTimeout: Int64?

    package init(paths: [String]) { self.paths = paths }
}

/// Positions of another program.
package struct ImportedPositions: Sendable, Equatable {
    package enum Form: Sendable, Equatable { case fluentdPosFile, fluentBitDatabase }
    package var path: String
    package var form: Form

    package init(path: String, form: Form) {
        self.path = path
        self.form = form
    }
}

/// What is done with a line that is longer than the limit.
package enum LongLines: Sendable, Equatable {
    /// In pieces, each marked.
    case split
    /// Its begin, marked; the rest is counted and left out.
    case truncate
    /// Left out, counted.
    case skip
}

/// How the bytes of a file are read; what comes out is UTF-8.
package enum TextEncoding: Sendable, Equatable {
    case utf8, latin1, utf16LittleEndian, utf16BigEndian
    /// UTF-16 by its byte order mark, little-endian without one.
    case utf16
}

/// A process whose output is read.
package struct ProcessOptions: Sendable, Equatable {
    /// The program, found in `PATH`, and its arguments.
    package var command: [String]
    /// Milliseconds after which it is started again when it ended; nil: not.
    package var restartAfter: Int64?
    /// It is meant to end and to be run again (`run_interval`): its end is no trouble, and the time
    /// between two runs does not grow.
    package var isPeriodic = false
    /// The shipper lives for it: when it ends, what it wrote is delivered, and the shipper ends.
    package var endsShipper = false
    /// With `endsShipper`: the shipper's exit code is that of the process, 128 and the signal's number
    /// where one ended it.
    package var passesExitCode = true
    /// Its standard error is read too; otherwise it has the shipper's.
    package var readsStandardError = true
    /// The field that says which of its outputs a line is from; nil: none does.
    package var streamKey: String? = "stream"
    /// Bytes of one line.
    package var lineBytesMax = 1 << 20
    package var longLines: LongLines = .split

    package init(command: [String], restartAfter: Int64? = nil) {
        self.command = command
        self.restartAfter = restartAfter
    }
}

/// Where a source listens.
package struct ListenOptions: Sendable, Equatable {
    package var host: String
    package var port: Int
    package var tls: ListenTLSOptions?
    /// Connections at a time.
    package var connectionsMax = 1000
    /// Bytes of one message.
    package var messageBytesMax = 16 << 20

    package init(host: String, port: Int, tls: ListenTLSOptions? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }
}

/// The certificate that a listening source shows.
package struct ListenTLSOptions: Sendable, Equatable {
    package var certificateFile: String
    package var keyFile: String
    /// Clients need a certificate that one of these authorities signed.
    package var clientAuthorityFile: String?

    package init(certificateFile: String, keyFile: String, clientAuthorityFile: String? = nil) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.clientAuthorityFile = clientAuthorityFile
    }
}

/// How several lines become one record.
package struct MultilineOptions: Sendable, Equatable {
    package enum Rule: Sendable, Equatable {
        /// A line that matches begins a record (fluentd's `format_firstline`).
        case start(pattern: String)
        /// A line that matches goes on with the record before it.
        case continuation(pattern: String)
        /// A line that matches ends a record.
        case end(pattern: String)
        /// Stack traces, as their languages write them.
        case java, python, go, ruby
        /// `P` and `F` of the container runtime's own format.
        case cri
        /// Docker's JSON lines, joined until `log` ends with a line feed.
        case docker
    }

    package var rule: Rule
    /// Milliseconds after which what is there is taken as a record.
    package var flushAfter: Int64 = 5000
    package var linesMax = 1000
    package var bytesMax = 2 << 20

    package init(rule: Rule) { self.rule = rule }
}
