import Glibc

/// The project's files as text, read from the checkout that these tests were compiled from.
enum SourceTree {
    /// The folder of the package: three levels above this file.
    static let root: String = {
        let here = #filePath
        return here.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
    }()

    /// Every file below `folder` with one of these endings, by path relative to the package; sorted.
    static func files(in folder: String, endings: [String]) -> [SourceFile] {
        paths(below: folder).filter { path in endings.contains { path.hasSuffix($0) } }
            .sorted()
            .map { SourceFile(path: $0, text: text(of: $0)) }
    }

    /// The text of one file; empty where it cannot be read.
    static func text(of path: String) -> String {
        guard let file = unsafe fopen("\(root)/\(path)", "r") else { return "" }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let skipped: Set<String> = [".build", ".git", "__pycache__", "work", "venv"]

    private static func paths(below folder: String) -> [String] {
        guard let directory = unsafe opendir("\(root)/\(folder)") else { return [] }
        defer { unsafe closedir(directory) }
        var found: [String] = []
        while let entry = unsafe readdir(directory) {
            let isFolder = unsafe entry.pointee.d_type == UInt8(DT_DIR)
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." || skipped.contains(name) { continue }
            let path = folder == "." ? name : "\(folder)/\(name)"
            if isFolder { found += paths(below: path) } else { found.append(path) }
        }
        return found
    }
}

/// One file of the project.
struct SourceFile {
    var path: String
    var text: String

    /// What a generator wrote follows the generator's style.
    var isGenerated: Bool { path.contains("/Generated/") || path.hasSuffix(".pb.swift") }

    /// True where `part` stands anywhere in the text; quick, to be asked before the lines are read.
    func mentions(_ part: String) -> Bool {
        unsafe strstr(text, part) != nil
    }

    var lines: [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The lines without comments, each with its number from 1.
    var code: [(number: Int, text: String)] {
        lines.enumerated().compactMap { index, line in
            let words = line.drop { $0 == " " }
            if words.hasPrefix("//") { return nil }
            // A comment after code says why, and may name what the code avoids.
            if let comment = line.firstRange(of: " //") {
                return (index + 1, String(line[..<comment.lowerBound]))
            }
            return (index + 1, String(line))
        }
    }
}

extension Substring {
    /// Where `text` stands first, compared as bytes.
    func firstRange(of text: String) -> Range<Substring.Index>? {
        let wanted = Array(text.utf8)
        var start = utf8.startIndex
        while start != utf8.endIndex {
            let rest = utf8[start...]
            if rest.starts(with: wanted) {
                return start..<utf8.index(start, offsetBy: wanted.count)
            }
            start = utf8.index(after: start)
        }
        return nil
    }
}
