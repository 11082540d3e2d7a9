internal import CompanionKit
import Glibc
import Telemetry

/// Files that are truncated, copied and truncated, or compressed.
extension TailSource {
    /// Looks into files that may be the original of a new one.
    private static let looksMax = 64

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

    /// The same for a file that nobody is about to read: only one whose size has changed is looked
    /// into.
    func mayBeReplaced(_ file: TailedFile) -> Bool {
        guard let size = file.content.size, size != file.lastSize else { return false }
        return isReplaced(file)
    }

    /// The content was replaced in place: what was not read may be in a copy, and the file begins anew.
    func replaced(_ file: TailedFile) {
        let unread = file.lastSize - min(file.hindmostOffset, file.lastSize)
        let hasCopy = moveToCopy(file)
        if !hasCopy {
            file.isGone = true
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
        byPath[path] = follow(content, FileNode(facts), path, begin, 0)
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
                delivered: file.delivered,
                known: file.known
            )
            copy.stream = file.stream
            copy.cursors = file.cursors
            for cursor in copy.cursors { cursor.scanned = cursor.offset }
            copy.isBigEndian = file.isBigEndian
            copy.isRotated = !paths.name(path)
            copy.isRegistered = true
            file.isClosed = true
            if files[file.node] === file { files[file.node] = nil }
            files[node] = copy
            byStream[copy.stream] = copy
            relatives?.insert(copy)
            suspects[node] = nil
            checkpoint.touch()
            mark(copy)
            return true
        }
        return false
    }

    /// True where a new file is the copy of one that is followed, or may be and so is not read yet.
    func isCopy(
        _ path: String,
        _ node: FileNode,
        _ content: any FileContent,
        _ begin: [UInt8]
    ) -> Bool {
        var relatives = self.relatives ?? Relatives(byStream.values)
        let others = relatives.related(to: path).filter {
            !$0.isRotated && !$0.isClosed && $0.node != node
        }
        let unchecked = others.filter { relatives.isFirstCheck($0) }
        self.relatives = relatives
        // The file that this one is a copy of may have been truncated since.
        for other in unchecked where isReplaced(other) {
            replaced(other)
            if files[node] != nil { return true }
        }
        if !cleared.contains(node), isSuspect(others, content, begin) {
            if suspects[node] == nil { suspects[node] = engine.now }
            return true
        }
        return false
    }

    /// True where a new file looks like the copy of one that is followed.
    private func isSuspect(
        _ others: [TailedFile],
        _ content: any FileContent,
        _ begin: [UInt8]
    ) -> Bool {
        guard !begin.isEmpty, let size = content.size, size > 0 else { return false }
        let whole = Fingerprint(begin.span)
        var looks = 0
        return others.contains { other in
            guard !other.isClosed, other.fingerprint.length > 0,
                size <= max(other.content.size ?? 0, other.lastSize, other.readOffset)
            else { return false }
            if other.fingerprint.length == whole.length {
                guard other.fingerprint.sum == whole.sum else { return false }
            }
            looks += 1
            guard looks <= Self.looksMax else { return false }
            let length = min(begin.count, other.fingerprint.length)
            guard other.content.peek(at: 0, max: length) == Array(begin[..<length]) else {
                return false
            }
            let tail = Int(min(size, 64))
            let start = size - UInt64(tail)
            return other.content.peek(at: start, max: tail) == content.read(at: start, max: tail)
        }
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

    // MARK: - Compressed

    /// Milliseconds for which a compressed file that tells little is left to its writer.
    private static let compressingTime: Int64 = 2000

    /// False for what compresses a file that is followed, and for what is only begun.
    func isReady(_ facts: stat, _ node: FileNode, _ path: String, _ begin: [UInt8]) -> Bool {
        let modified =
            Int64(facts.st_mtim.tv_sec) * 1000 + Int64(facts.st_mtim.tv_nsec) / 1_000_000
        let age = engine.time / 1_000_000 - modified
        let isOld = isFirstScan && !options.readsFromHead
        if begin.count < Fingerprint.bytesMax, !isOld, (0..<Self.compressingTime).contains(age) {
            setScan(after: Self.compressingTime - age + 100)
            return false
        }
        let relatives = self.relatives ?? Relatives(byStream.values)
        let original = relatives.related(to: path).first { other in
            other.fingerprint.length >= 16 && !other.content.isCompressed
                && other.fingerprint.matches(begin.span)
        }
        self.relatives = relatives
        guard let original else { return true }
        // What it has is read from the original; then it is known, and nothing of it is read again.
        compressed[node] = original.stream
        return false
    }
}
