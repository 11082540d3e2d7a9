import Glibc

/// A path with wildcards: `*` and `?` within a name, `[a-z]`, `{a,b}`, and `**` over folders.
///
/// A leading dot of a name is matched by a dot alone, as shells do.
struct Glob: Sendable, Equatable {
    /// Braces make several patterns of one; more than this is refused.
    static let alternativesMax = 256
    /// Folders that one pattern may look into.
    static let foldersMax = 10_000

    /// One part between slashes.
    enum Part: Sendable, Equatable {
        case name(String)
        case pattern([UInt8])
        /// `**`: this folder and all below it.
        case anyFolders
    }

    let text: String
    let alternatives: [[Part]]

    /// nil where braces make too many patterns.
    init?(_ text: String) {
        self.text = text
        guard let expanded = Self.braces(text) else { return nil }
        alternatives = expanded.map(Self.parts)
    }

    private static func parts(_ text: String) -> [Part] {
        text.split(separator: "/", omittingEmptySubsequences: true).map { part in
            if part == "**" { return .anyFolders }
            let isPattern = part.utf8.contains {
                $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[")
            }
            return isPattern ? .pattern(Array(part.utf8)) : .name(String(part))
        }
    }

    /// The texts that `{a,b}` stands for.
    private static func braces(_ text: String) -> [String]? {
        var left = [text]
        var done: [String] = []
        while let next = left.popLast() {
            guard left.count + done.count < alternativesMax else { return nil }
            guard let open = next.firstIndex(of: "{"),
                let close = next[open...].firstIndex(of: "}")
            else {
                done.append(next)
                continue
            }
            // The innermost pair first: nested braces work out from inside.
            let start = next[..<close].lastIndex(of: "{") ?? open
            let inside = next[next.index(after: start)..<close]
            for choice in inside.split(separator: ",", omittingEmptySubsequences: false) {
                left.append(String(next[..<start] + choice + next[next.index(after: close)...]))
            }
        }
        return done.sorted()
    }

    /// True where the name fits a pattern without slashes.
    static func matches(_ pattern: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
        if !name.isEmpty, name[0] == UInt8(ascii: "."),
            pattern.isEmpty || pattern[0] != UInt8(ascii: ".")
        {
            return false
        }
        var inPattern = 0
        var inName = 0
        // Where to go on after the last star, if what follows it does not fit.
        var star = -1
        var afterStar = 0
        while inName < name.count {
            if inPattern < pattern.count {
                if pattern[inPattern] == UInt8(ascii: "*") {
                    star = inPattern
                    afterStar = inName
                    inPattern += 1
                    continue
                }
                if let next = single(pattern, inPattern, name[inName]) {
                    inPattern = next
                    inName += 1
                    continue
                }
            }
            guard star >= 0 else { return false }
            afterStar += 1
            inName = afterStar
            inPattern = star + 1
        }
        while inPattern < pattern.count, pattern[inPattern] == UInt8(ascii: "*") { inPattern += 1 }
        return inPattern == pattern.count
    }

    /// After the element at a place, where it fits one byte; nil where it doesn't.
    private static func single(_ pattern: Span<UInt8>, _ place: Int, _ byte: UInt8) -> Int? {
        switch pattern[place] {
        case UInt8(ascii: "?"): return place + 1
        case UInt8(ascii: "["):
            guard let (fits, next) = set(pattern, place + 1, byte) else {
                return byte == UInt8(ascii: "[") ? place + 1 : nil
            }
            return fits ? next : nil
        case UInt8(ascii: "\\") where place + 1 < pattern.count:
            return pattern[place + 1] == byte ? place + 2 : nil
        default: return pattern[place] == byte ? place + 1 : nil
        }
    }

    /// `[a-z]`, `[!a]`: whether the byte is in it, and what comes after; nil where it never closes.
    private static func set(
        _ pattern: Span<UInt8>,
        _ start: Int,
        _ byte: UInt8
    ) -> (fits: Bool, next: Int)? {
        var place = start
        var isNegated = false
        if place < pattern.count,
            pattern[place] == UInt8(ascii: "!") || pattern[place] == UInt8(ascii: "^")
        {
            isNegated = true
            place += 1
        }
        var fits = false
        var isFirst = true
        while place < pattern.count {
            if pattern[place] == UInt8(ascii: "]"), !isFirst {
                return (fits != isNegated, place + 1)
            }
            isFirst = false
            let low = pattern[place]
            if place + 2 < pattern.count, pattern[place + 1] == UInt8(ascii: "-"),
                pattern[place + 2] != UInt8(ascii: "]")
            {
                if low <= byte, byte <= pattern[place + 2] { fits = true }
                place += 3
            } else {
                if low == byte { fits = true }
                place += 1
            }
        }
        return nil
    }

    /// True where the whole path fits; for exclusions.
    func matches(path: String) -> Bool {
        let names = path.split(separator: "/", omittingEmptySubsequences: true).map {
            Array($0.utf8)
        }
        return alternatives.contains { Self.fits($0[...], names[...]) }
    }

    private static func fits(_ parts: ArraySlice<Part>, _ names: ArraySlice<[UInt8]>) -> Bool {
        guard let part = parts.first else { return names.isEmpty }
        switch part {
        case .anyFolders:
            if fits(parts.dropFirst(), names) { return true }
            guard !names.isEmpty else { return false }
            return fits(parts, names.dropFirst())
        case .name(let text):
            guard let name = names.first, name == Array(text.utf8) else { return false }
        case .pattern(let pattern):
            guard let name = names.first, matches(pattern.span, name.span) else { return false }
        }
        return fits(parts.dropFirst(), names.dropFirst())
    }

    /// What was found: paths that fit, and the folders whose change can change that.
    struct Expansion {
        var paths: Set<String> = []
        var folders: Set<String> = []
        var isCut = false
    }

    /// Looks for the paths that fit now.
    func expand(into found: inout Expansion) {
        for parts in alternatives {
            Self.walk(text.hasPrefix("/") ? "" : ".", parts[...], &found)
        }
    }

    private static func walk(
        _ folder: String,
        _ parts: ArraySlice<Part>,
        _ found: inout Expansion
    ) {
        guard let part = parts.first else { return }
        let rest = parts.dropFirst()
        let here = folder.isEmpty ? "/" : folder
        switch part {
        case .name(let name):
            let path = folder + "/" + name
            if rest.isEmpty {
                found.folders.insert(here)
                if access(path) { found.paths.insert(path) }
            } else {
                // A folder that is not there yet is noticed in the one above it.
                if !isFolder(path) { found.folders.insert(here) }
                walk(path, rest, &found)
            }
        case .pattern(let pattern):
            guard enter(here, &found) else { return }
            for name in names(in: here) {
                let bytes = Array(name.utf8)
                guard matches(pattern.span, bytes.span) else { continue }
                let path = folder + "/" + name
                if rest.isEmpty { found.paths.insert(path) } else { walk(path, rest, &found) }
            }
        case .anyFolders:
            walk(folder, rest, &found)
            guard enter(here, &found) else { return }
            for name in names(in: here) where !name.hasPrefix(".") {
                let path = folder + "/" + name
                if isFolder(path, followsLinks: false) { walk(path, parts, &found) }
            }
        }
    }

    private static func enter(_ folder: String, _ found: inout Expansion) -> Bool {
        if found.folders.contains(folder) { return true }
        guard found.folders.count < foldersMax else {
            found.isCut = true
            return false
        }
        found.folders.insert(folder)
        return true
    }

    private static func access(_ path: String) -> Bool {
        var facts = stat()
        return unsafe lstat(path, &facts) == 0
    }

    private static func isFolder(_ path: String, followsLinks: Bool = true) -> Bool {
        var facts = stat()
        let code = followsLinks ? unsafe stat(path, &facts) : unsafe lstat(path, &facts)
        return code == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a folder, none where it can't be read.
    static func names(in folder: String) -> [String] {
        guard let handle = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(handle) }
        var names: [String] = []
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
