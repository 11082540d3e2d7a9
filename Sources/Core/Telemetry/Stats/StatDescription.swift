/// What the exposition needs to know of one counter or gauge.
package struct StatDescription: Sendable {
    /// What the Prometheus exposition calls its type.
    package enum Kind: String, Sendable { case counter, gauge }

    /// How the cells of several workers become one value.
    package enum Merge: Sendable {
        /// Each worker saw its own part.
        case sum
        /// Each worker says the same thing about the whole process, perhaps not at the same moment.
        case maximum
    }

    /// The name below the scope's prefix, as Envoy prints it in `/stats`.
    package let name: String
    package let kind: Kind
    package let merge: Merge
    /// One sentence for `# HELP`.
    package let help: String
    /// The first digit of the statuses that a class counter counts (`_2xx`); nil for all others.
    package let responseClass: Int?

    package static func counter(
        _ name: StaticString, _ help: StaticString, merge: Merge = .sum
    ) -> StatDescription {
        StatDescription(
            name: "\(name)", kind: .counter, merge: merge, help: "\(help)", responseClass: nil)
    }

    package static func gauge(
        _ name: StaticString, _ help: StaticString, merge: Merge = .sum
    ) -> StatDescription {
        StatDescription(
            name: "\(name)", kind: .gauge, merge: merge, help: "\(help)", responseClass: nil)
    }

    /// The counter of the statuses that begin with `digit`.
    package static func responseClass(
        _ digit: Int, of base: StaticString, _ help: StaticString
    ) -> StatDescription {
        StatDescription(
            name: "\(base)_\(digit)xx", kind: .counter, merge: .sum, help: "\(help)",
            responseClass: digit)
    }
}

/// The counters and gauges of one kind of scope.
///
/// The raw values are the positions of the cells: they count from 0 without a gap.
package protocol StatSet: CaseIterable, RawRepresentable, Hashable, Sendable
where RawValue == Int {
    associatedtype Histogram: HistogramSet

    var description: StatDescription { get }

    /// What every name begins with, and the label that carries the scope's name.
    static var scopeKind: ScopeKind { get }

    /// The first of the five class counters and the counter of all responses; nil where responses
    /// are not counted by status.
    static var responses: ResponseStats<Self>? { get }
}

/// Where `countResponse` counts.
package struct ResponseStats<Stat: StatSet>: Sendable {
    package let completed: Stat
    /// The counter of 1xx; the others follow it.
    package let firstClass: Stat
    /// The name of the counters by exact status: `upstream_rq` makes `upstream_rq_200`. nil where
    /// only classes are counted.
    package let codeName: String?

    package init(completed: Stat, firstClass: Stat, codeName: String?) {
        self.completed = completed
        self.firstClass = firstClass
        self.codeName = codeName
    }
}

/// The histograms of one kind of scope; all of them count milliseconds.
package protocol HistogramSet: CaseIterable, RawRepresentable, Hashable, Sendable
where RawValue == Int {
    /// The name below the scope's prefix.
    var name: String { get }
    /// One sentence for `# HELP`.
    var help: String { get }
}

/// How the names of a scope are made.
package struct ScopeKind: Sendable {
    /// `cluster`, `http`, `listener`; empty where the names stand alone.
    package let prefix: String
    /// The Prometheus label of the scope's name; nil for a scope that exists once.
    package let label: String?

    package init(prefix: String, label: String?) {
        self.prefix = prefix
        self.label = label
    }
}

/// For scopes without histograms.
package enum NoHistogram: Int, HistogramSet {
    case none

    package static let allCases: [NoHistogram] = []
    package var name: String { "" }
    package var help: String { "" }
}
