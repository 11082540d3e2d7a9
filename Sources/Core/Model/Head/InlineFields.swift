/// Fields that Envoy keeps as one line, whatever came.
///
/// Values that are added are joined with a comma, and a matcher sees the lines joined.
///
/// Of all other fields each line stands by itself.
package enum InlineFields {
    /// Whether the lines of the field, whose name is in lower case, are one value.
    package static func joins(_ name: Span<UInt8>, _ known: KnownField) -> Bool {
        if known != .unknown { return knownMask & 1 << UInt64(known.rawValue) != 0 }
        return isCustom(name)
    }

    /// Those that a filter of Envoy registers.
    private static func isCustom(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 4: name.matches("vary") || name.matches("etag")
        case 6: name.matches("accept") || name.matches("origin")
        case 7: name.matches("referer")
        case 13: name.matches("cache-control")
        case 15: name.matches("accept-encoding")
        case 16: name.matches("content-encoding")
        case 20: name.matches("grpc-accept-encoding")
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

extension Span<UInt8> {
    fileprivate func matches(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where unsafe self[index] != text.utf8Start[index] { return false }
        return true
    }
}
