extension LogConfiguration {
    /// Finds out whether all sinks could be made ready, without connecting to anybody or starting one.
    ///
    /// - Throws: what is wrong with the first that can't be, at its place.
    package func checkSinks(hostname: String) throws(LogConfigurationFailure) {
        for sink in sinks {
            do throws(SinkFailure) {
                _ = try LogSinks.make(sink, hostname: hostname)
            } catch {
                throw LogConfigurationFailure(
                    place: sink.place,
                    what: "sink \(sink.name): \(error.what)",
                    hint: error.hint
                )
            }
        }
    }
}
