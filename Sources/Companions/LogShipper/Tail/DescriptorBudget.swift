import Glibc
import Synchronization

/// How many log files the process may hold open: the rest of its descriptors is for sinks and others.
enum DescriptorBudget {
    private static let held = Atomic(0)
    private static let most: Int = {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 512
        }
        return filesMax(descriptors: Int(clamping: limit.rlim_cur))
    }()

    /// Files that may be open where the process may have so many descriptors.
    static func filesMax(descriptors: Int) -> Int {
        descriptors < 1024 ? max(descriptors / 2, 8) : descriptors / 4 * 3
    }

    static var limit: Int { most }

    /// True where one more may be opened.
    static var hasRoom: Bool { held.load(ordering: .relaxed) < most }
    static func opened() { held.add(1, ordering: .relaxed) }
    static func closed() { held.subtract(1, ordering: .relaxed) }
}
