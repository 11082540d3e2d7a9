import Testing

@testable import XDS

@Suite struct EnvironmentTests {
    private let environment = ConfigurationEnvironment([
        "PORT": "8080", "HOST": "10.0.0.1", "EMPTY": "", "EVIL": "x\nadmin: {a: b}\n# \": ",
        "_A1": "v",
    ])

    private func filled(_ text: String) throws -> String {
        let loaded = try ConfigurationLoader.load(
            text: "node: {id: \"\(text)\"}",
            name: "envoy.yaml",
            environment: environment
        )
        return loaded.bootstrap.node.id
    }

    private func problems(_ text: String) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try ConfigurationLoader.load(
                text: text,
                name: "envoy.yaml",
                environment: environment
            )
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test(arguments: [
        ("${HOST}:${PORT}", "10.0.0.1:8080"), ("${_A1}", "v"), ("a${EMPTY}b", "ab"),
        ("${NONE:-d}", "d"), ("${EMPTY:-d}", "d"), ("${NONE:-}", ""), ("${PORT:-1}", "8080"),
        ("$${PORT}", "${PORT}"), ("$${NONE:-x}", "${NONE:-x}"), ("$$${PORT}", "$${PORT}"),
    ])
    func variablesAreFilledIn(text: String, result: String) throws {
        #expect(try filled(text) == result)
    }

    @Test(arguments: [
        "$PORT", "${", "${}", "${1A}", "${A-B}", "${A:B}", "${PORT", "$", "$$", "a$", "^/a$",
        "%REQ(A)%", "$${", "${ PORT }", "${PORT:-x",
    ])
    func everyOtherDollarStays(text: String) throws {
        #expect(try filled(text) == text)
    }

    @Test func aPlainScalarBecomesWhatItLooksLike() throws {
        let loaded = try ConfigurationLoader.load(
            text: """
                admin:
                  address:
                    socket_address:
                      address: ${HOST}
                      port_value: ${PORT}
                """,
            name: "envoy.yaml",
            environment: environment
        )
        #expect(loaded.bootstrap.admin.address.socketAddress.portValue == 8080)
        #expect(loaded.bootstrap.admin.address.socketAddress.address == "10.0.0.1")
    }

    @Test func aValueCannotAddAField() throws {
        let loaded = try ConfigurationLoader.load(
            text: "node:\n  id: ${EVIL}\n",
            name: "envoy.yaml",
            environment: environment
        )
        #expect(loaded.bootstrap.node.id == "x\nadmin: {a: b}\n# \": ")
        #expect(!loaded.bootstrap.hasAdmin)
    }

    @Test func anUnsetVariableIsToldWithoutAnyValue() {
        #expect(
            problems("node:\n  id: ${PROT}\n  cluster: ${SOMETHING_ELSE}\n") == [
                "envoy.yaml:2:7: node.id: the environment variable PROT is not set: "
                    + "did you mean PORT?",
                "envoy.yaml:3:12: node.cluster: the environment variable SOMETHING_ELSE is not set: "
                    + "set it, or give a default: ${SOMETHING_ELSE:-value}",
            ]
        )
    }

    @Test func aVariableBetweenBracesNeedsQuotes() throws {
        let line = try #require(problems("node: {id: ${HOST}}\n").first)
        #expect(line.hasSuffix("between { } and [ ], a variable needs quotes: \"${NAME}\""))
    }
}
