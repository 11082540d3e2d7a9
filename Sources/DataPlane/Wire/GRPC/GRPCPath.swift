import Model

/// The path of a gRPC call: `/package.Service/Method`.
package struct GRPCPath: Sendable, Equatable {
    /// With its package, where it is in the path.
    package var service: Range<Int>
    /// Where it is in the path.
    package var method: Range<Int>

    /// nil unless there are exactly two segments before the query; empty segments do not count, as
    /// in Envoy.
    package init?(_ path: Span<UInt8>) {
        let end = path.firstIndex(of: UInt8(ascii: "?")) ?? path.count
        var service: Range<Int>?
        var method: Range<Int>?
        var position = 0
        while position < end {
            let slash = path.firstIndex(of: UInt8(ascii: "/"), from: position) ?? end
            let next = min(slash, end)
            if next > position {
                if service == nil {
                    service = position..<next
                } else if method == nil {
                    method = position..<next
                } else {
                    return nil
                }
            }
            position = next + 1
        }
        guard let service, let method else { return nil }
        self.service = service
        self.method = method
    }
}
