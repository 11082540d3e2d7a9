internal import CompanionKit
import Glibc
import Model
import Synchronization
import Telemetry

extension TailSource {
    // MARK: - Looking for files

    /// Looks for files that came, moved or went.
    func scan() {
        let began = EngineLoop.now
        paths.refresh(now: engine.time / 1_000_000_000)
        var found = Glob.Expansion()
        for glob in paths.globs { glob.expand(into: &found) }
        if found.isCut {
            say(
                paths.globs.first?.text ?? "",
                "it leads through too many folders; some are left out"
            )
        }
        tellMatches(found.paths.count)
        relatives = nil
        let leftOutBefore = leftOut
        leftOut = 0
        var folders = found.folders
        var current: [String: TailedFile] = [:]
        var nodes: Set<FileNode> = []
        for path in found.paths.sorted() where !paths.isExcluded(path) {
            guard let place = placeOf(path) else { continue }
            nodes.insert(place.node)
            if let folder = place.folder { folders.insert(folder) }
            guard let file = files[place.node] ?? open(path, place) else { continue }
            if file.path != path, leads(file.path, to: file.node) == false { file.path = path }
            // A copy that is read on in place of its original stays under the globs, and known.
            file.isRotated = false
            current[path] = file
            if let real = place.realPath { current[real] = file }
        }
        let seen = Set(current.values.map(ObjectIdentifier.init))
        for (path, file) in byPath where current[path] !== file {
            if !seen.contains(ObjectIdentifier(file)), !file.isRotated {
                file.isRotated = true
                file.quietSince = nil
                mark(file)
            }
        }
        byPath = current
        watch.watch(folders)
        for path in Array(troubles.keys) where !found.paths.contains(path) { troubles[path] = nil }
        forgetNodes(butFor: nodes)
        tellLeftOut(before: leftOutBefore)
        scanTime = EngineLoop.now - began
    }

    /// Paths that match nothing are often a slip: that is said once, and again after there was a file.
    private func tellMatches(_ count: Int) {
        let before = counters.matches.value
        counters.matches.store(count, ordering: .relaxed)
        guard count == 0, before != 0 else { return }
        Log.shared.log(
            .info,
            "no file matches yet; it is looked for again",
            ["paths": options.paths.joined(separator: ",")]
        )
    }

    /// What is known of files that are gone must not be taken for others that get their nodes.
    private func forgetNodes(butFor nodes: Set<FileNode>) {
        for node in Array(ignored.keys) where !nodes.contains(node) { ignored[node] = nil }
        for node in Array(suspects.keys) where !nodes.contains(node) { suspects[node] = nil }
        for node in Array(compressed.keys) where !nodes.contains(node) { compressed[node] = nil }
        if !cleared.isEmpty { cleared.formIntersection(nodes) }
    }

    private func tellLeftOut(before: Int) {
        if leftOut > 0, before == 0 {
            counters.troubles.add(1)
            Log.shared.log(
                .warning,
                "\(leftOut) log files are not followed for now: the process may hold only so many "
                    + "open files; raise its limit (ulimit -n, LimitNOFILE)",
                ["paths": options.paths.joined(separator: ","), "open": "\(files.count)"]
            )
        } else if leftOut == 0, before > 0 {
            Log.shared.log(.info, "all log files are followed again")
        }
    }

    /// Where a path of a glob leads.
    struct Place {
        var node: FileNode
        var facts: stat
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
        guard isLink || !options.allowedRoots.isEmpty else {
            return Place(node: node, facts: facts)
        }
        guard let real = Self.realPath(path) else { return nil }
        let isAllowed =
            options.allowedRoots.isEmpty
            || options.allowedRoots.contains { real == $0 || real.hasPrefix($0 + "/") }
        guard isAllowed else {
            say(path, "it leads to \(real), outside the allowed folders, and is left alone")
            return nil
        }
        return Place(node: node, facts: facts, realPath: real, folder: Self.folder(of: real))
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// Whether a path leads to a file.
    func leads(_ path: String, to node: FileNode) -> Bool {
        var facts = stat()
        return unsafe stat(path, &facts) == 0 && FileNode(facts) == node
    }

