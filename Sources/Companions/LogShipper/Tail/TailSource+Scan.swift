internal import CompanionKit
import Glibc
import Model
import Telemetry

extension TailSource {
    /// Entries of files that were not seen again, which are kept.
    private static let rememberedMax = 1000

    // MARK: - Looking for files

    /// Looks for files that came, moved or went.
    func scan() {
        var found = Glob.Expansion()
        for glob in globs { glob.expand(into: &found) }
        if found.isCut {
            say(globs.first?.text ?? "", "it leads through too many folders; some are left out")
        }
        var folders = found.folders
        var current: [String: TailedFile] = [:]
        for path in found.paths.sorted() where !excluded.contains(where: { $0.matches(path: path) })
        {
            guard let place = placeOf(path) else { continue }
            if let folder = place.folder { folders.insert(folder) }
            guard let file = files[place.node] ?? open(path, place.node) else { continue }
            if file.path != path, leads(file.path, to: file.node) == false { file.path = path }
            // A copy that is read on in place of its original stays under the globs, and known.
            file.isRotated = false
            current[path] = file
            if let real = place.realPath { current[real] = file }
        }
        for (path, file) in byPath where current[path] !== file {
            let isSeen = current.values.contains { $0 === file }
            if !isSeen, !file.isRotated {
                file.isRotated = true
                file.quietSince = nil
                mark(file)
            }
        }
        byPath = current
        watch.watch(folders)
        for path in Array(troubles.keys) where !found.paths.contains(path) { troubles[path] = nil }
    }

    private struct Place {
        var node: FileNode
        /// Where a link leads, and the folder of that.
        var realPath: String?
        var folder: String?
    }

    /// What a path leads to, where that may be read.
    private func placeOf(_ path: String) -> Place? {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else {
            if errno != ENOENT { say(path, FileFailure(path: path, call: "stat").description) }
            return nil
        }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            if facts.st_mode & S_IFMT != S_IFDIR || byPath[path] != nil {
                say(path, "it is no regular file, and is left alone")
            }
            return nil
        }
        let node = FileNode(facts)
        var link = stat()
        let isLink = unsafe lstat(path, &link) == 0 && link.st_mode & S_IFMT == S_IFLNK
        guard isLink || !options.allowedRoots.isEmpty else { return Place(node: node) }
        guard let real = Self.realPath(path) else { return nil }
        let isAllowed =
            options.allowedRoots.isEmpty
            || options.allowedRoots.contains { real == $0 || real.hasPrefix($0 + "/") }
        guard isAllowed else {
            say(path, "it leads to \(real), outside the allowed folders, and is left alone")
            return nil
        }
        let end = real.utf8.lastIndex(of: UInt8(ascii: "/")) ?? real.startIndex
        let folder = end == real.startIndex ? "/" : String(real[..<end])
        return Place(node: node, realPath: real, folder: folder)
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// Whether a path leads to a file; nil where that can't be said.
    private func leads(_ path: String, to node: FileNode) -> Bool {
        var facts = stat()
        return unsafe stat(path, &facts) == 0 && FileNode(facts) == node
    }

    // MARK: - Opening

    /// Opens a file that is not followed yet; nil where it is left alone for now.
    private func open(_ path: String, _ node: FileNode) -> TailedFile? {
        if ignored.contains(node) { return nil }
        guard let (content, facts) = openContent(path) else { return nil }
        let node = FileNode(facts)
        if let known = files[node] { return known }
        if isFirstScan, let limit = options.ignoreOlder,
            remembered.allSatisfy({ $0.node != node }),
            engine.time / 1_000_000_000 - Int64(facts.st_mtim.tv_sec) > limit
        {
            ignored.insert(node)
            return nil
        }
        unsay(path)
        let begin = content.read(at: 0, max: Fingerprint.bytesMax) ?? []
        if let entry = takeEntry(node, path, content, begin) {
            return follow(content, node, path, begin, entry)
        }
        // The file that this one is a copy of may have been truncated since.
        let folder = Self.folder(of: path)
        for other in Array(byStream.values)
        where !other.isClosed && !other.isRotated && Self.folder(of: other.path) == folder
            && Self.isRelated(path, other.path) && isReplaced(other)
        {
            replaced(other)
            if let known = files[node] { return known }
        }
        if !cleared.contains(node), isSuspect(path, node, content, begin) {
            if suspects[node] == nil { suspects[node] = engine.now }
            return nil
        }
        suspects[node] = nil
        let offset = firstOffset(path, node, content)
        return follow(content, node, path, begin, offset)
    }

