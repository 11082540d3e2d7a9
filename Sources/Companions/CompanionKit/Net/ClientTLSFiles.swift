import Glibc
package import Identity
import Telemetry

/// The TLS of the connections to one backend, made again when one of its files changes.
///
/// Certificates of pods are replaced every few hours or days, and the old ones end soon after: whoever
/// keeps connections asks ``refresh()`` before each use, and makes new ones where that says so. Files
/// that can't be read any more, or don't fit each other, leave the TLS as it was. Used by one thread.
package final class ClientTLSFiles {
    /// What the next connection uses.
    package private(set) var current: ClientTLS
    private let make: () throws(TLSContextFailure) -> ClientTLS
    private let paths: [String]
    private var stamps: [Stamp?]
    private var nextLook = ContinuousClock.now
    private let interval: Duration

    /// What tells a file from the one that was there before.
    private struct Stamp: Equatable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var modified: [Int]
        var changed: [Int]

        init?(_ path: String) {
            var facts = stat()
            // Through links: a mounted secret is renewed by turning one to another folder.
            guard unsafe stat(path, &facts) == 0 else { return nil }
            device = UInt64(facts.st_dev)
            inode = UInt64(facts.st_ino)
            size = Int64(facts.st_size)
            modified = [facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec]
            changed = [facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec]
        }
    }

    /// - Parameters:
    ///   - authorityFile: PEM; nil: the system's authorities.
    ///   - verifies: false takes any certificate, which only tests should want.
    ///   - interval: how often the files are looked at, at most.
    package init(
        authorityFile: String?,
        certificateFile: String?,
        keyFile: String?,
        serverName: String?,
        verifies: Bool,
        interval: Duration = .seconds(1)
    ) throws(TLSContextFailure) {
        let make = { () throws(TLSContextFailure) in
            try ClientTLS(
                authorityFile: authorityFile,
                certificateFile: certificateFile,
                keyFile: keyFile,
                serverName: serverName,
                verifies: verifies
            )
        }
        self.make = make
        self.interval = interval
        paths = [verifies ? authorityFile : nil, certificateFile, keyFile].compactMap { $0 }
        // The stamps are taken before the files are read: what changes meanwhile is seen next time.
        stamps = paths.map { Stamp($0) }
        current = try make()
    }

    /// Looks at the files; true where ``current`` is another now, and connections should be made anew.
    package func refresh() -> Bool {
        let now = ContinuousClock.now
        guard !paths.isEmpty, now >= nextLook else { return false }
        nextLook = now.advanced(by: interval)
        let found = paths.map { Stamp($0) }
        guard found != stamps else { return false }
        stamps = found
        do throws(TLSContextFailure) {
            current = try make()
            return true
        } catch {
            Log.shared.log(
                .warning,
                "certificates have changed and can't be used: \(error); the old ones stay",
                ["files": paths.joined(separator: " ")]
            )
            return false
        }
    }
}
