import Model

/// Puts records together of the parts that a request brings, and hands them on.
///
/// A request is read twice: first to see that it can be read to its end, then for its records. Used by
/// the engine's thread.
final class OTLPRecordBuilder {
    /// Fields of one record.
    static let fieldsMax = 1024
    /// Bytes of one record, and of what its resource and scope say.
    static let recordBytesMax = 8 << 20
    static let contextBytesMax = 64 << 10
    /// What each record counts for beside its bytes.
    private static let recordCost = 256

    /// Takes a record.
    typealias Take = (inout LogRecord) -> Void

    /// JSON objects, or nothing.
    var resource: [UInt8] = []
    var scopeAttributes: [UInt8] = []
    var scopeName: [UInt8] = []
    var scopeVersion: [UInt8] = []

    var time: UInt64 = 0
    var observedTime: UInt64 = 0
    var severityNumber = 0
    var traceFlags: UInt32 = 0
    /// The text as it was sent.
    var severityText: [UInt8] = []

    /// Records that were taken, and those that could not be.
    private(set) var taken = 0
    private(set) var rejected = 0
    /// Why the first of them could not be.
    private(set) var reason = ""

    private var record = LogRecord()
    private var bytes = 0
    private var fieldCount = 0
    private var problem: String?
    private var left: Int
    private let now: Int64
    private let take: Take?
    private var scratch: [UInt8] = []

    /// - Parameters:
    ///   - now: nanoseconds since 1970, for records without a time.
    ///   - bytesMax: what all records may come to; those after it are rejected.
    ///   - take: nil where it is only seen whether the request can be read.
    init(now: Int64, bytesMax: Int, take: Take?) {
        self.now = now
        left = bytesMax
        self.take = take
    }

    // MARK: - One record

    func begin() {
        record.removeAll()
        time = 0
        observedTime = 0
        severityNumber = 0
        traceFlags = 0
        severityText.removeAll(keepingCapacity: true)
        bytes = 0
        fieldCount = 0
        problem = nil
    }

    /// The record can't be used; the first reason counts.
    func reject(_ why: String) { if problem == nil { problem = why } }

    func set(body value: Span<UInt8>, _ kind: LogRecord.ValueKind) {
        set(OTLPField.body, value, kind)
    }

    func set(eventName value: Span<UInt8>) {
        if value.count > 0 { set(OTLPField.eventName, value, .text) }
    }

    func set(traceID id: Span<UInt8>) { setIdentifier(OTLPField.traceID, id, count: 16) }
    func set(spanID id: Span<UInt8>) { setIdentifier(OTLPField.spanID, id, count: 8) }

    /// Adds an attribute; the last of a name counts.
    func add(attribute name: Span<UInt8>, _ value: Span<UInt8>, _ kind: LogRecord.ValueKind) {
        guard OTLPField.isReserved(name) else {
            set(name, value, kind)
            return
        }
        var renamed = OTLPField.attributePrefix
        JSONWriter.append(name, &renamed)
        set(renamed, value, kind)
    }

    /// Bytes of an identifier; what has another length, or is all zeros, is none.
    private func setIdentifier(_ name: [UInt8], _ id: Span<UInt8>, count: Int) {
        guard id.count == count else { return }
        var isZero = true
        scratch.removeAll(keepingCapacity: true)
        for index in 0..<count {
            if id[index] != 0 { isZero = false }
            for nibble in [id[index] >> 4, id[index] & 15] {
                scratch.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
            }
        }
        if isZero { return }
        let text = scratch
        set(name, text.span, .text)
    }

    private func set(_ name: [UInt8], _ value: Span<UInt8>, _ kind: LogRecord.ValueKind) {
        set(name.span, value, kind)
    }

    private func set(_ name: Span<UInt8>, _ value: Span<UInt8>, _ kind: LogRecord.ValueKind) {
        bytes += name.count + value.count
        guard problem == nil else { return }
        guard bytes <= Self.recordBytesMax else {
            reject("a record is longer than \(Self.recordBytesMax) bytes")
            return
        }
        fieldCount += 1
        guard fieldCount <= Self.fieldsMax else {
            reject("a record has more than \(Self.fieldsMax) attributes")
            return
        }
        if take != nil { record.set(name: name, value: value, kind: kind) }
    }

    /// False where nothing that is still added to the record can make it one that is taken.
    var wantsMore: Bool { problem == nil }

    /// True once the request's records are too much: those that are left are counted and not read,
    /// which would take long for millions of them.
    var isFull: Bool { left < 0 }

    /// Counts a record that is not read.
    func passOver() {
        if reason.isEmpty { reason = Self.tooMuch }
        rejected += 1
    }

    private static let tooMuch = "the request's records are too much at once: send fewer"

    /// Hands the record on, or counts why not.
    func finish() {
        let context =
            resource.count + scopeAttributes.count + scopeName.count + scopeVersion.count
        if context > Self.contextBytesMax {
            reject("a resource and its scope take more than \(Self.contextBytesMax) bytes")
        }
        left -= bytes + min(context, Self.contextBytesMax) + Self.recordCost
        if left < 0 { reject(Self.tooMuch) }
        if let problem {
            if reason.isEmpty { reason = problem }
            rejected += 1
            return
        }
        taken += 1
        guard let take else { return }
        setSeverity()
        setTimes()
        if traceFlags != 0 { set(OTLPField.traceFlags, number: UInt64(traceFlags)) }
        setContext(OTLPField.resource, resource, .json)
        setContext(OTLPField.scopeName, scopeName, .text)
        setContext(OTLPField.scopeVersion, scopeVersion, .text)
        setContext(OTLPField.scopeAttributes, scopeAttributes, .json)
        take(&record)
    }

    private func setSeverity() {
        let number = (1...24).contains(severityNumber) ? severityNumber : 0
        var text = severityText
        if text.isEmpty, number > 0 {
            text = Array(
                ["trace", "debug", "info", "warn", "error", "fatal"][(number - 1) / 4].utf8
            )
        }
        if !text.isEmpty {
            let name = OTLPField.severityText
            record.set(name: name.span, value: text.span, kind: .text)
        }
        if number > 0, OTLPSeverity.number(text) != number {
            set(OTLPField.severityNumber, number: UInt64(number))
        }
    }

    private func setTimes() {
        let event = time != 0 ? time : observedTime
        record.time = event != 0 ? Int64(clamping: event) : now
        if observedTime != 0, observedTime != event {
            set(OTLPField.observedTime, number: observedTime)
        }
    }

    private func set(_ name: [UInt8], number: UInt64) {
        let digits = Array(String(number).utf8)
        record.set(name: name.span, value: digits.span, kind: .json)
    }

    private func setContext(_ name: [UInt8], _ value: [UInt8], _ kind: LogRecord.ValueKind) {
        if !value.isEmpty { record.set(name: name.span, value: value.span, kind: kind) }
    }
}
