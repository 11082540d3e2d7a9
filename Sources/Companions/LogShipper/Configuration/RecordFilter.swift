/// What happens to records between source and sinks.
package enum RecordFilter: Sendable, Equatable {
    case grep(GrepOptions)
    case transform(TransformOptions)
    case parse(ParseFieldOptions)
    /// Values that look like secrets are replaced.
    case redact(RedactOptions)
    /// Values are replaced by the keyed hash of themselves.
    case hash(HashOptions)
    /// Lets a part of the records through, equal keys alike.
    case sample(SampleOptions)
    /// Lets so many records of a key through.
    case rateLimit(RateLimitOptions)
    /// Writes one word for what many loggers spell in their own ways.
    case severity(SeverityOptions)
    /// Takes the members of an object to the top, or puts fields into one.
    case nest(NestOptions)
    /// Adds pod, namespace, container, node and labels, from the path and the downward API.
    case kubernetes(KubernetesOptions)
    /// Adds the trace's id that the sidecar's access log names for the same request id.
    case trace(TraceOptions)
}

/// Which records go on.
package struct GrepOptions: Sendable, Equatable {
    package struct Condition: Sendable, Equatable {
        /// A field, or a path of them with dots (`$.a.b` too).
        package var key: String
        /// RE2.
        package var pattern: String
        package init(key: String, pattern: String) {
            self.key = key
            self.pattern = pattern
        }
    }

    /// All must match.
    package var all: [Condition] = []
    /// Of each group one must match (`<or>`).
    package var anyOf: [[Condition]] = []
    /// None may match.
    package var none: [Condition] = []
    /// Of each group not all may match (`<exclude>` in `<and>`).
    package var notAllOf: [[Condition]] = []

    package init() {}
}

/// Fields to add, remove and rename.
package struct TransformOptions: Sendable, Equatable {
    /// In their order; the value is a template.
    package var set: [(key: String, value: RecordTemplate)] = []
    package var remove: [String] = []
    package var rename: [(from: String, to: String)] = []
    /// Only these are kept, before anything is set.
    package var keepOnly: [String]?
    /// Starts from an empty record (`renew_record`).
    package var renews = false
    /// The field whose value becomes the record's time.
    package var renewTimeKey: String?
    /// Sets only where the field is missing.
    package var onlyMissing = false
    /// Texts that look like numbers, booleans or JSON become such (`auto_typecast`).
    package var castsTypes = true

    package init() {}

    package static func == (left: TransformOptions, right: TransformOptions) -> Bool {
        left.set.elementsEqual(right.set) { $0.key == $1.key && $0.value == $1.value }
            && left.remove == right.remove
            && left.rename.elementsEqual(right.rename) { $0.from == $1.from && $0.to == $1.to }
            && left.keepOnly == right.keepOnly && left.renews == right.renews
            && left.renewTimeKey == right.renewTimeKey && left.onlyMissing == right.onlyMissing
            && left.castsTypes == right.castsTypes
    }
}

/// A field that is parsed in its turn (fluentd's `parser`).
package struct ParseFieldOptions: Sendable, Equatable {
    package var key: String
    package var parser: ParserOptions
    /// Keeps the other fields.
    package var reservesData = false
    /// Keeps the record's time.
    package var reservesTime = false
    package var removesKey = false
    /// Before the names of what is found.
    package var prefix = ""
    /// Puts what is found into an object of this name.
    package var hashField: String?
    /// A record that can't be parsed goes on as it is; otherwise it is counted and dead-lettered.
    package var keepsUnmatched = true

    package init(key: String, parser: ParserOptions) {
        self.key = key
        self.parser = parser
    }
}

/// What is taken out of values.
package struct RedactOptions: Sendable, Equatable {
    package enum Pattern: Sendable, Equatable {
        /// 13 to 19 digits with spaces or dashes whose Luhn sum is right.
        case creditCard
        /// Bearer tokens, JSON web tokens, keys of AWS, GitHub, Slack, and such.
        case token
        case email
        /// RE2.
        case regexp(String)
    }

    package var patterns: [Pattern]
    /// Only in these fields; nil: in all of them.
    package var keys: [String]?
    package var replacement = "[redacted]"

    package init(patterns: [Pattern]) { self.patterns = patterns }
}

/// Which values are hashed: HMAC-SHA-256, the first 16 bytes as hexadecimal digits.
package struct HashOptions: Sendable, Equatable {
    package var keys: [String]
    package var secret: String

    package init(keys: [String], secret: String) {
        self.keys = keys
        self.secret = secret
    }
}

/// How many records go on.
package struct SampleOptions: Sendable, Equatable {
    /// 0…1.
    package var rate: Double
    /// Records with the same value of it share their fate; nil: each for itself.
    package var key: String?

    package init(rate: Double, key: String? = nil) {
        self.rate = rate
        self.key = key
    }
}

/// How many records of a key go on in a second.
package struct RateLimitOptions: Sendable, Equatable {
    package var perSecond: Double
    package var burst: Int
    /// A template; nil: one limit for all.
    package var key: RecordTemplate?
    /// Keys that are remembered at a time.
    package var keysMax = 10_000

    package init(perSecond: Double, burst: Int, key: RecordTemplate? = nil) {
        self.perSecond = perSecond
        self.burst = burst
        self.key = key
    }
}

/// Where the severity stands, and where it goes.
package struct SeverityOptions: Sendable, Equatable {
    /// The first of them that is there counts.
    package var keys = ["level", "severity", "lvl", "log.level", "loglevel"]
    package var target = "level"
    /// Values that a logger has of its own; compared without case.
    package var words: [String: String] = [:]

    package init() {}
}

/// Fields into an object, or out of it.
package struct NestOptions: Sendable, Equatable {
    package enum Direction: Sendable, Equatable { case nest, lift }
    package var direction: Direction
    /// `nest`: names, with `*` at the end for any rest.
    package var keys: [String] = []
    /// The object's name.
    package var under: String
    package var prefix = ""

    package init(direction: Direction, under: String) {
        self.direction = direction
        self.under = under
    }
}

/// Where the pod's facts come from.
package struct KubernetesOptions: Sendable, Equatable {
    package var target = "kubernetes"
    /// The downward API's file of labels; nil where none is mounted.
    package var labelsFile: String?
    package var annotationsFile: String?

    package init() {}
}

/// How a record finds its trace.
package struct TraceOptions: Sendable, Equatable {
    /// The field with the request's id.
    package var requestKey = "request_id"
    package var traceKey = "trace_id"
    package var spanKey = "span_id"
    /// The sidecar's access log, JSON lines.
    package var accessLog: String?
    /// Requests that are remembered.
    package var rememberedMax = 10_000

    package init() {}
}
