import CTLS

/// Collects what the C side tells of a certificate, field by field.
final class FieldSink {
    struct Field {
        let kind: Int32
        let bytes: [UInt8]

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    private(set) var fields: [Field] = []

    private func add(_ kind: Int32, _ bytes: [UInt8]) {
        fields.append(Field(kind: kind, bytes: bytes))
    }

    /// Runs `tell` with a callback and its argument, and returns what was told.
    static func collect(
        _ tell: (pillion_tls_emit, UnsafeMutableRawPointer) -> Void
    ) -> [Field] {
        let sink = FieldSink()
        let emit: pillion_tls_emit = { argument, kind, bytes, count in
            guard let argument = unsafe argument else { return }
            let sink = unsafe Unmanaged<FieldSink>.fromOpaque(argument).takeUnretainedValue()
            sink.add(kind, unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
        }
        withExtendedLifetime(sink) {
            unsafe tell(emit, Unmanaged.passUnretained(sink).toOpaque())
        }
        return sink.fields
    }

    static func texts(_ fields: [Field], _ kind: Int32) -> [String] {
        fields.filter { $0.kind == kind }.map(\.text)
    }
}

/// The fields' kinds, as Swift sees C's enumeration.
enum FieldKind {
    static let subject = Int32(PILLION_X509_SUBJECT)
    static let issuer = Int32(PILLION_X509_ISSUER)
    static let serial = Int32(PILLION_X509_SERIAL)
    static let sha256 = Int32(PILLION_X509_SHA256)
    static let sha1 = Int32(PILLION_X509_SHA1)
    static let uri = Int32(PILLION_X509_URI)
    static let dns = Int32(PILLION_X509_DNS)
    static let ip = Int32(PILLION_X509_IP)
    static let email = Int32(PILLION_X509_EMAIL)
    static let other = Int32(PILLION_X509_OTHER)
    static let pem = Int32(PILLION_X509_PEM)
}
