/// What the exposition needs to know of one counter or gauge.
public struct StatDescription: Sendable {
    /// What the Prometheus exposition calls its type.
    public enum Kind: String, Sendable { case counter, gauge }

    /// How the cells of several workers become one value.
    public enum Merge: Sendable {
        /// Each worker saw its own part.
        case sum
        /// Each worker says the same thing about the whole process, perhaps not at the same moment.
        case maximum
    }

    /// The name below the scope's prefix, as Envoy prints it in `/stats`.
    public let name: String
    /// Counter or gauge.
    public let kind: Kind
    /// How the workers' cells become one value.
    public let merge: Merge
    /// One sentence for `# HELP`.
    public let help: String
    /// The first digit of the statuses that a class counter counts (`_2xx`); nil for all others.
    public let responseClass: Int?
    /// True for a gauge that is printed only where it is kept: 0 would say something else.
    public let isOptional: Bool
    /// True for a counter that is printed once it has counted.
    public let omitsZero: Bool
    /// The name in Prometheus below the scope's, and its label, where the name has a value in it.
    public let labelled: (metric: String, label: String)?

    private init(
        name: String,
        kind: Kind,
        merge: Merge,
        help: StaticString,
        responseClass: Int? = nil,
        isOptional: Bool = false,
        omitsZero: Bool = false,
        labelled: (metric: String, label: String)? = nil
    ) {
        self.name = name
        self.kind = kind
        self.merge = merge
        self.help = "\(help)"
        self.responseClass = responseClass
        self.isOptional = isOptional
        self.omitsZero = omitsZero
        self.labelled = labelled
    }

    /// A value that only grows.
    public static func counter(
        _ name: StaticString,
        _ help: StaticString,
        merge: Merge = .sum
    ) -> StatDescription {
        StatDescription(name: "\(name)", kind: .counter, merge: merge, help: help)
    }

    /// A value of this moment.
    public static func gauge(
        _ name: StaticString,
        _ help: StaticString,
        merge: Merge = .sum
    ) -> StatDescription {
        StatDescription(name: "\(name)", kind: .gauge, merge: merge, help: help)
    }

    /// A value of this moment that is printed only where it was written.
    public static func tracked(_ name: StaticString, _ help: StaticString) -> StatDescription {
        StatDescription(
            name: "\(name)",
            kind: .gauge,
            merge: .maximum,
            help: help,
            isOptional: true
        )
    }

    /// A value that only grows, and is printed once it does.
    public static func seldom(_ name: String, _ help: StaticString) -> StatDescription {
        StatDescription(name: name, kind: .counter, merge: .sum, help: help, omitsZero: true)
    }

    /// A value that only grows; what is a part of its name in `/stats` is a label in Prometheus.
    public static func labelled(
        _ name: String,
        metric: String,
        label: String,
        _ help: StaticString
    ) -> StatDescription {
        StatDescription(
            name: name,
            kind: .counter,
            merge: .sum,
            help: help,
            labelled: (metric, label)
        )
    }

    /// The counter of the statuses that begin with `digit`.
    public static func responseClass(
        _ digit: Int,
        of base: StaticString,
        _ help: StaticString
    ) -> StatDescription {
        StatDescription(
            name: "\(base)_\(digit)xx",
            kind: .counter,
            merge: .sum,
            help: help,
            responseClass: digit
        )
    }
}

/// The counters and gauges of one kind of scope.
///
/// The raw values are the positions of the cells: they count from 0 without a gap.
public protocol StatSet: CaseIterable, RawRepresentable, Hashable, Sendable
where RawValue == Int {
    associatedtype Histogram: HistogramSet

    var description: StatDescription { get }

    /// What every name begins with, and the label that carries the scope's name.
    static var scopeKind: ScopeKind { get }

    /// So many stats, from the first, have cells from the start; the others come in pages of 16.
    static var directCount: Int { get }

    /// The first of the five class counters and the counter of all responses; nil where responses
    /// are not counted by status.
    static var responses: ResponseStats<Self>? { get }
}

extension StatSet {
    /// All.
    @inlinable public static var directCount: Int { .max }
}

/// Where `countResponse` counts.
public struct ResponseStats<Stat: StatSet>: Sendable {
    /// The counter of all responses.
    public let completed: Stat
    /// The counter of 1xx; the others follow it.
    public let firstClass: Stat
    /// The name of the counters by exact status, `upstream_rq`; nil where only classes are counted.
    public let codeName: String?

    /// Names the counters; those of the classes must follow one another.
    public init(completed: Stat, firstClass: Stat, codeName: String?) {
        self.completed = completed
        self.firstClass = firstClass
        self.codeName = codeName
    }
}

/// The histograms of one kind of scope; all of them count milliseconds.
public protocol HistogramSet: CaseIterable, RawRepresentable, Hashable, Sendable
where RawValue == Int {
    /// The name below the scope's prefix.
    var name: String { get }
    /// One sentence for `# HELP`.
    var help: String { get }
}

/// For scopes without histograms.
public enum NoHistogram: Int, HistogramSet {
    case none

    /// There are none.
    public static let allCases: [NoHistogram] = []
    /// Never asked for.
    public var name: String { "" }
    /// Never asked for.
    public var help: String { "" }
}
