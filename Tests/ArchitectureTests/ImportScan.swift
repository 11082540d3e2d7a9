/// Finds the modules that a Swift file imports.
///
/// Of conditional blocks only the first branch counts: generated code asks for FoundationEssentials
/// and falls back to what other systems have.
enum ImportScan {
    struct Import: Equatable {
        var module: String
        var line: Int
    }

    static func imports(in text: String) -> [Import] {
        var found: [Import] = []
        // For each open #if: whether its first branch is being read.
        var branches: [Bool] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let first = words.first else { continue }
            switch first {
            case "#if": branches.append(true)
            case "#elseif", "#else":
                if !branches.isEmpty { branches[branches.count - 1] = false }
            case "#endif": _ = branches.popLast()
            default:
                if branches.contains(false) { continue }
                if let module = module(importedBy: words) {
                    found.append(Import(module: module, line: index + 1))
                }
            }
        }
        return found
    }

    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor",
    ]

    /// `package import struct Module.Name` names `Module`.
    private static func module(importedBy words: [Substring]) -> String? {
        guard let position = words.firstIndex(of: "import") else { return nil }
        let levels: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
        let isImport = words[..<position].allSatisfy { levels.contains($0) || $0.hasPrefix("@") }
        guard isImport else { return nil }
        var rest = words[(position + 1)...]
        if let kind = rest.first, kinds.contains(kind) { rest = rest.dropFirst() }
        return rest.first.map { String($0.prefix { $0 != "." && $0 != ";" }) }
    }
}
