import Glibc

extension FluentEnvironment {
    /// That of this process.
    package static func process() -> FluentEnvironment {
        var name = [CChar](repeating: 0, count: 256)
        var hostname = "localhost"
        if unsafe gethostname(&name, 255) == 0 {
            let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            hostname = String(decoding: bytes, as: UTF8.self)
        }
        return FluentEnvironment(hostname: hostname) { name in
            guard !name.isEmpty, !name.utf8.contains(0), let value = unsafe getenv(name) else {
                return nil
            }
            return unsafe String(cString: value)
        }
    }
}

/// The files of one configuration: read within limits, none inside of itself.
struct FluentFiles {
    static let bytesMax = 16 << 20
    static let filesMax = 1000
    static let depthMax = 16

    private var stack: [String] = []
    private var bytes = 0
    private var files = 0
    private let read: FilesRead?

    init(_ read: FilesRead? = nil) { self.read = read }

    /// Reads a file and enters it; ``leave()`` is due after a success.
    mutating func enter(
        _ path: String,
        from place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> [UInt8] {
        let real = Self.real(path)
        guard !stack.contains(real) else {
            throw LogConfigurationFailure(
                place: place,
                what: "\(fluentQuoted(path)) includes itself",
                hint: (stack + [real]).joined(separator: " → ")
            )
        }
        guard stack.count < Self.depthMax else {
            throw LogConfigurationFailure(
                place: place,
                what: "files are included \(Self.depthMax) deep",
                hint: "the limit is \(Self.depthMax)"
            )
        }
        files += 1
        guard files <= Self.filesMax else {
            throw LogConfigurationFailure(
                place: place,
                what: "more than \(Self.filesMax) files are included"
            )
        }
        read?.add(path)
        let content = try Self.read(path, from: place, limit: Self.bytesMax - bytes)
        bytes += content.count
        stack.append(real)
        return content
    }

    mutating func leave() { _ = stack.popLast() }

    /// The path without symbolic links, or the path as it is.
    private static func real(_ path: String) -> String {
        guard !path.utf8.contains(0), let found = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }

    private static func read(
        _ path: String,
        from place: ConfigurationPlace,
        limit: Int
    ) throws(LogConfigurationFailure) -> [UInt8] {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK
        let descriptor = path.utf8.contains(0) ? -1 : unsafe open(path, flags)
        guard descriptor >= 0 else {
            throw LogConfigurationFailure(
                place: place,
                what: "\(fluentQuoted(path)) can't be opened: \(reason(errno))"
            )
        }
        defer { _ = close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw LogConfigurationFailure(place: place, what: "\(fluentQuoted(path)) is not a file")
        }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, 65536)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw LogConfigurationFailure(
                    place: place,
                    what: "\(fluentQuoted(path)) can't be read: \(reason(errno))"
                )
            }
            if count == 0 { return content }
            content.append(contentsOf: buffer[..<count])
            guard content.count <= limit else {
                throw LogConfigurationFailure(
                    place: place,
                    what: "the configuration is larger than \(bytesMax >> 20) MiB"
                )
            }
        }
    }

    private static func reason(_ code: Int32) -> String {
        unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
    }

    /// The files that a glob names, sorted.
    ///
    /// Its folder counts as read, so that new files are noticed; of a folder that is watched files
    /// count that are called like configurations.
    func matching(_ pattern: String) -> [String] {
        let isUsual = [".conf", ".yaml", ".yml"].contains { pattern.hasSuffix($0) }
        if isUsual, let star = pattern.firstIndex(where: { "*?[{".contains($0) }) {
            read?.add(Self.folder(of: String(pattern[..<star]) + "x"))
        }
        return Self.matching(pattern)
    }

    /// The files that a glob names, sorted.
    static func matching(_ pattern: String) -> [String] {
        guard !pattern.utf8.contains(0) else { return [] }
        var found = unsafe glob_t()
        defer { unsafe globfree(&found) }
        guard unsafe glob(pattern, GLOB_BRACE | GLOB_NOSORT, nil, &found) == 0 else { return [] }
        var paths: [String] = []
        var index = 0
        while index < Int(unsafe found.gl_pathc) {
            if let path = unsafe found.gl_pathv[index] {
                paths.append(unsafe String(cString: path))
            }
            index += 1
        }
        return paths.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }

    /// The folder of a path, without the slash at its end.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        let folder = path[..<slash]
        return folder.isEmpty ? "/" : String(folder)
    }

    /// A path as it is meant in a file of the folder.
    static func resolve(_ path: String, in folder: String) -> String {
        if path.hasPrefix("/") || folder == "." || folder.isEmpty { return path }
        return folder == "/" ? "/" + path : folder + "/" + path
    }
}
