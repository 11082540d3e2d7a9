package import Model

extension QueryParameterMatcher {
    /// True where the query has what the matcher asks for
    /// (`envoy.config.route.v3.QueryParameterMatcher`).
    ///
    /// The first parameter with the name counts. Names and values are compared as they stand, not
    /// decoded; a parameter without `=` has an empty value.
    package func matches(query: Span<UInt8>) -> Bool {
        let key = name.bytes
        var start = 0
        while start < query.count {
            let end = query.firstIndex(of: 0x26, from: start) ?? query.count
            let parameter = query.extracting(start..<end)
            let mark = parameter.firstIndex(of: 0x3d) ?? parameter.count
            if parameter.extracting(0..<mark).equals(key.span) {
                switch condition {
                case .present: return true
                case .absent: return false
                case .string(let matcher):
                    let value = parameter.extracting(min(mark + 1, parameter.count)...)
                    return matcher.matches(value)
                }
            }
            start = end + 1
        }
        if case .absent = condition { return true }
        return false
    }
}
