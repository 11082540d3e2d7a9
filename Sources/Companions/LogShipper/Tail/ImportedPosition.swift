internal import CSQLite
internal import CompanionKit

/// Where another program was in a file.
struct ImportedPosition: Sendable, Equatable {
    var path: String
    var offset: UInt64
    var inode: UInt64

    /// Reads fluentd's position file or fluent-bit's database; nothing where there is none.
    static func read(_ from: ImportedPositions) throws -> [ImportedPosition] {
        switch from.form {
        case .fluentdPosFile:
            let bytes = try AtomicFile.read(from.path, bytesMax: 64 << 20) ?? []
            return posFile(bytes)
        case .fluentBitDatabase:
            return try database(from.path)
        }
    }

    /// One line for each file: path, offset and inode in 16 hexadecimal digits, with tabs between.
    ///
    /// The last line of a path counts; an offset of all ones is a file that is not watched any more.
    static func posFile(_ bytes: [UInt8]) -> [ImportedPosition] {
        var found: [String: ImportedPosition] = [:]
        for line in bytes.split(separator: 0x0a) {
            let fields = line.split(separator: 0x09, omittingEmptySubsequences: false)
            guard fields.count == 3, !fields[0].isEmpty,
                let offset = hexadecimal(fields[1]), let inode = hexadecimal(fields[2])
            else { continue }
            let path = String(decoding: fields[0], as: UTF8.self)
            if offset == .max {
                found[path] = nil
            } else if offset <= UInt64(Int64.max) {
                found[path] = ImportedPosition(path: path, offset: offset, inode: inode)
            }
        }
        return found.values.sorted { $0.path < $1.path }
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard (1...16).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            let part: UInt8
            switch digit {
            case 0x30...0x39: part = digit - 0x30
            case 0x61...0x66: part = digit - 0x57
            case 0x41...0x46: part = digit - 0x37
            default: return nil
            }
            value = value << 4 | UInt64(part)
        }
        return value
    }

    /// Why a database can't be read.
    struct DatabaseFailure: Error, CustomStringConvertible {
        var description: String
    }

    /// Table `in_tail_files`: the newest row of a name counts.
    private static func database(_ path: String) throws -> [ImportedPosition] {
        guard try AtomicFile.read(path, bytesMax: 256 << 20) != nil else { return [] }
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READONLY
        guard unsafe sqlite3_open_v2(path, &handle, flags, nil) == SQLITE_OK else {
            unsafe sqlite3_close(handle)
            throw DatabaseFailure(description: "it is no database")
        }
        defer { unsafe sqlite3_close(handle) }
        unsafe sqlite3_busy_timeout(handle, 2000)
        var statement: OpaquePointer?
        let query = "SELECT name, offset, inode FROM in_tail_files ORDER BY id"
        guard unsafe sqlite3_prepare_v2(handle, query, -1, &statement, nil) == SQLITE_OK else {
            let why = unsafe String(cString: sqlite3_errmsg(handle))
            throw DatabaseFailure(description: "it is no database of fluent-bit's tail: \(why)")
        }
        defer { unsafe sqlite3_finalize(statement) }
        var found: [String: ImportedPosition] = [:]
        while unsafe sqlite3_step(statement) == SQLITE_ROW, found.count < 1_000_000 {
            guard let name = unsafe sqlite3_column_text(statement, 0) else { continue }
            let path = unsafe String(cString: name)
            let offset = unsafe sqlite3_column_int64(statement, 1)
            let inode = unsafe sqlite3_column_int64(statement, 2)
            guard offset >= 0 else { continue }
            found[path] = ImportedPosition(
                path: path,
                offset: UInt64(offset),
                inode: UInt64(bitPattern: inode)
            )
        }
        return found.values.sorted { $0.path < $1.path }
    }
}
