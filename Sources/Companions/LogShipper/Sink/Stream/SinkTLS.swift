internal import CompanionKit
internal import Identity

/// TLS as a sink's configuration wants it.
enum SinkTLS {
    /// The certificates, which are read again when their files change.
    ///
    /// - Throws: what the files lack.
    static func files(_ options: SinkTLSOptions) throws(SinkFailure) -> ClientTLSFiles {
        do throws(TLSContextFailure) {
            return try ClientTLSFiles(
                authorityFile: options.authorityFile,
                certificateFile: options.certificateFile,
                keyFile: options.keyFile,
                serverName: options.serverName,
                verifies: options.verifies
            )
        } catch {
            throw SinkFailure("TLS can't be made ready: \(error)")
        }
    }
}
