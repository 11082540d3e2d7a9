internal import Model
internal import SwiftProtobuf

/// The headers of a health check's request.
extension Compilation {
    private static let nameBytesMax = 16_384

    /// The changes, with operators that know the cluster and the endpoint: all else is empty there.
    func headers(
        _ check: Envoy_Config_Core_V3_HealthCheck.HttpHealthCheck,
        _ path: FieldPath
    ) -> HeaderOperations {
        headers(
            adding: check.requestHeadersToAdd,
            path["request_headers_to_add"],
            removing: check.requestHeadersToRemove,
            path["request_headers_to_remove"]
        )
    }

    /// The changes of a request that a check sends.
    func headers(
        adding options: [Envoy_Config_Core_V3_HeaderValueOption],
        _ adding: FieldPath,
        removing names: [String] = [],
        _ removing: FieldPath
    ) -> HeaderOperations {
        var isRight = true
        for (index, option) in options.enumerated() {
            isRight = isChangeable(option.header.key, adding[index]["header"]["key"]) && isRight
        }
        for (index, name) in names.enumerated() {
            isRight = isChangeable(name, removing[index]) && isRight
        }
        guard isRight else { return HeaderOperations() }
        return headerOperations(
            adding: options,
            adding,
            removing: names,
            removing
        )
    }

    /// What is said of checks alone; the rest is said of all headers.
    private func isChangeable(_ name: String, _ path: FieldPath) -> Bool {
        if name.utf8.count > Self.nameBytesMax {
            refuse(path, "is \(name.utf8.count) bytes long", "up to 16384 are allowed")
            return false
        }
        if name.hasPrefix(":") { return headerName(name, path, allowsPseudo: false) != nil }
        if ByteString(name).lowercased == "host" {
            refuse(
                path,
                "the host has a field of its own",
                "write host: in http_health_check, authority: in grpc_health_check"
            )
            return false
        }
        return true
    }
}
