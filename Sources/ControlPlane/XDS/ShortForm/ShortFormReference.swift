/// The reference page of the short form, made from the description that the decoder uses.
enum ShortFormReference {
    static let page: String = {
        var text = """
            # The short form

            Made from the code by `PILLION_WRITE_REFERENCE=1 swift test --filter ShortFormReference`; \
            do not edit.

            A file with `apiVersion: \(ShortForm.apiVersion)` and `kind: \(ShortForm.kind)` is in the \
            short form. It becomes Envoy v3 resources; `pillion explain-config FILE` says which. The \
            [guide](../guides/short-form.md) shows how to use it; \
            [sidecar-config.schema.json](sidecar-config.schema.json) is its JSON Schema, for editors.

            Durations are written as in Go and Kubernetes: `500ms`, `2s`, `1m30s`. Sizes are bytes, or \
            written with a unit: `60KiB`, `1MiB`. A field that takes one value or a list takes both \
            `a` and `[a, b]`. Every field that is not in these tables is refused.


            """
        write("", ShortForm.root, into: &text)
        return text.trimmingEnd() + "\n"
    }()

    private static func write(_ path: String, _ fields: [ShortFormField], into text: inout String) {
        if !path.isEmpty { text += "## `\(path)`\n\n" }
        text += "| field | what it holds | default | what it means |\n|---|---|---|---|\n"
        for field in fields {
            let standard =
                field.isRequired
                ? "required" : field.standard.map { "`\($0)`" } ?? field.absence ?? "none"
            text +=
                "| `\(field.name)` | \(cell(words(field.kind))) | \(standard) "
                + "| \(cell(field.summary)) |\n"
        }
        text += "\n"
        for field in fields {
            let inner = path.isEmpty ? field.name : "\(path).\(field.name)"
            switch field.kind {
            case .object(let fields): write(inner, fields, into: &text)
            case .map(_, .object(let fields), _): write("\(inner).<name>", fields, into: &text)
            default: break
            }
        }
    }

    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }

    private static func words(_ kind: ShortFormKind) -> String {
        switch kind {
        case .text(let rule): rule.noun
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "`true` or `false`"
        case .duration(let range):
            "a duration from \(ShortFormUnits.duration(range.lowerBound)) to "
                + ShortFormUnits.duration(range.upperBound)
        case .percent: "a percentage"
        case .size(let range):
            "a size from \(ShortFormUnits.size(range.lowerBound)) to "
                + ShortFormUnits.size(range.upperBound)
        case .word(let words): words.map { "`\($0)`" }.joined(separator: ", ")
        case .listen(let host): "`PORT` or `ADDRESS:PORT`; the address is \(host) if not given"
        case .destination: "`HOST:PORT`"
        case .object: "an object, see below"
        case .map(_, .object, _): "an object of objects by name, see below"
        case .map(let key, let value, _): "an object: \(key.noun) to \(words(value))"
        case .list(let element, _): "a list of \(words(element))"
        case .oneOrMany(let element, _): "\(words(element)), or a list"
        case .byShape(let object, let other): "\(words(other)); or \(words(object))"
        }
    }
}

extension String {
    fileprivate func trimmingEnd() -> String {
        var text = self[...]
        while text.hasSuffix("\n") { text = text.dropLast() }
        return String(text)
    }
}
