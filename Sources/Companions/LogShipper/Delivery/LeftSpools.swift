internal import CompanionKit
import Glibc
import Telemetry

/// Spools under the state directory that the sinks of a configuration find there, and those that
/// nobody sends any more.
///
/// In each lies a file `sink` that says where it was sent. A sink whose name changed finds its spool by
/// that; a spool of another kind of sink is put aside, for what is in it is written in another form.
enum LeftSpools {
    private static let noteName = "sink"

    /// Gives each sink its folder, and says what lies in those of sinks that are gone; before the
    /// spools are opened.
    static func arrange(_ sinks: [SinkConfiguration], stateDirectory: String) {
        let root = stateDirectory + "/spool"
        let keys = SinkKey.keys(of: sinks)
        let own = sinks.indices.filter {
            sinks[$0].buffer.diskMax > 0 && sinks[$0].buffer.directory == nil
        }
        var notes: [String: String] = [:]
        for name in Glob.names(in: root) { notes[name] = note(of: "\(root)/\(name)") }
        for index in own {
            let (name, key) = (sinks[index].name, keys[index])
            if notes[name] == key { continue }
            let isTaken = { (folder: String) in
                own.contains { sinks[$0].name == folder && keys[$0] == notes[folder] }
            }
            let former = notes.first { $0.value == key && !isTaken($0.key) }?.key
            let isForeign =
                notes[name].map {
                    !$0.isEmpty && (kind(of: $0) != kind(of: key) || former != nil)
                } ?? false
            if isForeign, let note = notes.removeValue(forKey: name) {
                let aside = freeName("\(name).\(note)", notes)
                AtomicFile.move("\(root)/\(name)", to: "\(root)/\(aside)")
                notes[aside] = note
            }
            if let former, former != name, notes[name] == nil {
                AtomicFile.move("\(root)/\(former)", to: "\(root)/\(name)")
                notes[former] = nil
            }
            notes[name] = key
        }
        for index in own { writeNote(keys[index], to: "\(root)/\(sinks[index].name)") }
        let names = Set(own.map { sinks[$0].name })
        for name in notes.keys.sorted() where !names.contains(name) {
            tell("\(root)/\(name)", name)
        }
    }

    private static func freeName(_ wanted: String, _ notes: [String: String]) -> String {
        var name = wanted
        while notes[name] != nil { name += "+" }
        return name
    }

    /// `elasticsearch` of `elasticsearch-1f2e`.
    private static func kind(of key: String) -> Substring { key.prefix { $0 != "-" } }

    private static func note(of folder: String) -> String {
        let bytes = (try? AtomicFile.read("\(folder)/\(noteName)", bytesMax: 4096)) ?? nil
        return String(decoding: bytes ?? [], as: UTF8.self)
    }

    private static func writeNote(_ key: String, to folder: String) {
        guard note(of: folder) != key else { return }
        do throws(FileFailure) {
            try AtomicFile.makeDirectories(folder)
            let bytes = Array(key.utf8)
            try AtomicFile.write(bytes.span, to: "\(folder)/\(noteName)")
        } catch {
            // The spool itself says what is wrong with the folder; without the note it has its name.
            return
        }
    }

    private static func tell(_ folder: String, _ name: String) {
        var bytes = 0
        for file in Glob.names(in: folder) where file.hasSuffix(".seg") {
            var facts = stat()
            if unsafe stat("\(folder)/\(file)", &facts) == 0 { bytes += Int(facts.st_size) }
        }
        guard bytes > 0 else { return }
        Log.shared.log(
            .warning,
            "records wait in the spool of \(name), which no sink of the configuration is for: they are "
                + "sent once the sink is there again, and are lost with the folder",
            ["folder": folder, "bytes": "\(bytes)"]
        )
    }
}
