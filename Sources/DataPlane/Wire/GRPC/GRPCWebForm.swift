import Model

/// The two forms in which browsers send and receive gRPC-Web.
package enum GRPCWebForm: Sendable, Equatable {
    /// Messages as they are.
    case binary
    /// Messages in Base64, for clients that can read text only.
    case text

    /// The form that a request's `content-type` or `accept` names; nil for any other type.
    ///
    /// As in Envoy the value is compared whole and as written: a parameter makes it another type.
    package init?(mediaType value: Span<UInt8>) {
        for known in Self.mediaTypes where value.equals(known.name.bytes.span) {
            self = known.form
            return
        }
        return nil
    }

    /// What the answer says of itself.
    package var responseContentType: StaticString {
        switch self {
        case .binary: "application/grpc-web+proto"
        case .text: "application/grpc-web-text+proto"
        }
    }

    private struct MediaType {
        let name: ByteString
        let form: GRPCWebForm
    }

    private static let mediaTypes = [
        MediaType(name: "application/grpc-web", form: .binary),
        MediaType(name: "application/grpc-web+proto", form: .binary),
        MediaType(name: "application/grpc-web-text", form: .text),
        MediaType(name: "application/grpc-web-text+proto", form: .text),
    ]
}
