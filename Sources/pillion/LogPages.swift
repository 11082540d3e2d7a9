import Admin
import Document
import LogShipper

/// What the log shipper says of itself on the admin interface.
struct LogPages: CompanionPages {
    let companion: LogCompanion

    init(_ companion: LogCompanion) { self.companion = companion }

    var name: String { "logs" }

    func text() -> String {
        let condition = companion.condition
        var text = condition.shipper.map { LogStatus($0).text } ?? ""
        if condition.taken + condition.refused > 0 {
            text +=
                "configuration: version \(condition.version), \(condition.taken) changes taken over, "
                + "\(condition.refused) refused\n"
        }
        for warning in warnings(condition) { text += "warning: \(warning)\n" }
        return text
    }

    func json() -> String {
        let condition = companion.condition
        let status = condition.shipper.map { LogStatus($0).json } ?? "{\"warnings\":[]}\n"
        let configuration =
            "\"configuration\":{\"version\":\(condition.version),\"read_at\":\(condition.readAt),"
            + "\"taken\":\(condition.taken),\"refused\":\(condition.refused),"
            + "\"problems\":[\(warnings(condition).map(JSONTree.quotedJSON).joined(separator: ","))]},"
        return "{" + configuration + status.dropFirst()
    }

    func prometheus() -> String {
        let condition = companion.condition
        return (condition.shipper.map { LogStatus($0).prometheus } ?? "")
            + """
            # HELP pillion_logs_configuration_changes_total Changed log configurations, by what became of them.
            # TYPE pillion_logs_configuration_changes_total counter
            pillion_logs_configuration_changes_total{result="taken"} \(condition.taken)
            pillion_logs_configuration_changes_total{result="refused"} \(condition.refused)

            """
    }

    private func warnings(_ condition: LogCompanion.Condition) -> [String] {
        var warnings: [String] = []
        if let why = condition.waitsFor { warnings.append("nothing is shipped yet: \(why)") }
        for problem in condition.problems {
            warnings.append(
                "the changed configuration is refused, and the last good one goes on: \(problem)"
            )
        }
        return warnings
    }
}
