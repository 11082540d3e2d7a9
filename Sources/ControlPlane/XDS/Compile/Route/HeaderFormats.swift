internal import Model
internal import Telemetry

/// Values of headers with `%OPERATORS%`.
extension Compilation {
    /// The value, where every operator of the text is one that can be filled in.
    func formattedValue(_ text: String, _ path: FieldPath) -> HeaderOperations.Value? {
        do {
            return try SubstitutionText.value(text)
        } catch {
            refuse(path, error.message, error.hint)
            return nil
        }
    }
}
