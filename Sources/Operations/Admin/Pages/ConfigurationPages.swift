import Proxy

/// What the configuration says, and whether the files say the same.
extension AdminInterface {
    /// `envoy.admin.v3.ConfigDump`, with Envoy's filters.
    func configDump(_ request: LocalRequest) -> LocalResponse {
        let question = ConfigDumpQuestion(
            resource: request.parameter("resource"),
            mask: request.parameter("mask"),
            nameRegex: request.parameter("name_regex"),
            // Envoy takes the parameter as a flag: its being there counts.
            includesEndpoints: request.parameter("include_eds") != nil
        )
        switch process.configDump(question) {
        case .json(let text):
            return LocalResponse(200, contentType: "application/json", text)
        case .refused(let status, let message):
            let line = message.hasSuffix("\n") ? String(message.dropLast()) : message
            return LocalResponse(UInt16(clamping: status), PlainText.line(line) + "\n")
        }
    }

    /// The version that serves, the files, and how the last attempt to take another one ended.
    func configStatus() -> LocalResponse {
        let status = process.configuration.status
        func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
        var members: [JSONValue.Member] = [
            .init("state", .string(status.isStale ? "STALE" : "CURRENT")),
            .init("version", .uint64(status.version)),
            .init("loaded_at", .string(Self.time(status.loadedAt))),
            .init("files", strings(status.files)),
            .init("watch", .string(status.watch)),
            .init("warnings", strings(status.warnings)),
        ]
        if let attempt = status.lastAttempt {
            members.append(
                .init(
                    "last_attempt",
                    [
                        "at": .string(Self.time(attempt.at)),
                        "cause": .string(attempt.cause),
                        "outcome": .string(attempt.outcome.rawValue.uppercased()),
                        "duration_ms": .integer(attempt.milliseconds),
                        "changes": strings(attempt.changes),
                        "problems": strings(attempt.problems),
                    ]
                )
            )
        }
        return Self.json(.object(members))
    }

    /// What the home page says of it: one line where all is well, the problems where it is not.
    func configurationFacts() -> (line: String, problems: [String]) {
        let status = process.configuration.status
        guard status.loadedAt > 0 else { return ("", []) }
        let line = "configuration \(status.version), loaded \(Self.time(status.loadedAt))"
        guard status.isStale, let attempt = status.lastAttempt else { return (line, []) }
        return (line, attempt.problems)
    }

    /// RFC 3339, of seconds since 1970.
    static func time(_ seconds: Int64) -> String {
        let days = seconds / 86_400
        let rest = seconds % 86_400
        // Days to a date of the Gregorian calendar, by eras of 400 years that begin in March.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let ofEra = shifted % 146_097
        let year = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * month + 2) / 5 + 1
        let calendarMonth = month < 10 ? month + 3 : month - 9
        let calendarYear = year + era * 400 + (calendarMonth <= 2 ? 1 : 0)
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(calendarYear)-\(two(calendarMonth))-\(two(day))T"
            + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }
}
