internal import Document
internal import FoundationEssentials
internal import Glibc

/// `envoy.config.core.v3.DataSource`: bytes in place, in a file or in the environment.
extension Compilation {
    /// The bytes; nil, and a problem, where they cannot be had or are more than `limit`.
    func bytes(
        _ source: Envoy_Config_Core_V3_DataSource,
        _ path: FieldPath,
        limit: Int
    ) -> [UInt8]? {
        let found: [UInt8]
        let place: FieldPath
        switch source.specifier {
        case .inlineString(let text):
            place = path["inline_string"]
            found = Array(text.utf8)
        case .inlineBytes(let data):
            place = path["inline_bytes"]
            found = Array(data)
        case .environmentVariable(let name):
            place = path["environment_variable"]
            guard !name.isEmpty, !name.utf8.contains(0), let value = unsafe getenv(name) else {
                refuse(place, "there is no environment variable \(quoted(name))", "set it")
                return nil
            }
            found = unsafe Array(UnsafeRawBufferPointer(start: value, count: strlen(value)))
        case .filename(let name):
            place = path["filename"]
            files.append(name)
            do {
                found = try FileContents.read(name)
            } catch {
                refuse(place, "\(quoted(name)): \(error.what)", error.hint ?? "")
                return nil
            }
        case nil:
            refuse(path, "names no source", "give inline_string, filename or environment_variable")
            return nil
        }
        if found.count > limit {
            refuse(place, "has \(found.count) bytes", "at most \(limit) are allowed here")
            return nil
        }
        if case .inlineString = source.specifier { return found }
        outside.append(contentsOf: Array("source \(place) \(found.count)\n".utf8))
        outside.append(contentsOf: found)
        return found
    }
}