    static func folder(of path: String) -> String {
        guard let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return end == path.startIndex ? "/" : String(path[..<end])
    }

    // MARK: - Opening

    /// Opens a file that is not followed yet; nil where it is left alone for now.
    private func open(_ path: String, _ place: Place) -> TailedFile? {
        let left = ignored[place.node]
        if let left, left.isUnchanged(place.facts) { return nil }
        // The original of a compressed copy is still read.
        if let original = compressed[place.node], byStream[original] != nil { return nil }
        guard let (content, facts) = openContent(path) else { return nil }
        let node = FileNode(facts)
        if let known = files[node] { return known }
        if isFirstScan, let limit = options.ignoreOlder, !remembered.contains(node),
            engine.time / 1_000_000_000 - Int64(facts.st_mtim.tv_sec) > limit
        {
            ignored[node] = IgnoredFile(facts, content)
            return nil
        }
        unsay(path)
        let begin = content.read(at: 0, max: Fingerprint.bytesMax) ?? []
        if let entry = takeEntry(node, path, content, begin) {
            return follow(content, node, path, begin, entry)
        }
        if let left {
            if left.isSameCompressed(begin) {
                ignored[node] = IgnoredFile(facts, content)
                return nil
            }
            ignored[node] = nil
            if let offset = left.offset(content, begin, facts) {
                return follow(content, node, path, begin, offset)
            }
        }
        if content.isCompressed {
            guard isReady(facts, node, path, begin) else { return nil }
        } else if isCopy(path, node, content, begin) {
            return files[node]
        }
        suspects[node] = nil
        guard let offset = firstOffset(path, node, content, facts) else {
            // It was there before, and is finished: nothing of it is asked for.
            ignored[node] = IgnoredFile(facts, content)
            return nil
        }
        return follow(content, node, path, begin, offset)
    }

    func openContent(_ path: String) -> (any FileContent, stat)? {
        guard DescriptorBudget.hasRoom else {
            leftOut += 1
            return nil
        }
        // A FIFO must not hold the thread up; a terminal must not become ours.
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            if errno == EMFILE || errno == ENFILE {
                leftOut += 1
            } else if errno != ENOENT {
                say(path, FileFailure(path: path, call: "open").description)
            }
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

    // MARK: - Following

    func follow(
        _ content: any FileContent,
        _ node: FileNode,
        _ path: String,
        _ begin: [UInt8],
        _ offset: UInt64
    ) -> TailedFile {
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
            let key = sinkKeys[sink] ?? ""
            delivered[sink] = entry.sinkOffsets[key] ?? entry.offset
        }
        let file = TailedFile(
            content: content,
            identity: entry.identity,
            node: node,
            path: path,
            fingerprint: Fingerprint(begin.span),
            delivered: delivered,
            known: (entry.offset, entry.marker)
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
            cursor.marker = content.peek(at: offset - UInt64(length), max: length) ?? []
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
        relatives?.insert(file)
        let known = entry.fingerprint.length
        if known < Self.fingerprintBytesMin, file.fingerprint.length > known {
            // It has grown since it was seen last: after a crash the node, which may be another file's
            // by then, must not be all that tells whose identity this is.
            register(file)
        } else {
            file.isRegistered = true
            mark(file)
        }
        return file
    }

    /// `*` stands for the path with dots for slashes.
    private func tag(for path: String) -> ByteString {
        guard configuration.tag.contains("*") else { return ByteString(configuration.tag) }
        let dotted = path.split(separator: "/").joined(separator: ".")
        let parts = configuration.tag.split(separator: "*", omittingEmptySubsequences: false)
        return ByteString(parts.joined(separator: dotted))
    }
}
