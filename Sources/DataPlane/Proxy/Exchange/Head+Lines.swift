import Model

extension Head {
    /// Makes `value`, which stands in this head, the only line with this lower-case name.
    func replaceLines(_ name: StaticString, _ value: Slice) {
        let written = append(name)
        let bytes = ByteString(copying: span(written)).bytes
        remove(named: bytes.span)
        addLine(name: written, value: value)
    }
}