    private func openContent(_ path: String) -> (any FileContent, stat)? {
        // A FIFO must not hold the thread up; a terminal must not become ours.
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            if errno != ENOENT { say(path, FileFailure(path: path, call: "open").description) }
            return nil
        }
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            _ = Glibc.close(descriptor)
            return nil
        }
        if options.readsCompressed, path.hasSuffix(".gz") {
            return (GzipContent(descriptor), facts)
        }
        return (PlainContent(descriptor), facts)
    }

    /// The entry that this content belongs to, which is taken out of those that are remembered.
    private func takeEntry(
        _ node: FileNode,
        _ path: String,
        _ content: any FileContent,
        _ begin: [UInt8]
    ) -> CheckpointEntry? {
        let byNode = remembered.firstIndex { $0.node == node }
        // Devices get other numbers when they are mounted again.
        let byPlace =
            byNode ?? remembered.firstIndex { $0.node.inode == node.inode && $0.path == path }
        if let index = byPlace {
            if holds(remembered[index], content, begin) { return remembered.remove(at: index) }
            // The content was replaced: what was not read of the old one may be in a copy.
            if remembered[index].fingerprint.length == 0 { remembered.remove(at: index) }
        }
        // A copy, or a file that was moved to another file system: the content alone tells.
        let folder = Self.folder(of: path)
        let copy = remembered.firstIndex { entry in
            entry.node != node && entry.fingerprint.length >= 16
                && Self.folder(of: entry.path) == folder
                && !leads(entry.path, toContentOf: entry) && holds(entry, content, begin)
        }
        guard let copy else { return nil }
        var entry = remembered.remove(at: copy)
        entry.path = path
        return entry
    }

    /// True where the path of an entry still leads to what the entry is about.
    private func leads(_ path: String, toContentOf entry: CheckpointEntry) -> Bool {
        guard leads(path, to: entry.node), let (content, _) = openContent(path) else {
            return false
        }
        return holds(entry, content, content.read(at: 0, max: Fingerprint.bytesMax) ?? [])
    }

    /// True where this content is that of the entry, grown or not.
    private func holds(
        _ entry: CheckpointEntry,
        _ content: any FileContent,
        _ begin: [UInt8]
    ) -> Bool {
        guard entry.fingerprint.matches(begin.span) else { return false }
        let length = entry.marker.length
        guard entry.offset >= UInt64(length),
            let bytes = content.read(at: entry.offset - UInt64(length), max: length),
            bytes.count == length
        else { return false }
        if let size = content.size, !content.isCompressed, size < entry.offset { return false }
        return Marker(bytes.span) == entry.marker
    }

    private func firstOffset(
        _ path: String,
        _ node: FileNode,
        _ content: any FileContent
    ) -> UInt64 {
        let size = content.size ?? 0
        if let position = imported.removeValue(forKey: path) {
            // Another inode: the file was rotated while nobody looked, and this one is new.
            guard position.inode == node.inode else { return 0 }
            return position.offset <= size ? position.offset : 0
        }
        guard isFirstScan, !options.readsFromHead else { return 0 }
        return content.isCompressed ? .max : size
    }

    // MARK: - Following

    private func follow(
        _ content: any FileContent,
        _ node: FileNode,
        _ path: String,
        _ begin: [UInt8],
        _ offset: UInt64
    ) -> TailedFile? {
        if offset == .max {
            // A finished file that was there before: nothing of it is asked for.
            ignored.insert(node)
            return nil
        }
        let entry = CheckpointEntry(
            identity: .random(),
            node: node,
            path: path,
            fingerprint: Fingerprint(begin.span),
            offset: offset,
            marker: Marker()
        )
        let file = follow(content, node, path, begin, entry)
        register(file)
        return file
    }

    @discardableResult
    func follow(
        _ content: any FileContent,
        _ node: FileNode,
        _ path: String,
        _ begin: [UInt8],
        _ entry: CheckpointEntry
    ) -> TailedFile {
        var delivered: [Int: UInt64] = [:]
        for sink in sinkNumbers {
            let name = sinkNames[sink] ?? ""
            delivered[sink] = entry.sinkOffsets[name] ?? entry.offset
        }
        let file = TailedFile(
            content: content,
            identity: entry.identity,
            node: node,
            path: path,
            fingerprint: Fingerprint(begin.span),
            delivered: delivered
        )
        file.stream = engine.open(
            LogStream(
                identity: entry.identity,
                source: number,
                name: path,
                tag: tag(for: path),
                isDurable: true
            )
        )
        for (sink, offset) in delivered { engine.begin(file.stream, sink: sink, at: offset) }
        for offset in Set(delivered.values).sorted() {
            var group: SinkSet = []
            for (sink, at) in delivered where at == offset { group.formUnion(SinkSet(sink: sink)) }
            let cursor = TailCursor(offset: offset, sinks: group, assembler: makeAssembler())
            let length = Int(min(offset, UInt64(Marker.bytesMax)))
            cursor.marker = content.read(at: offset - UInt64(length), max: length) ?? []
            file.cursors.append(cursor)
        }
        if sinkNumbers.isEmpty {
            file.cursors = [TailCursor(offset: entry.offset, sinks: [], assembler: nil)]
        }
        // The mark of the byte order is at the begin, which may not be read again.
        file.isBigEndian =
            options.encoding == .utf16BigEndian
            || options.encoding == .utf16 && begin.starts(with: [0xfe, 0xff])
        files[node] = file
        byStream[file.stream] = file
        file.isRegistered = true
        mark(file)
        return file
    }

    /// `*` stands for the path with dots for slashes.
    private func tag(for path: String) -> ByteString {
        guard configuration.tag.contains("*") else { return ByteString(configuration.tag) }
        let dotted = path.split(separator: "/").joined(separator: ".")
        let parts = configuration.tag.split(separator: "*", omittingEmptySubsequences: false)
        return ByteString(parts.joined(separator: dotted))
    }

    static func folder(of path: String) -> String {
        guard let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return end == path.startIndex ? "/" : String(path[..<end])
    }

    // MARK: - Files that no glob names any more

    /// At the start: what was rotated away from under the globs is looked for beside its old place.
    func finishRemembered() {
        var left: [CheckpointEntry] = []
        for entry in remembered {
            let folder = Self.folder(of: entry.path)
            let names = Glob.names(in: folder)
            let isFound = names.contains { name in
                let path = folder == "/" ? "/" + name : folder + "/" + name
                var facts = stat()
                guard unsafe stat(path, &facts) == 0, files[FileNode(facts)] == nil,
                    facts.st_mode & S_IFMT == S_IFREG,
                    FileNode(facts) == entry.node || UInt64(facts.st_size) >= entry.offset,
                    let (content, _) = openContent(path)
                else { return false }
                let begin = content.read(at: 0, max: Fingerprint.bytesMax) ?? []
                let isSame = FileNode(facts) == entry.node || entry.fingerprint.length >= 16
                guard isSame, holds(entry, content, begin) else { return false }
                let file = follow(content, FileNode(facts), path, begin, entry)
                file.isRotated = true
                return true
            }
            if !isFound { left.append(entry) }
        }
        remembered = Array(left.suffix(Self.rememberedMax))
    }

    // MARK: - Truncated, or copied and truncated

    /// True where what was read of a file is not there any more.
    func isReplaced(_ file: TailedFile) -> Bool {
        guard !file.content.isCompressed, let size = file.content.size else { return false }
        if size < file.readOffset { return true }
        if file.hindmostOffset == 0 {
            // Nothing was read yet that could be compared; its begin was seen.
            let begin = file.content.read(at: 0, max: file.fingerprint.length) ?? []
            if !file.fingerprint.matches(begin.span) { return true }
        }
        return file.cursors.contains { cursor in
            let start = cursor.offset - UInt64(cursor.marker.count)
            return file.content.read(at: start, max: cursor.marker.count) != cursor.marker
        }
    }

    /// The content was replaced in place: what was not read may be in a copy, and the file begins anew.
    func replaced(_ file: TailedFile) {
        let unread = file.lastSize - min(file.hindmostOffset, file.lastSize)
        let hasCopy = moveToCopy(file)
        if !hasCopy {
            if unread > 0 {
                say(
                    file.path,
                    "it was truncated, and up to \(unread) bytes were gone before they were read"
                )
                troubles[file.path] = nil
            }
            for cursor in file.cursors { reader.flush(file, cursor) }
            close(file)
        } else if files[file.node] === file {
            files[file.node] = nil
        }
        let path = file.path
        // Its name may be another file's by now; it is found under its own at the next look.
        guard let (content, facts) = openContent(path), files[FileNode(facts)] == nil else {
            return
        }
        let begin = content.read(at: 0, max: Fingerprint.bytesMax) ?? []
        if let new = follow(content, FileNode(facts), path, begin, 0) { byPath[path] = new }
    }

    /// Finds the copy that was made before the truncation, and reads on there; false where there is none.
    private func moveToCopy(_ file: TailedFile) -> Bool {
        let folder = Self.folder(of: file.path)
        let offset = file.hindmostOffset
        for name in Glob.names(in: folder) {
            let path = folder == "/" ? "/" + name : folder + "/" + name
            var facts = stat()
            guard unsafe stat(path, &facts) == 0, FileNode(facts) != file.node,
                files[FileNode(facts)] == nil, facts.st_mode & S_IFMT == S_IFREG,
                UInt64(facts.st_size) >= offset || path.hasSuffix(".gz"),
                file.fingerprint.length > 0, let (content, opened) = openContent(path)
            else { continue }
            let begin = content.read(at: 0, max: Fingerprint.bytesMax) ?? []
            guard file.fingerprint.matches(begin.span) else { continue }
            let holds = file.cursors.allSatisfy { cursor in
                let start = cursor.offset - UInt64(cursor.marker.count)
                return content.read(at: start, max: cursor.marker.count) == cursor.marker
            }
            guard holds else { continue }
            let node = FileNode(opened)
            let copy = TailedFile(
                content: content,
                identity: file.identity,
                node: node,
                path: path,
                fingerprint: Fingerprint(begin.span),
                delivered: file.delivered
            )
            copy.stream = file.stream
            copy.cursors = file.cursors
            for cursor in copy.cursors { cursor.scanned = cursor.offset }
            copy.isBigEndian = file.isBigEndian
            copy.isRotated = !isNamed(path)
            copy.isRegistered = true
            file.isClosed = true
            if files[file.node] === file { files[file.node] = nil }
            files[node] = copy
            byStream[copy.stream] = copy
            suspects[node] = nil
            checkpoint.touch()
            mark(copy)
            return true
        }
        return false
    }

    /// True where a glob names the path.
    private func isNamed(_ path: String) -> Bool {
        globs.contains { $0.matches(path: path) } && !excluded.contains { $0.matches(path: path) }
    }

    /// True where a new file looks like the copy of one that is followed, and so is not read yet.
    private func isSuspect(
        _ path: String,
        _ node: FileNode,
        _ content: any FileContent,
        _ begin: [UInt8]
    ) -> Bool {
        guard !begin.isEmpty, let size = content.size, size > 0 else { return false }
        let folder = Self.folder(of: path)
        return byStream.values.contains { other in
            guard !other.isRotated, !other.isClosed, other.node != node,
                Self.folder(of: other.path) == folder, Self.isRelated(path, other.path),
                other.fingerprint.length > 0, size <= max(other.lastSize, other.readOffset)
            else { return false }
            let length = min(begin.count, other.fingerprint.length)
            guard other.content.read(at: 0, max: length) == Array(begin[..<length]) else {
                return false
            }
            let tail = Int(min(size, 64))
            let start = size - UInt64(tail)
            return other.content.read(at: start, max: tail) == content.read(at: start, max: tail)
        }
    }

    /// `app.log.1`, `app-2026.log` and such, for `app.log`.
    private static func isRelated(_ path: String, _ original: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        let other = original.split(separator: "/").last ?? ""
        let stem = other.split(separator: ".", omittingEmptySubsequences: false).first ?? other
        return name != other && (name.hasPrefix(other) || (!stem.isEmpty && name.hasPrefix(stem)))
    }

    /// What was taken for a copy and whose original was not truncated is a file like any other.
    func checkSuspects() {
        let old = suspects.filter { engine.now - $0.value >= options.rotateWait }
        guard !old.isEmpty else { return }
        for node in old.keys {
            suspects[node] = nil
            cleared.insert(node)
        }
        scan()
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
