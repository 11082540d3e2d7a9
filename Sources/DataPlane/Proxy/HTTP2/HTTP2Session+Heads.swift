import Model
import Wire

/// Header blocks.
extension HTTP2Session {
    func writeResponse(_ stream: HTTP2Stream, _ head: Head, endStream: Bool) {
        if head.status >= 200 { stream.hasSentHead = true }
        unsafe writeBlock(stream.id, endStream: endStream, HPACKEncoder.byteCountMax(head)) {
            unsafe encoder.encode(response: head, into: $0)
        }
    }

    func writeRequest(_ stream: HTTP2Stream, _ head: Head, endStream: Bool) {
        unsafe writeBlock(stream.id, endStream: endStream, HPACKEncoder.byteCountMax(head)) {
            unsafe encoder.encode(request: head, into: $0)
        }
    }

    /// Decodes a block that nobody wants: the table follows every block.
    func skip(
        _ block: Span<UInt8>,
        as kind: HTTP2HeadKind,
        _ id: UInt32
    ) throws(HTTP2Violation) {
        let unwanted = Head(byteCapacity: 256, fieldCapacity: 8)
        do throws(HTTP2Violation) {
            _ = try decoder.decode(
                block,
                into: unwanted,
                as: kind,
                limits: HeadLimits(headBytesMax: 1_024, headerCountMax: 16),
                streamID: id
            )
        } catch {
            if error.endsConnection { throw error }
        }
    }
}

extension HTTP2Violation {
    /// A malformed message that ends its connection, as the configuration has it.
    init(ofConnection violation: HTTP2Violation) {
        self = violation
        streamID = 0
    }
}
