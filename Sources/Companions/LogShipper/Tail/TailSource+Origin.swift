internal import CompanionKit
import Glibc
import Telemetry

/// Where a file is read from: known from the run before, taken over from another program, or new.
extension TailSource {
    /// Entries of files that were not seen again, which are kept.
    private static let rememberedMax = 1000
    /// Files of one folder that are looked into for what was rotated away.
    private static let searchedMax = 10_000
    /// A begin that is shorter tells a file from no other.
    private static let tellingBytes = 16

    /// The entry that this content belongs to, which is taken out of those that are remembered.
    func takeEntry(
        _ node: FileNode,
        _ path: String,
        _ content: any FileContent,
        _ begin: [UInt8],
        isNamed: Bool = true
    ) -> CheckpointEntry? {
        guard !remembered.isEmpty else { return nil }
        let own = remembered.numbers(of: node, at: path)
        for number in own {
            guard let entry = remembered[number], entry.fingerprint.length > 0,
                holds(entry, content, begin)
            else { continue }
            return remembered.remove(number)
        }
        // A copy, or a file that was moved to another file system: the content alone tells. It comes
        // before an entry without content, whose node may be another file's by now.
        let folder = Self.folder(of: path)
        for number in remembered.numbers(beginningLike: begin.span) {
            guard let entry = remembered[number], entry.node != node,
                entry.fingerprint.length >= Self.tellingBytes,
                Self.folder(of: entry.path) == folder, !leads(entry.path, toContentOf: entry),
                holds(entry, content, begin)
            else { continue }
            return remembered.remove(number)
        }
        for number in own {
            guard let entry = remembered[number], entry.fingerprint.length == 0,
                isNamed || Relatives.isRelated(path, entry.path)
            else { continue }
            return remembered.remove(number)
        }
        return nil
    }

    /// True where the path of an entry still leads to what the entry is about.
    private func leads(_ path: String, toContentOf entry: CheckpointEntry) -> Bool {
        guard leads(path, to: entry.node), let (content, _) = openContent(path) else {
            return false
        }
        return holds(entry, content, content.read(at: 0, max: Fingerprint.bytesMax) ?? [])
    }

    /// True where this content is that of the entry, grown or not.
    func holds(
        _ entry: CheckpointEntry,
        _ content: any FileContent,
        _ begin: [UInt8]
    ) -> Bool {
        guard entry.fingerprint.matches(begin.span) else { return false }
        if let size = content.size, !content.isCompressed, size < entry.offset { return false }
        let length = entry.marker.length
        guard entry.offset >= UInt64(length),
            let bytes = content.read(at: entry.offset - UInt64(length), max: length),
            bytes.count == length
        else { return false }
        return Marker(bytes.span) == entry.marker
    }

    /// Where a file that nobody knows is read from; nil where nothing of it is asked for.
    func firstOffset(
        _ path: String,
        _ node: FileNode,
        _ content: any FileContent,
        _ facts: stat
    ) -> UInt64? {
        let size = content.size ?? 0
        if let position = imported.removeValue(forKey: path) {
            // Another inode: the file was rotated while nobody looked, and this one is new.
            guard position.inode == node.inode else { return 0 }
            return position.offset <= size ? position.offset : 0
        }
        guard isFirstScan, !options.readsFromHead else { return 0 }
        // It came while the shipper was not running.
        if pathsBefore.contains(path) { return 0 }
        if content.isCompressed { return nil }
        return before?.isOwn == true ? 0 : size
    }

    /// At the start: what was rotated away from under the globs is looked for beside its old place.
    func finishRemembered() {
        let folders = Set(remembered.all.map { Self.folder(of: $0.path) })
        var others: [(path: String, node: FileNode)] = []
        for folder in folders.sorted() {
            for name in Glob.names(in: folder).sorted().prefix(Self.searchedMax) {
                guard !remembered.isEmpty else { break }
                let path = folder == "/" ? "/" + name : folder + "/" + name
                var facts = stat()
                guard unsafe stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG,
                    files[FileNode(facts)] == nil, ignored[FileNode(facts)] == nil,
                    let (content, opened) = openContent(path)
                else { continue }
                let node = FileNode(opened)
                let begin = content.read(at: 0, max: Fingerprint.bytesMax) ?? []
                if let entry = takeEntry(node, path, content, begin, isNamed: false) {
                    follow(content, node, path, begin, entry).isRotated = true
                } else if !content.isCompressed {
                    others.append((path, node))
                }
            }
        }
        // After the copies of what they were.
        for (path, node) in others where wasReplaced(node, path) {
            guard let (content, facts) = openContent(path), FileNode(facts) == node else {
                continue
            }
            let begin = content.read(at: 0, max: Fingerprint.bytesMax) ?? []
            follow(content, node, path, begin, 0).isRotated = true
        }
        remembered.keep(atMost: Self.rememberedMax)
    }

    /// True where a followed file was truncated, written anew and moved away since the run before:
    /// nobody has read what is in it now.
    private func wasReplaced(_ node: FileNode, _ path: String) -> Bool {
        let number = remembered.numbers(of: node, at: path).first { number in
            remembered[number].map { Relatives.isRelated(path, $0.path) } ?? false
        }
        guard let number else { return false }
        remembered.remove(number)
        return true
    }

    // MARK: - Positions of other programs

    func importPositions() {
        guard let wanted = options.importedPositions else { return }
        do {
            let found = try ImportedPosition.read(wanted)
            for position in found { imported[position.path] = position }
            guard !found.isEmpty else { return }
            Log.shared.log(
                .info,
                "positions of another program are taken over",
                ["path": wanted.path, "files": "\(found.count)"]
            )
        } catch {
            Log.shared.log(
                .warning,
                "positions can't be taken over: \(error)",
                ["path": wanted.path]
            )
        }
    }
}
