import Model
import Policy
import Telemetry

/// Lines of access logs.
extension Worker {
    /// Writes one line of `logRecord` to each of these logs that wants it.
    ///
    /// - Parameter filters: by the position of their log; empty: every log wants every line.
    func writeLines(to logs: [AccessLogChannel], _ filters: [ExchangeFilter?]) {
        for (index, log) in logs.enumerated() {
            if index < filters.count, let filter = filters[index],
                !filter.matches(logRecord, random: { random.next() })
            {
                continue
            }
            if !log.hasLines { willWrite(to: log) }
            log.log(logRecord)
        }
    }

    /// Writes the listener's own line of a connection.
    func writeConnectionLines(_ record: ExchangeRecord, of listener: ListenerState) {
        logRecord = record
        writeLines(to: listener.accessLogs, listener.configuration.accessLogFilters)
        // Requests fill what they know and expect the rest as it was.
        logRecord = ExchangeRecord()
    }
}
