import SwiftProtobuf

/// The bootstrap that runs, as `/config_dump` shows it.
package enum ConfigurationDump {
    /// The bootstrap in proto3 JSON, without the credentials that it has no field for anyway.
    package static func bootstrapJSON(_ loaded: LoadedConfiguration) -> String {
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        do {
            return try loaded.bootstrap.jsonString(options: options)
        } catch {
            // A message inside an Any that the registry does not know: say so instead of nothing.
            return #"{"error":"the bootstrap cannot be shown: \#(quoted("\(error)"))"}"#
        }
    }
}
