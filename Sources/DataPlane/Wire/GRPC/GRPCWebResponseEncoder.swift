package import Model

/// Makes the body of a gRPC-Web answer of that of a gRPC answer and its trailers, piece by piece.
///
/// The pieces may be split anywhere. In text form each message is one padded segment of Base64, the
/// trailers another: the bytes that Envoy sends, but without waiting for whole messages.
package struct GRPCWebResponseEncoder: Sendable, Equatable {
    /// The flag of the frame that holds the trailers (gRPC-Web, "Protocol differences").
    package static let trailersFlag: UInt8 = 0x80

    private let form: GRPCWebForm
    private var framing = GRPCFraming()
    private var base64 = Base64Encoder()

    package init(form: GRPCWebForm) { self.form = form }

    /// Appends the next bytes of the upstream's messages as the client reads them.
    package mutating func encode(_ bytes: Span<UInt8>, into output: inout [UInt8]) {
        if form == .binary {
            output.reserveCapacity(output.count + bytes.count)
            for index in 0..<bytes.count { output.append(bytes[index]) }
            return
        }
        var position = 0
        while position < bytes.count {
            let step = framing.next(in: bytes, from: position)
            base64.encode(bytes.extracting(position..<step.end), into: &output)
            // The client decodes a message when it has the last group of it.
            if step.ends { base64.pad(into: &output) }
            position = step.end
        }
    }

    /// Appends the frame of the trailers, the last of the body: a line for each, with its name in
    /// lower case and no space after the colon, as Envoy writes them.
    ///
    /// A body that stops within a message is ended first, so that the trailers can be read.
    package mutating func encodeTrailers(_ trailers: Head, into output: inout [UInt8]) {
        var frame: [UInt8] = [Self.trailersFlag, 0, 0, 0, 0]
        for index in 0..<trailers.fieldCount {
            let field = trailers.field(at: index)
            if field.isRemoved { continue }
            let name = trailers.span(field.name)
            for position in 0..<name.count { frame.append(name[position].asciiLowercased) }
            frame.append(UInt8(ascii: ":"))
            let value = trailers.span(field.value)
            for position in 0..<value.count { frame.append(value[position]) }
            frame.append(0x0d)
            frame.append(0x0a)
        }
        // Trailers are limited to far less than 2^32 bytes before they are a head.
        let length = UInt32(clamping: frame.count - 5)
        for index in 0..<4 {
            frame[1 + index] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * index))
        }
        if form == .binary {
            output.append(contentsOf: frame)
            return
        }
        base64.pad(into: &output)
        base64.encode(frame.span, into: &output)
        base64.pad(into: &output)
    }
}
