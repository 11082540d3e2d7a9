import Model

/// Joins the cookie fields of a request into one line, where the first stood (RFC 9113 section
/// 8.2.3).
///
/// Empty ones are left out. Crumbs that follow each other, as clients send them, are joined in the
/// head as they come; others wait in memory of their own until the end, so that the work grows with
/// the bytes only.
struct HTTP2CookieCrumbs {
    /// The line so far; its value ends the head's bytes while the line is open.
    private var line: Head.Slice?
    private var value = Head.Slice.empty
    private var isOpen = false
    /// One of the crumbs is a secret, and so is the line.
    private var isNeverIndexed = false
    private var late: [UInt8] = []

    @inline(__always)
    var isEmpty: Bool { line == nil }

    mutating func add(_ entry: HPACKEntry, _ bytes: Span<UInt8>, to head: Head) {
        if entry.isNeverIndexed { isNeverIndexed = true }
        let nameCount = Int(entry.nameCount)
        let crumb = bytes.extracting((nameCount + 2)..<(bytes.count - 2))
        if line == nil {
            // Without the end of the line, for more to follow.
            let start = Int(head.append(bytes.extracting(first: bytes.count - 2)).start)
            let slice = Head.Slice(start, start + nameCount)
            line = slice
            value = Head.Slice(start + nameCount + 2, start + bytes.count - 2)
            isOpen = true
            head.add(Head.Field(name: slice, value: value, known: entry.known))
        } else if crumb.isEmpty {
            // It would leave white space at an end of the value.
            return
        } else if isOpen {
            if !value.isEmpty { head.append("; ") }
            head.append(crumb)
            value = Head.Slice(Int(value.start), head.byteCount)
        } else {
            if !value.isEmpty || !late.isEmpty {
                late.append(0x3b)
                late.append(0x20)
            }
            for index in crumb.indices { unsafe late.append(crumb[unchecked: index]) }
        }
    }

    /// Ends the line before another one begins.
    @inline(__always)
    mutating func close(in head: Head) {
        if !isOpen { return }
        head.append("\r\n")
        isOpen = false
        head.set(.cookie, value)
    }

    /// Adds the crumbs that came late.
    @inline(__always)
    mutating func finish(in head: Head) {
        close(in: head)
        if isNeverIndexed { head.neverIndex(.cookie) }
        if late.isEmpty { return }
        let start = head.append(value).start
        head.append(late.span)
        head.set(.cookie, Head.Slice(Int(start), head.byteCount))
    }
}
