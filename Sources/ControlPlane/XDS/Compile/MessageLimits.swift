internal import Document
internal import Model
internal import SwiftProtobuf

/// `envoy.config.core.v3.HttpProtocolOptions`, which listeners and clusters share.
struct MessageLimits {
    var idleTimeoutMilliseconds: Int64? = 3_600_000
    var connectionDurationMaxMilliseconds: Int64?
    /// nil: no limit.
    var streamDurationMaxMilliseconds: Int64?
    var headerCountMax = 100
    var requestsPerConnectionMax: UInt32 = 0
    var responseHeadBytesMax = 60 * 1024
}

extension Compilation {
    func messageLimits(
        _ options: Envoy_Config_Core_V3_HttpProtocolOptions?,
        _ path: FieldPath
    ) -> MessageLimits {
        var limits = MessageLimits()
        guard let options else { return limits }
        _ = known(
            options.headersWithUnderscoresAction,
            path["headers_with_underscores_action"]
        )
        limits.idleTimeoutMilliseconds = timeout(
            options.hasIdleTimeout ? options.idleTimeout : nil,
            path["idle_timeout"],
            unset: limits.idleTimeoutMilliseconds
        )
        if options.hasMaxConnectionDuration {
            limits.connectionDurationMaxMilliseconds = positive(
                options.maxConnectionDuration,
                path["max_connection_duration"],
                unset: 1,
                "leave it out for no limit"
            )
        }
        limits.streamDurationMaxMilliseconds = timeout(
            options.hasMaxStreamDuration ? options.maxStreamDuration : nil,
            path["max_stream_duration"],
            unset: nil
        )
        if options.hasMaxHeadersCount {
            limits.headerCountMax = count(
                options.maxHeadersCount.value,
                path["max_headers_count"],
                1...32_768
            )
        }
        if options.hasMaxRequestsPerConnection {
            limits.requestsPerConnectionMax = options.maxRequestsPerConnection.value
        }
        if options.hasMaxResponseHeadersKb {
            limits.responseHeadBytesMax =
                1024
                * count(
                    options.maxResponseHeadersKb.value,
                    path["max_response_headers_kb"],
                    1...8192
                )
        }
        return limits
    }

    /// A number within a range, or its lower bound and a problem.
    func count(_ value: UInt32, _ path: FieldPath, _ range: ClosedRange<Int>) -> Int {
        if range.contains(Int(value)) { return Int(value) }
        refuse(
            path,
            "\(value) is out of range",
            "give \(range.lowerBound) to \(range.upperBound)"
        )
        return range.lowerBound
    }

    /// The message in an `Any` that says it holds one of this type.
    func unpack<Packed: Message>(
        _ any: Google_Protobuf_Any,
        as type: Packed.Type,
        _ path: FieldPath
    ) -> Packed? {
        guard any.isA(type) else {
            refuse(
                path,
                "\(typeName(any)) is not supported here",
                "give " + Packed.protoMessageName
            )
            return nil
        }
        do {
            return try Packed(unpackingAny: any)
        } catch {
            refuse(path, "is not a valid \(Packed.protoMessageName)")
            return nil
        }
    }

    /// The name of the type in an `Any`, for messages.
    func typeName(_ any: Google_Protobuf_Any) -> String {
        quoted(any.typeURL.split(separator: "/").last.map(String.init) ?? any.typeURL)
    }
}
