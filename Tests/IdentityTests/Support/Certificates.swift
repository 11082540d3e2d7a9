import Glibc
import Model
import Testing

@testable import Identity

/// The certificates of this run, made once in a temporary directory, which goes with the process.
enum Certificates {
    static let directory: String = make()

    static func path(_ name: String) -> String { "\(directory)/\(name)" }

    static func source(
        _ name: String,
        chain: String? = nil,
        key: String? = nil
    ) -> TLSCertificateSource {
        TLSCertificateSource(
            chain: .file(path(chain ?? "\(name).pem")),
            privateKey: .file(path(key ?? "\(name).key"))
        )
    }

    static func bytes(_ name: String) -> [UInt8] {
        (try? SecretBytes.read(.file(path(name)), part: .chain)) ?? []
    }

    private static func make() -> String {
        let template = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var name = Array("\(template)/identity-tests-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&name) != nil else { return "" }
        let directory = String(
            decoding: name.dropLast().map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        run(["/bin/sh", "-c", CertificateScript.text, "certificates", directory])
        atexit { Certificates.remove() }
        return directory
    }

    private static func remove() {
        guard let folder = unsafe opendir(directory) else { return }
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { name in
                unsafe String(cString: UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
            }
            // Files alone are made there.
            _ = unsafe unlink(path(name))
        }
        _ = unsafe closedir(folder)
        _ = unsafe rmdir(directory)
    }

    private static func run(_ words: [String]) {
        var arguments = unsafe words.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        var process: pid_t = 0
        let status = unsafe posix_spawn(&process, words[0], nil, nil, arguments, environ)
        var result: Int32 = 0
        if status == 0 { unsafe waitpid(process, &result, 0) }
        if status != 0 || result != 0 {
            Issue.record("the certificates could not be made: is the openssl command there?")
        }
        var index = 0
        while index < words.count {
            unsafe free(arguments[index])
            index += 1
        }
    }
}
