import Testing

@testable import LogShipper

struct FluentBitYAMLTests {
    private func read(_ text: String) throws(LogConfigurationFailure) -> LogConfiguration {
        let environment = FluentTexts.environment(["PORT": "9200"])
        let sections = try FluentBitYAML.read(
            text: Array(text.utf8),
            file: "b.yaml",
            environment: environment
        )
        return try FluentBitCompiler.compile(sections, file: "b.yaml", environment: environment)
    }

    @Test func yamlComesToWhatAClassicFileComesTo() throws {
        let yaml = try read(
            """
            env:
              level: error
            service:
              flush: 2
            parsers:
              - name: mine
                format: regex
                regex: '^(?<level>\\w+) (?<text>.*)$'
            multiline_parsers:
              - name: traces
                type: regex
                flush_timeout: 1000
                rules:
                  - state: start_state
                    regex: '/^\\S "x"/'
                    next_state: cont
                  - state: cont
                    regex: '/^\\s/'
                    next_state: cont
            pipeline:
              inputs:
                - name: tail
                  path: /a.log
                  parser: mine
                - name: tail
                  path: /b.log
                  multiline.parser: traces
              filters:
                - name: grep
                  match: '*'
                  regex: level ${level}
                - name: modify
                  match: a
                  add: [x 1, y 2]
              outputs:
                - name: es
                  match: '*'
                  port: ${PORT}
            """
        )
        let classic = try FluentTexts.fluentBit(
            """
            [SERVICE]
                flush 2
            [PARSER]
                name mine
                format regex
                regex ^(?<level>\\w+) (?<text>.*)$
            [MULTILINE_PARSER]
                name traces
                type regex
                flush_timeout 1000
                rule "start_state" "/^\\S \\"x\\"/" "cont"
                rule "cont" "/^\\s/" "cont"
            [INPUT]
                name tail
                path /a.log
                parser mine
            [INPUT]
                name tail
                path /b.log
                multiline.parser traces
            [FILTER]
                name grep
                match *
                regex level error
            [FILTER]
                name modify
                match a
                add x 1
                add y 2
            [OUTPUT]
                name es
                match *
                port 9200
            """
        )
        #expect(yaml.withoutPlaces == classic.withoutPlaces)
        #expect(yaml.sources[1].place.description == "b.yaml:25:7")
        ShortLogs.checkRoundTrip(yaml)
    }

    @Test(
        "What can't be honoured is refused by name and place",
        arguments: [
            (
                "pipeline:\n  inputs:\n    - name: tail\n      path: /a\n      processors: {}\n",
                "b.yaml:5:7: processors are not supported (write them as filters)"
            ),
            (
                "pipeline:\n  input: []\n",
                "b.yaml:2:3: \"input\" is not a part of pipeline (did you mean \"inputs\"?)"
            ),
            (
                "pipelines: {}\n",
                "b.yaml:1:1: \"pipelines\" is not supported (did you mean \"pipeline\"?)"
            ),
            (
                "plugins: [/a.so]\n",
                "b.yaml:1:1: \"plugins\" is not supported (plugins are not loaded)"
            ),
            ("service: 5\n", "b.yaml:1:10: service is a number; an object was expected"),
            ("pipeline: {inputs: {}}\n", "b.yaml:1:20: inputs is an object; a list was expected"),
            (
                "multiline_parsers:\n  - name: x\n    rules: [{state: a}]\n",
                "b.yaml:3:13: a rule has no regex (a rule has state, regex and next_state)"
            ),
            ("env: {a: []}\n", "b.yaml:1:10: env has a list where a text was expected"),
        ]
    )
    func refuses(text: String, expected: String) {
        let said: String
        do {
            _ = try read(text)
            said = "taken"
        } catch {
            said = error.description
        }
        #expect(said == expected)
    }
}
