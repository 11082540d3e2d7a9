package import Model

/// Reads the cookies of a request (RFC 6265 section 4.2).
package enum Cookies {
    /// The value of the first cookie with this name, without the quotes around it; nil where there
    /// is none.
    package static func value(named name: Span<UInt8>, in head: Head) -> Head.Slice? {
        guard let first = head.firstIndex(.cookie) else { return nil }
        for index in first..<head.fieldCount {
            let field = head.field(at: index)
            if field.known != .cookie || field.isRemoved { continue }
            if let found = value(named: name, in: head.span(field.value)) {
                let base = Int(field.value.start)
                return Head.Slice(base + found.lowerBound, base + found.upperBound)
            }
        }
        return nil
    }

    private static func value(named name: Span<UInt8>, in line: Span<UInt8>) -> Range<Int>? {
        var start = 0
        while start < line.count {
            let end = line.firstIndex(of: 0x3b, from: start) ?? line.count
            var begin = start
            while begin < end, line[begin] == 0x20 || line[begin] == 0x09 { begin += 1 }
            start = end + 1
            guard let mark = line.firstIndex(of: 0x3d, from: begin), mark < end,
                line.extracting(begin..<mark).equals(name)
            else { continue }
            var from = mark + 1
            var until = end
            if until - from >= 2, line[from] == 0x22, line[until - 1] == 0x22 {
                from += 1
                until -= 1
            }
            return from..<until
        }
        return nil
    }
}
