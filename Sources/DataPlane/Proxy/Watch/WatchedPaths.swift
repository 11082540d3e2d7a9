import Glibc

/// Which directory entries decide what a set of files says: every link on the way counts.
///
/// Kubernetes swaps a whole directory by renaming one link (`..data`), editors replace a file by
/// renaming another over it, and both leave the file that was watched untouched. So the directories
/// are watched, by the names in them that matter.
struct WatchedPaths: Equatable {
    /// By directory, without a slash at its end: the names in it that matter; nil: all that end like
    /// a configuration file.
    private(set) var names: [String: Set<String>?] = [:]
    /// A chain of links longer than this is a circle (ELOOP in the kernel).
    private static let linksMax = 40

    init(_ paths: [String]) {
        for path in paths { add(path) }
    }

    /// True where an event in this directory about this name matters.
    func concerns(_ name: String, in directory: String) -> Bool {
        guard let wanted = names[directory] else { return false }
        guard let wanted else {
            return [".yaml", ".yml", ".json", ".conf"].contains { name.hasSuffix($0) }
                || name == "..data"
        }
        return wanted.contains(name)
    }

    private mutating func add(_ path: String) {
        var links = 0
        walk(Self.absolute(path), &links)
        if Self.kind(of: path) == S_IFDIR, let real = Self.real(path) {
            names[real] = .some(nil)
        }
    }

    /// Notes each entry that is looked up on the way to the path, and follows the links.
    private mutating func walk(_ path: String, _ links: inout Int) {
        var directory = ""
        let parts = path.split(separator: "/").map(String.init)
        for (index, part) in parts.enumerated() {
            if part == "." { continue }
            if part == ".." {
                directory = Self.parent(of: directory)
                continue
            }
            let here = directory + "/" + part
            let isLast = index == parts.count - 1
            guard let kind = Self.linkKind(of: here) else {
                // Not there: it may come at any level from here on.
                note(part, in: directory)
                return
            }
            if kind == S_IFLNK {
                note(part, in: directory)
                links += 1
                guard links <= Self.linksMax, let target = Self.target(of: here) else { return }
                let rest = parts[(index + 1)...].joined(separator: "/")
                let base = target.hasPrefix("/") ? target : directory + "/" + target
                walk(rest.isEmpty ? base : base + "/" + rest, &links)
                return
            }
            if isLast { note(part, in: directory) }
            directory = here
        }
    }

    private mutating func note(_ name: String, in directory: String) {
        let directory = directory.isEmpty ? "/" : directory
        guard let known = names[directory] else {
            names[directory] = [name]
            return
        }
        guard var wanted = known else { return }
        wanted.insert(name)
        names[directory] = wanted
    }

    // MARK: - The file system

    static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let current = unsafe getcwd(nil, 0) else { return "/" + path }
        defer { unsafe free(current) }
        return unsafe String(cString: current) + "/" + path
    }

    private static func parent(of directory: String) -> String {
        guard let slash = directory.lastIndex(of: "/") else { return "" }
        return String(directory[..<slash])
    }

    private static func linkKind(of path: String) -> mode_t? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func real(_ path: String) -> String? {
        guard let found = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    private static func target(of link: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            return unsafe readlink(
                link,
                base.assumingMemoryBound(to: CChar.self),
                buffer.count
            )
        }
        guard count > 0 else { return nil }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
