internal import Synchronization

/// The files and folders that decide what a configuration says: a change of any asks for reading anew.
///
/// From any thread.
package final class FilesRead: Sendable {
    private let names = Mutex<[String]>([])
    /// More are not watched.
    private static let namesMax = 10_000

    package init() {}

    package func add(_ name: String) {
        names.withLock { names in
            if names.count < Self.namesMax, !names.contains(name) { names.append(name) }
        }
    }

    /// In the order in which they were read.
    package var all: [String] { names.withLock { $0 } }
}
