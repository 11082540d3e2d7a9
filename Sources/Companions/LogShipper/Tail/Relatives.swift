/// Followed files by the begin of their names: where the original of a copy is looked for.
///
/// `app.log.1`, `app-2026.log` and such may be copies of `app.log`. Made for one look at the files,
/// so that many new ones cost little.
struct Relatives {
    private var byStem: [String: [TailedFile]] = [:]
    private var byName: [String: [TailedFile]] = [:]
    /// Files that share a stem, of which only so many are looked at.
    private static let sharedMax = 64
    private var checked: Set<ObjectIdentifier> = []

    init(_ files: some Sequence<TailedFile>) {
        for file in files { insert(file) }
    }

    mutating func insert(_ file: TailedFile) {
        let (folder, name) = Self.parts(file.path)
        byName["\(folder)/\(name)", default: []].append(file)
        let stem = "\(folder)/\(Self.stem(name))"
        if byStem[stem, default: []].count < Self.sharedMax {
            byStem[stem, default: []].append(file)
        }
    }

    /// Files in the same folder whose name, or its begin up to a dot, this one's name begins with.
    func related(to path: String) -> [TailedFile] {
        let (folder, name) = Self.parts(path)
        var key = String(folder) + "/"
        var found: [TailedFile] = []
        for character in name {
            key.append(character)
            let files = (byName[key] ?? []) + (byStem[key] ?? [])
            found += files.filter { Self.isRelated(path, $0.path) }
        }
        return found
    }

    /// True the first time it is asked about a file.
    mutating func isFirstCheck(_ file: TailedFile) -> Bool {
        checked.insert(ObjectIdentifier(file)).inserted
    }

    /// `app.log.1`, `app-2026.log` and such, for `app.log`.
    static func isRelated(_ path: String, _ original: String) -> Bool {
        let (folder, name) = parts(path)
        let (otherFolder, other) = parts(original)
        return folder == otherFolder && name != other && name.hasPrefix(stem(other))
    }

    private static func parts(_ path: String) -> (folder: Substring, name: Substring) {
        guard let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path[...]) }
        return (path[..<end], path[path.utf8.index(after: end)...])
    }

    /// The name up to its first dot; the whole of one that begins with a dot.
    private static func stem(_ name: Substring) -> Substring {
        let stem = name.prefix { $0 != "." }
        return stem.isEmpty ? name : stem
    }
}
