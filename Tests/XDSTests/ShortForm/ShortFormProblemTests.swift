import Testing

@testable import XDS

@Suite struct ShortFormProblemTests {
    private static let empty = ConfigurationEnvironment([:])

    static func lines(_ text: String) -> [String] {
        do throws(ConfigurationErrors) {
            let loaded = try ConfigurationLoader.load(
                text: text,
                name: "sidecar.yaml",
                environment: empty
            )
            _ = try SnapshotCompiler.compile(loaded)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func theValidFormIsTakenWithoutAWarning() throws {
        let loaded = try ConfigurationLoader.load(
            text: BadShortForm.valid,
            name: "sidecar.yaml",
            environment: Self.empty
        )
        #expect(try SnapshotCompiler.compile(loaded).warnings == [])
    }

    @Test(arguments: BadShortForm.all)
    func aSlipIsToldWithItsPlaceAndAHint(form: BadShortForm) throws {
        try #require(BadShortForm.valid.contains(form.old), "the form has no \(form.old)")
        let text = BadShortForm.valid.replacingOccurrence(of: form.old, with: form.new)
        #expect(Self.lines(text) == form.lines)
    }

    @Test func everyProblemOfAFormIsTold() throws {
        let text = BadShortForm.valid
            .replacingOccurrence(of: "port: 8080", with: "port: 0")
            .replacingOccurrence(of: "timeout: 10s", with: "timeout: 10")
            .replacingOccurrence(of: "format: json", with: "format: jsn")
        #expect(
            Self.lines(text) == [
                "sidecar.yaml:7:11: spec.app.port: 0 is out of range: from 1 to 65535",
                "sidecar.yaml:11:14: spec.inbound.timeout: \"10\" is not a duration: "
                    + "write the unit too, such as 10s or 10ms",
                "sidecar.yaml:29:18: spec.logs.format: \"jsn\" is not a known value: "
                    + "did you mean \"json\"?",
            ]
        )
    }

    @Test func whatTheCompilerFindsIsToldOfTheForm() throws {
        let text = BadShortForm.valid.replacingOccurrence(
            of: "listen: 15010",
            with: "listen: 0.0.0.0:15006"
        )
        let line = try #require(Self.lines(text).first)
        #expect(line.hasPrefix("sidecar.yaml:20:7: spec.outbound[\"catalog\"].listen: "))
    }

    @Test func aFieldWithoutAValueIsAWarning() throws {
        let loaded = try ConfigurationLoader.load(
            text: BadShortForm.valid.replacingOccurrence(of: "timeout: 2s", with: "timeout:"),
            name: "sidecar.yaml",
            environment: Self.empty
        )
        #expect(
            loaded.warnings.map(\.description) == [
                "sidecar.yaml:16:7: spec.outbound[\"payments\"].timeout: it has no value and counts "
                    + "as not given: remove it, or give it a value"
            ]
        )
    }

    /// Anything at all in place of any value is refused or taken, and never ends the process.
    @Test(arguments: [
        "~", "[]", "{}", "-1", "1e99", "99999999999999999999", "\"\"", "[[[]]]", "{a: {b: c}}",
        "9223372036854775807h", "999999999.999999999d", "::1", "[::1]:80", "*", "\"\\0\"", "100.0%",
    ])
    func noValueEndsTheProcess(value: String) throws {
        let lines = BadShortForm.valid.split(separator: "\n").map(String.init)
        for (index, line) in lines.enumerated() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            var changed = lines
            changed[index] = line[...colon] + " " + value
            for problem in Self.lines(changed.joined(separator: "\n")) {
                #expect(problem.hasPrefix("sidecar.yaml:"))
            }
        }
    }
}
