package import Document
internal import Glibc

/// The configuration files in a directory.
package enum ConfigurationDirectory {
    /// What the names of files end with.
    private static let endings = [".yaml", ".yml", ".json"]
    /// More than anybody means to merge.
    private static let entriesMax = 10_000

    /// Whether `path` leads to a directory.
    package static func isDirectory(_ path: String) -> Bool {
        kind(of: path) == S_IFDIR
    }

    /// The `*.yaml`, `*.yml` and `*.json` files in a directory, in the order of their names' bytes.
    ///
    /// Hidden entries are passed over, so that a volume of Kubernetes, which shows each file as a link
    /// through the hidden `..data`, is read once. Links are followed; directories inside are not.
    /// - Throws: why the directory can't be read, or that it holds no such file.
    package static func files(in directory: String) throws(DocumentFailure) -> [String] {
        let names = try entries(of: directory).filter { name in
            !name.hasPrefix(".") && endings.contains { name.hasSuffix($0) }
        }
        let base = directory.hasSuffix("/") ? directory : directory + "/"
        let files = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .map { base + $0 }
            // What vanished meanwhile is told when it is opened.
            .filter { (kind(of: $0) ?? S_IFREG) != S_IFDIR }
        guard !files.isEmpty else {
            throw DocumentFailure(
                what: "there is no configuration file in the directory",
                hint: "its *.yaml, *.yml and *.json files are read"
            )
        }
        return files
    }

    private static func entries(of directory: String) throws(DocumentFailure) -> [String] {
        guard let stream = unsafe opendir(directory) else {
            throw DocumentFailure(
                what: "the directory can't be opened",
                hint: FileContents.reason(errno)
            )
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
            guard names.count <= entriesMax else {
                throw DocumentFailure(
                    what: "the directory has more than \(entriesMax) entries",
                    hint: "give the configuration a directory of its own"
                )
            }
        }
        return names
    }

    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return status.st_mode & S_IFMT
    }
}
