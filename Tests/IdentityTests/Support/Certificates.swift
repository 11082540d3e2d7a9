import Glibc
import Model
import Testing

@testable import Identity

/// The certificates of this run, made once in a temporary directory.
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
        let template = unsafe String(cString: getenv("TMPDIR") ?? strdup("/tmp"))
        var name = Array("\(template)/identity-tests-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&name) != nil else { return "" }
        let directory = String(
            decoding: name.dropLast().map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        run(["/bin/sh", "-c", CertificateScript.text, "certificates", directory])
        return directory
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
