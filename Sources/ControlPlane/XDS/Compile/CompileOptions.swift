package import Model

/// What the command line adds to a configuration.
package struct CompileOptions: Sendable {
    /// Filters that are named without a configuration are left out with a warning, not refused.
    package var allowsUnconfiguredFilters: Bool
    /// The admin interface listens here, whatever the files say.
    package var adminOverride: SocketAddress?
    /// Local replies say in words what decided.
    package var explainsLocalReplies: Bool
    /// The number of the snapshot; the first of a process is 1.
    package var version: UInt64

    package init(
        allowsUnconfiguredFilters: Bool = false,
        adminOverride: SocketAddress? = nil,
        explainsLocalReplies: Bool = true,
        version: UInt64 = 1
    ) {
        self.allowsUnconfiguredFilters = allowsUnconfiguredFilters
        self.adminOverride = adminOverride
        self.explainsLocalReplies = explainsLocalReplies
        self.version = version
    }
}
