import Glibc

/// The globs of a source, with the date in them as it is today.
///
/// `%Y%m%d` and what else strftime knows stands for the local time of each look. What matched
/// yesterday and does not today is a rotated file: it is read to its end.
struct TailPaths {
    private let texts: [String]
    private let excludedTexts: [String]
    private let hasTime: Bool
    private(set) var globs: [Glob] = []
    private(set) var excluded: [Glob] = []

    /// - Parameter now: seconds since 1970.
    init(
        _ options: TailOptions,
        place: ConfigurationPlace,
        now: Int64
    ) throws(LogConfigurationFailure) {
        texts = options.paths
        excludedTexts = options.excluded
        hasTime = (texts + excludedTexts).contains { $0.contains("%") }
        for text in texts + excludedTexts where Glob(text) == nil {
            throw LogConfigurationFailure(
                place: place,
                what: "the braces of '\(text)' stand for more than \(Glob.alternativesMax) paths"
            )
        }
        set(at: now)
    }

    /// Brings the date up to date; before each look.
    mutating func refresh(now: Int64) {
        if hasTime { set(at: now) }
    }

    private mutating func set(at now: Int64) {
        let wanted = texts.map { Self.expanded($0, at: now) }
        if wanted != globs.map(\.text) { globs = wanted.compactMap { Glob($0) } }
        let unwanted = excludedTexts.map { Self.expanded($0, at: now) }
        if unwanted != excluded.map(\.text) { excluded = unwanted.compactMap { Glob($0) } }
    }

    /// True where a glob names the path.
    func name(_ path: String) -> Bool {
        globs.contains { $0.matches(path: path) } && !isExcluded(path)
    }

    func isExcluded(_ path: String) -> Bool { excluded.contains { $0.matches(path: path) } }

    /// The text with its date; as it is where the date makes it too long.
    static func expanded(_ text: String, at now: Int64) -> String {
        guard text.contains("%") else { return text }
        var seconds = time_t(now)
        var local = unsafe tm()
        guard unsafe localtime_r(&seconds, &local) != nil else { return text }
        var out = [CChar](repeating: 0, count: text.utf8.count * 4 + 256)
        let count = unsafe strftime(&out, out.count, text, &local)
        guard count > 0 else { return text }
        return String(decoding: out[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
