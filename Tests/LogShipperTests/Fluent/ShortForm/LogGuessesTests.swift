import Testing

@testable import LogShipper

/// What those are told who know another log shipper.
struct LogGuessesTests {
    @Test(
        "A word of another log shipper is answered with the right one",
        arguments: [
            (
                "sources: {type: tail, path: /a}",
                "the kind is a field: tail: … instead of type: tail"
            ),
            ("sources: {type: file}", "the kind is a field: tail: … instead of type: file"),
            ("sources: {file: /a}", "did you mean \"tail\"?"),
            ("sources: {app: {type: file}}", "names do not stand before sources; write a list"),
            ("sources: {tail: /a, time: ts}", "the time is a part of parse"),
            ("sources: {journald: true}", "process: journalctl --follow --output json"),
            ("sources: {syslog: 'udp://0.0.0.0:514'}", "without udp://"),
            ("sinks: {console: true}", "did you mean \"stdout\"?"),
            ("sinks: {stdout: true, inputs: a}", "did you mean \"match\"?"),
            ("sinks: {stdout: true, buffer: {size: 1MiB}}", "did you mean \"memory\"?"),
            ("filters: {throttle: 1}", "did you mean \"rateLimit\"?"),
            ("filters: {grep: {a: b}}", "keep: {level: error}"),
            ("inputs: {tail: /a}", "did you mean \"sources\"?"),
        ]
    )
    func guesses(_ line: String, _ hint: String) throws {
        let failures = #expect(throws: LogConfigurationFailures.self) {
            try ShortLogs.read("logs:\n  \(line)\n")
        }
        let hints = try #require(failures).problems.compactMap(\.hint)
        #expect(hints.contains { $0.contains(hint) }, "\(hints)")
    }

    @Test func aReferenceThatNamesNoVariableIsWarnedOf() throws {
        let configuration = try ShortLogs.read(
            "logs:\n  sources: {tail: /a, tag: '${file:/x}'}\n  sinks: {discard: true}\n"
        )
        #expect(configuration.warnings.map(\.place.line) == [2])
        #expect(configuration.sources[0].tag == "${file:/x}")
    }
}
