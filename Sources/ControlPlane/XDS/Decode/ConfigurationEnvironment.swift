internal import Document
internal import Glibc

/// Where `${NAME}` in a configuration gets its values from.
package struct ConfigurationEnvironment: Sendable {
    /// The value of a variable; nil where it is not set.
    let value: @Sendable (String) -> String?
    /// The names that are set, for "did you mean …?"; values are never told.
    let names: @Sendable () -> [String]

    /// The variables of this process.
    package static let process = ConfigurationEnvironment(
        value: { name in
            guard !name.utf8.contains(0), let value = unsafe getenv(name) else { return nil }
            return unsafe String(cString: value)
        },
        names: {
            // What the process was started with: the list of the C library is not safe to walk.
            let bytes = (try? FileContents.read("/proc/self/environ")) ?? []
            return bytes.split(separator: 0).compactMap { entry in
                String(validating: entry.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
            }
        }
    )

    private init(
        value: @escaping @Sendable (String) -> String?,
        names: @escaping @Sendable () -> [String]
    ) {
        self.value = value
        self.names = names
    }

    /// Variables with these values and no others.
    package init(_ values: [String: String]) {
        self.init(value: { values[$0] }, names: { values.keys.sorted() })
    }
}
