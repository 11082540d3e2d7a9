/// Why the body of a gRPC-Web request cannot be passed on; the answer is 400.
package enum GRPCWebFailure: Error, Sendable, Equatable {
    /// A character outside the alphabet, padding in the wrong place, or bits that no byte has.
    case invalidBase64
    /// The body ended within a group of four characters.
    case incompleteBase64
}

/// Makes the body of a gRPC request of that of a gRPC-Web request, piece by piece.
///
/// The pieces may be split anywhere. Messages in binary form pass unchanged. In text form padding
/// may end any group, so segments that were encoded one by one may follow each other, in one piece
/// or in several; white space is refused.
package struct GRPCWebRequestDecoder: Sendable, Equatable {
    private let form: GRPCWebForm
    /// The six bits of each character of the group so far.
    private var bits: UInt32 = 0
    private var characterCount: UInt8 = 0
    private var paddingCount: UInt8 = 0

    package init(form: GRPCWebForm) { self.form = form }

    /// Appends what the next bytes mean; after a failure nothing more may be given.
    package mutating func decode(
        _ bytes: Span<UInt8>,
        into output: inout [UInt8]
    ) throws(GRPCWebFailure) {
        if form == .binary {
            output.reserveCapacity(output.count + bytes.count)
            for index in 0..<bytes.count { output.append(bytes[index]) }
            return
        }
        for index in 0..<bytes.count { try take(bytes[index], into: &output) }
    }

    /// Says that the body is over.
    package func finish() throws(GRPCWebFailure) {
        if characterCount != 0 { throw .incompleteBase64 }
    }

    private mutating func take(
        _ byte: UInt8,
        into output: inout [UInt8]
    ) throws(GRPCWebFailure) {
        if byte == UInt8(ascii: "=") {
            guard characterCount >= 2 else { throw .invalidBase64 }
            paddingCount += 1
            bits <<= 6
        } else {
            guard paddingCount == 0, let value = Base64.value(of: byte) else {
                throw .invalidBase64
            }
            bits = bits << 6 | value
        }
        characterCount += 1
        if characterCount < 4 { return }
        // The bits that padding leaves over are zero in what an encoder makes.
        let unused = bits & (1 << (8 * UInt32(paddingCount)) - 1)
        if unused != 0 { throw .invalidBase64 }
        for position in 0..<(3 - UInt32(paddingCount)) {
            output.append(UInt8(truncatingIfNeeded: bits >> (16 - 8 * position)))
        }
        bits = 0
        characterCount = 0
        paddingCount = 0
    }
}
