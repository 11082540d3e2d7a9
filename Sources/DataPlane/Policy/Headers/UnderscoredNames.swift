package import Model

/// What becomes of header names with an underscore (`headers_with_underscores_action`): some servers
/// read them as the same name with a dash.
package enum UnderscoredNames {
    package enum Verdict: Equatable, Sendable {
        case kept
        /// So many lines were removed.
        case dropped(Int)
        case rejected
    }

    /// Looks at every name, unless all are allowed.
    package static func apply(
        _ rule: HTTPConnectionManager.UnderscoredHeaders,
        to head: Head
    ) -> Verdict {
        if case .allow = rule { return .kept }
        var dropped = 0
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            // No known name has an underscore.
            if field.isRemoved || field.known != .unknown { continue }
            guard head.span(field.name).firstIndex(of: 0x5f) != nil else { continue }
            if case .reject = rule { return .rejected }
            head.remove(at: index)
            dropped += 1
        }
        return dropped == 0 ? .kept : .dropped(dropped)
    }
}
