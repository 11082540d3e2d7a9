/// The reference page of the short form, made from the tables that it is read with.
package enum LogReference {
    /// `docs/reference/logs.md`.
    package static let page: String = {
        var text = """
            # The log shipper's configuration

            Made from the code by `PILLION_WRITE_REFERENCE=1 swift test --filter LogReference`; do not \
            edit.

            What stands under `logs:`, at the top of the sidecar's file or of a file of its own. The \
            [guide](../guides/logs.md) shows how to use it.

            ```yaml
            logs:
              sources:
                - tail: /var/log/app/*.log
                  parse: json
              filters:
                - redact: [creditCard, token]
              sinks:
                - elasticsearch: https://es:9200
                  index: app-%Y.%m.%d
                  apiKey: ${ES_API_KEY}
            ```

            What a source, a filter or a sink is, is said by the field with its kind's name; the others \
            are its options. Durations are `500ms`, `5s`, `1m30s`; sizes are bytes, or `64KiB`, `8MiB`. \
            A list of one may be written without its brackets. A field that is not in these tables is \
            refused.

            `${NAME}` is the environment's variable, `${NAME:-default}` has a default, `$${NAME}` stands \
            for the text. Each secret may stand in a file: `passwordFile` instead of `password`.


            """
        table("logs", root, &text)
        text += templates
        section(
            "Sources",
            "Fields that any source may have, and then those of each kind.",
            LogSourceTables.common(of: .standardInput).descriptions + [pipeline],
            LogSourceTables.shapes,
            &text
        ) { LogSourceTables.networkFields(ofKind: $0) }
        parsers(&text)
        section(
            "Filters",
            "A filter is for the records whose tags it matches, and may stand in `filters` or in `steps`.",
            [match],
            LogFilterTables.shapes,
            &text
        )
        section(
            "Sinks",
            "Fields that any sink may have, and then those of each kind.",
            [name, match] + LogSinkTables.common.descriptions,
            LogSinkTables.shapes,
            &text
        )
        steps(&text)
        while text.hasSuffix("\n\n") { text.removeLast() }
        return text
    }()

    private static let root = [
        LogFieldDescription(
            name: "sources",
            words: "a list of [sources](#sources)",
            summary: "Where records come from.",
            standard: "required"
        ),
        LogFieldDescription(
            name: "filters",
            words: "a list of [filters](#filters)",
            summary: "What happens to records on the way, in this order.",
            standard: "none"
        ),
        LogFieldDescription(
            name: "sinks",
            words: "a list of [sinks](#sinks)",
            summary: "Where records go: each gets all of them, or those whose tags it matches.",
            standard: "required"
        ),
        LogFieldDescription(
            name: "state",
            words: "a path",
            summary: "The folder for checkpoints, spools and dead letters.",
            standard: "`--log-state`, or `/var/lib/pillion/logs`"
        ),
        LogFieldDescription(
            name: "steps",
            words: "a list of [steps](#steps)",
            summary: "Filters and outputs in any order, instead of `filters`.",
            standard: "none"
        ),
        LogFieldDescription(
            name: "pipelines",
            words: "names with a list of [steps](#steps) each",
            summary: "Steps that other steps and sources lead to.",
            standard: "none"
        ),
    ]

    private static let match = LogFieldDescription(
        name: "match",
        words: "a [tag pattern](#tags), or a list",
        summary: "The tags of the records that it is for.",
        standard: "all"
    )

    private static let name = LogFieldDescription(
        name: "name",
        words: "a name",
        summary:
            "For metrics, messages, the spool's folder and `to`. Positions in files go by where the sink "
            + "sends.",
        standard: "the kind's, then `KIND-2`"
    )

    private static let pipeline = LogFieldDescription(
        name: "pipeline",
        words: "a name",
        summary: "The pipeline that its records go to, where there are `pipelines`.",
        standard: "`steps`"
    )

    private static let templates = """
        ## Templates

        A text with parts of the record. What begins with `%` comes from it:

        | | |
        |---|---|
        | `%{field}`, `%{a.b}` | the value of a field, or of one in an object |
        | `%Y`, `%m`, `%d`, `%H`, … | the record's time in UTC, in strftime's directives |
        | `%{@tag}`, `%{@tag[0]}`, `%{@tag[-1]}` | the tag, one of its parts, one from the end |
        | `%{@tagPrefix[1]}`, `%{@tagSuffix[1]}` | the parts up to that one, or from it on |
        | `%{@hostname}` | the host's name |
        | `%{@time}`, `%{@unixTime}` | the time in ISO 8601, in seconds since 1970 |
        | `%%` | a percent sign |

        ## Tags

        A tag has parts with dots between. In a pattern `*` stands for one part, `**` for none or more, \
        `{a,b}` for either; of a list any suffices. `{fluentBit: app.*}` is fluent-bit's: `*` stands for \
        any letters, dots too.


        """

    // MARK: - Sections

    private static func section<Kind>(
        _ title: String,
        _ words: String,
        _ common: [LogFieldDescription],
        _ shapes: LogShapes<Kind>,
        _ text: inout String,
        more: (String) -> [LogFieldDescription] = { _ in [] }
    ) {
        text += "## \(title)\n\n\(words)\n\n"
        rows(common, &text)
        var printed: Set<String> = []
        objects(common, &text, &printed)
        for shape in shapes.all {
            text +=
                "### \(shapes.noun.capitalizedFirst) `\(shape.keys.joined(separator: "`, `"))`\n\n"
            text += "\(shape.summary)\n\n"
            rows(shape.fields + more(shape.name), &text)
            objects(shape.fields, &text, &printed)
        }
    }

    private static func parsers(_ text: inout String) {
        text += """
            ## Parse

            A parser is a word, `/expression/`, or an object with one of these fields and the options \
            below: `parse: json`, `parse: {regexp: '^(?P<level>\\w+) (?P<message>.*)$', types: {n: integer}}`.

            | field | what it holds | what it means |
            |---|---|---|

            """
        for shape in LogParserTables.shapes.all {
            for field in shape.fields {
                let words = field.name == shape.name ? shape.summary : field.summary
                text += "| `\(field.name)` | \(field.words) | \(words) |\n"
            }
        }
        text += "\n"
        rows(LogParserTables.common.descriptions, &text)
        var printed: Set<String> = []
        objects(LogParserTables.common.descriptions, &text, &printed)
    }

    private static func steps(_ text: inout String) {
        text += """
            ## Steps

            A step is a [filter](#filters), or an output:

            | field | what it holds | default | what it means |
            |---|---|---|---|
            | `match` | a [tag pattern](#tags), or a list | all | The tags of the records that it is for. |
            | `to` | a name, or a list | required | Sinks and pipelines, or `drop`. |
            | `continue` | `true` or `false` | `false` | Later steps see the record too. |

            A record goes through the steps in their order until an output takes it.

            """
    }

    private static func table(
        _ title: String,
        _ fields: [LogFieldDescription],
        _ text: inout String
    ) {
        text += "## `\(title)`\n\n"
        rows(fields, &text)
    }

    private static func rows(_ fields: [LogFieldDescription], _ text: inout String) {
        text += "| field | what it holds | default | what it means |\n|---|---|---|---|\n"
        for field in fields {
            text += "| `\(field.name)` | \(cell(field.words)) | \(cell(field.standard)) "
            text += "| \(cell(field.summary)) |\n"
        }
        text += "\n"
    }

    /// The objects that fields hold, each once in a section.
    private static func objects(
        _ fields: [LogFieldDescription],
        _ text: inout String,
        _ printed: inout Set<String>
    ) {
        for field in fields {
            for table in field.tables where printed.insert(table.title).inserted {
                text += "#### `\(table.title)`\n\n"
                rows(table.fields, &text)
                objects(table.fields, &text, &printed)
            }
        }
    }

    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }

    /// Every field with its path, for those who check that none is forgotten.
    static var names: Set<String> {
        var found: Set<String> = []
        func add(_ fields: [LogFieldDescription]) {
            for field in fields {
                found.insert(field.name)
                for table in field.tables { add(table.fields) }
            }
        }
        add(root + [match, name, pipeline])
        add(LogSourceTables.common(of: .standardInput).descriptions)
        for shape in LogSourceTables.shapes.all { add(shape.fields) }
        for shape in LogFilterTables.shapes.all { add(shape.fields) }
        for shape in LogSinkTables.shapes.all { add(shape.fields) }
        for shape in LogParserTables.shapes.all { add(shape.fields) }
        add(LogParserTables.common.descriptions + LogSinkTables.common.descriptions)
        return found
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
