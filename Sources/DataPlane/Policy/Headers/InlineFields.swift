import Model

/// Fields that Envoy keeps as one line, whatever came: values that are added are joined with a
/// comma, and a matcher sees the lines joined.
///
/// Of all other fields each line stands by itself.
enum InlineFields {
    /// Whether the lines of the field, whose name is in lower case, are one value.
    static func joins(_ name: Span<UInt8>, _ known: KnownField) -> Bool {
        if known != .unknown { return knownMask & 1 << UInt64(known.rawValue) != 0 }
        return isCustom(name)
    }

    /// Those that a filter of Envoy registers.
    private static func isCustom(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 4: name.equals("vary") || name.equals("etag")
        case 6: name.equals("accept") || name.equals("origin")
        case 7: name.equals("referer")
        case 13: name.equals("cache-control")
        case 15: name.equals("accept-encoding")
        case 16: name.equals("content-encoding")
        case 20: name.equals("grpc-accept-encoding")
        default: false
        }
    }

    /// A bit for each known field: all but those that have no line of their own in Envoy.
    private static let knownMask: UInt64 = {
        var mask: UInt64 = 0
        for field in KnownField.allCases {
            switch field {
            case .unknown, .cookie, .trailer, .http2Settings, .retryAfter, .xEnvoyOverloaded,
                .xPillionReason:
                continue
            default: mask |= 1 << UInt64(field.rawValue)
            }
        }
        return mask
    }()
}
