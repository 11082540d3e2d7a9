package import Model

/// Writes heads as HTTP/1.1 into memory that the caller gives.
///
/// Lines that still stand as they came, side by side, are copied in one piece; the others are put
/// together as `name: value`. Framing and connection fields are written by the framing that the
/// caller states, never twice: `Connection` and `Transfer-Encoding` lines of the table are skipped,
/// and `Content-Length` lines that disagree with the framing too. Names and values are copied as
/// they are: the parsers let no CR or LF in, and whoever adds a line must not either.
package enum HeadWriter {
    /// An upper bound for what `write(request:framing:into:)` writes.
    package static func byteCount(request head: Head, framing: BodyFraming) -> Int {
        let line =
            Int(head.methodSlice.count) + Int(head.path.count) + 2 * Int(head.authority.count)
        return line + Int(head.upgradeProtocol.count) + fieldBytes(head) + 128
    }

    /// An upper bound for what `write(response:framing:keepsAlive:clientMinorVersion:into:)` writes.
    package static func byteCount(response head: Head, framing: BodyFraming) -> Int {
        Int(head.reason.count) + Int(head.upgradeProtocol.count) + fieldBytes(head) + 192
    }

    /// Writes a request: request line, `host` from the head's authority, fields, framing.
    ///
    /// A head without a path is written with the authority as its target (CONNECT). With `.none` a
    /// `Content-Length: 0` of the head stays; any other length does not.
    ///
    /// - Parameter buffer: at least `byteCount(request:framing:)` bytes; traps where it is too small.
    /// - Returns: the number of bytes written.
    package static func write(
        request head: Head,
        framing: BodyFraming,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        unsafe head.bytes.withUnsafeBufferPointer { bytes in
            var out = unsafe HeadOutput(buffer, source: bytes)
            out.copy(head.methodSlice)
            out.write(byte: 0x20)
            out.copy(head.path.isEmpty ? head.authority : head.path)
            out.write(" HTTP/1.1\r\nhost: ")
            out.copy(head.authority)
            out.write("\r\n")
            var lengthWritten = false
            for index in 0..<head.fieldCount {
                let field = head.field(at: index)
                if field.isRemoved { continue }
                switch field.known {
                case .host, .connection, .transferEncoding: continue
                case .upgrade where !head.upgradeProtocol.isEmpty: continue
                case .contentLength:
                    let expected: UInt64? =
                        if case .length(let count) = framing { count } else { 0 }
                    if framing == .chunked || lengthWritten { continue }
                    guard head.span(field.value).isDecimal(expected) else { continue }
                    lengthWritten = true
                default: break
                }
                out.writeLine(field)
            }
            out.writeFraming(framing, lengthWritten: lengthWritten)
            if !head.upgradeProtocol.isEmpty { out.writeUpgrade(head.upgradeProtocol) }
            out.write("\r\n")
            return out.count
        }
    }

    /// Writes a response: status line, fields, framing, connection.
    ///
    /// With `.none` a `Content-Length` of the head stays, for HEAD and 304. An empty reason is
    /// replaced by the usual one.
    ///
    /// - Parameters:
    ///   - keepsAlive: false writes `connection: close`.
    ///   - clientMinorVersion: 0 writes `connection: keep-alive` where the connection lives on.
    ///   - buffer: at least `byteCount(response:framing:)` bytes; traps where it is too small.
    /// - Returns: the number of bytes written.
    package static func write(
        response head: Head,
        framing: BodyFraming,
        keepsAlive: Bool,
        clientMinorVersion: UInt8 = 1,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        unsafe head.bytes.withUnsafeBufferPointer { bytes in
            var out = unsafe HeadOutput(buffer, source: bytes)
            out.write("HTTP/1.1 ")
            out.writeStatus(head.status)
            if head.reason.isEmpty {
                out.write(ReasonPhrase.of(head.status))
            } else {
                out.copy(head.reason)
            }
            out.write("\r\n")
            var lengthWritten = false
            for index in 0..<head.fieldCount {
                let field = head.field(at: index)
                if field.isRemoved { continue }
                switch field.known {
                case .connection, .transferEncoding: continue
                case .upgrade where !head.upgradeProtocol.isEmpty: continue
                case .contentLength:
                    if lengthWritten { continue }
                    switch framing {
                    case .chunked, .untilClose: continue
                    case .none: break
                    case .length(let count):
                        guard head.span(field.value).isDecimal(count) else { continue }
                    }
                    lengthWritten = true
                default: break
                }
                out.writeLine(field)
            }
            out.writeFraming(framing, lengthWritten: lengthWritten)
            if head.status == 101, !head.upgradeProtocol.isEmpty {
                out.writeUpgrade(head.upgradeProtocol)
            } else if !keepsAlive {
                out.write("connection: close\r\n")
            } else if clientMinorVersion == 0 {
                out.write("connection: keep-alive\r\n")
            }
            out.write("\r\n")
            return out.count
        }
    }

    /// The bytes of all lines, written as `name: value` CRLF.
    static func fieldBytes(_ head: Head) -> Int {
        var count = 0
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            count += Int(field.name.count) + Int(field.value.count) + 4
        }
        return count
    }
}

extension Span<UInt8> {
    /// Whether these digits are this number.
    @inline(__always)
    fileprivate func isDecimal(_ expected: UInt64?) -> Bool {
        guard let value = decimal() else { return false }
        return UInt64(value) == expected
    }
}
