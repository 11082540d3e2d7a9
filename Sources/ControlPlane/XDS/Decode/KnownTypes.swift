internal import SwiftProtobuf

/// Which messages may stand in the `Any` of which field.
///
/// Only these are decoded: the others of Envoy are refused as not supported yet, so that no filter
/// that protects something is dropped silently.
enum KnownTypes {
    /// By the full name of the message and the name of its field.
    private static let byField: [String: [any Message.Type]] = [
        "envoy.config.listener.v3.Filter.typed_config": [
            Envoy_Extensions_Filters_Network_HttpConnectionManager_V3_HttpConnectionManager.self
        ],
        "envoy.config.listener.v3.ListenerFilter.typed_config": [
            Envoy_Extensions_Filters_Listener_HttpInspector_V3_HttpInspector.self,
            Envoy_Extensions_Filters_Listener_TlsInspector_V3_TlsInspector.self,
        ],
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter.typed_config": [
            Envoy_Extensions_Filters_Http_Router_V3_Router.self
        ],
        "envoy.config.accesslog.v3.AccessLog.typed_config": [
            Envoy_Extensions_AccessLoggers_File_V3_FileAccessLog.self,
            Envoy_Extensions_AccessLoggers_Stream_V3_StdoutAccessLog.self,
            Envoy_Extensions_AccessLoggers_Stream_V3_StderrAccessLog.self,
        ],
        "envoy.config.cluster.v3.Cluster.typed_extension_protocol_options": [
            Envoy_Extensions_Upstreams_Http_V3_HttpProtocolOptions.self
        ],
    ]

    /// What may stand in a field; empty for fields without an `Any`.
    static func types(in message: String, field: String) -> [any Message.Type] {
        byField["\(message).\(field)"] ?? []
    }

    /// Whether a message is decoded anywhere.
    static func isKnownElsewhere(_ name: String) -> Bool {
        byField.values.contains { $0.contains { $0.protoMessageName == name } }
    }
}
