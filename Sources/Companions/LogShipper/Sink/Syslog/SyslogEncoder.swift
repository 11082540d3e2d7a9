internal import Model

/// Writes records as syslog messages, RFC 5424 or RFC 3164, with the frame that the transport wants.
///
/// Used by the engine's thread.
final class SyslogEncoder: RecordEncoder {
    let limits: ChunkLimits
    private(set) var truncatedRecords = 0
    private let options: SyslogOptions
    private let document: DocumentWriter
    private let facilityKey: FieldPath?
    private let severityKey: FieldPath
    /// nil: the record as JSON.
    private let messageKey: FieldPath?
    private let appName: SinkTemplate?
    private let hostname: SinkTemplate
    private let processID: SinkTemplate?
    private let messageID: SinkTemplate?
    private let structuredKeys: [[UInt8]]
    /// Fields that stand elsewhere in the message than in the element of all others.
    private let placed: [[UInt8]]
    private let bytesMax: Int
    private var scratch: [UInt8] = []
    private var message: [UInt8] = []

    init(_ options: SyslogOptions, _ inject: InjectOptions, hostname: String) {
        self.options = options
        document = DocumentWriter(inject, hostname: hostname)
        facilityKey = options.facilityKey.map { FieldPath($0) }
        severityKey = FieldPath(options.severityKey)
        messageKey = options.messageKey.isEmpty ? nil : FieldPath(options.messageKey)
        appName = options.appName.map { SinkTemplate($0, hostname: hostname) }
        self.hostname = SinkTemplate(
            options.hostname ?? RecordTemplate(literal: hostname),
            hostname: hostname
        )
        processID = options.processID.map { SinkTemplate($0, hostname: hostname) }
        messageID = options.messageID.map { SinkTemplate($0, hostname: hostname) }
        structuredKeys = options.structuredKeys.map { Array($0.utf8) }
        placed = structuredKeys + [Array(options.messageKey.utf8)]
        let isDatagram = options.transport == .udp
        // Of IPv4's 65 535 bytes the heads of IP and UDP take 28.
        bytesMax = isDatagram ? min(options.bytesMax ?? 8192, 65_507) : options.bytesMax ?? .max
        limits = ChunkLimits(overheadPerItem: 0)
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {}

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        message.removeAll(keepingCapacity: true)
        appendPriority(record)
        switch options.form {
        case .rfc5424: appendHead5424(record)
        case .rfc3164: appendHead3164(record)
        }
        let isStream = options.transport != .udp
        appendText(record)
        if isStream, options.framing == .lines { escapeLineFeeds() }
        if SyslogText.cut(&message, from: 0, max: bytesMax) { truncatedRecords += 1 }
        if isStream, options.framing == .counted {
            LogTime.appendNumber(message.count, width: 1, &bytes)
            bytes.append(0x20)
        }
        bytes.append(contentsOf: message)
        if isStream, options.framing == .lines { bytes.append(0x0a) }
        return true
    }

    // MARK: - Parts

    private func appendPriority(_ record: borrowing LogRecord) {
        var facility = options.facility
        if let facilityKey, let text = text(of: facilityKey, record) {
            facility = SyslogPriority.facility(text) ?? facility
        }
        var severity = options.severity
        if let text = text(of: severityKey, record) {
            severity = SyslogPriority.severity(text) ?? severity
        }
        message.append(UInt8(ascii: "<"))
        LogTime.appendNumber(facility * 8 + severity, width: 1, &message)
        message.append(UInt8(ascii: ">"))
    }

    private func text(of key: FieldPath, _ record: borrowing LogRecord) -> [UInt8]? {
        scratch.removeAll(keepingCapacity: true)
        return key.appendText(of: record, &scratch) ? scratch : nil
    }

    private func rendered(_ template: SinkTemplate?, _ record: borrowing LogRecord) -> [UInt8] {
        scratch.removeAll(keepingCapacity: true)
        template?.append(record, &scratch)
        return scratch
    }

    /// `1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA `.
    private func appendHead5424(_ record: borrowing LogRecord) {
        JSONWriter.append("1 ", &message)
        // Microseconds are the most that it may have.
        LogTime.appendISO8601(record.time, digits: 6, &message)
        message.append(0x20)
        SyslogText.appendName(rendered(hostname, record), max: 255, &message)
        message.append(0x20)
        SyslogText.appendName(application(record), max: 48, &message)
        message.append(0x20)
        SyslogText.appendName(rendered(processID, record), max: 128, &message)
        message.append(0x20)
        SyslogText.appendName(rendered(messageID, record), max: 32, &message)
        message.append(0x20)
        appendStructuredData(record)
        message.append(0x20)
    }

    /// `TIMESTAMP HOSTNAME TAG[PROCID]: `.
    private func appendHead3164(_ record: borrowing LogRecord) {
        SyslogText.append3164Time(record.time, &message)
        message.append(0x20)
        SyslogText.appendName(rendered(hostname, record), max: 255, &message)
        message.append(0x20)
        // The RFC's 32 characters are too few for names of pods, and nobody holds to them.
        SyslogText.appendTag(application(record), max: 48, &message)
        let process = rendered(processID, record)
        if !process.isEmpty {
            message.append(UInt8(ascii: "["))
            SyslogText.appendTag(process, max: 128, &message)
            message.append(UInt8(ascii: "]"))
        }
        JSONWriter.append(": ", &message)
    }

    /// What was configured, or the tag.
    private func application(_ record: borrowing LogRecord) -> [UInt8] {
        let name = rendered(appName, record)
        if !name.isEmpty { return name }
        return record.tag.bytes.isEmpty ? Array("pillion".utf8) : record.tag.bytes
    }

    /// The message's own field, or the record as JSON.
    private func appendText(_ record: borrowing LogRecord) {
        let start = message.count
        if let messageKey, messageKey.appendText(of: record, &message), message.count > start {
            return
        }
        document.appendObject(record, &message)
    }

    private func escapeLineFeeds() {
        guard message.contains(0x0a) else { return }
        let text = message
        message = []
        for byte in text {
            if byte == 0x0a { JSONWriter.append("#012", &message) } else { message.append(byte) }
        }
    }

    // MARK: - Structured data

    private func appendStructuredData(_ record: borrowing LogRecord) {
        let start = message.count
        for key in structuredKeys {
            guard let index = record.index(of: key.span) else { continue }
            appendElement(key, record.value(of: record.fields[index]))
        }
        if let id = options.structuredID { appendOthers(id, record) }
        if message.count == start { message.append(UInt8(ascii: "-")) }
    }

    /// The element of one object; of a value that is none, nothing.
    private func appendElement(_ name: [UInt8], _ object: Span<UInt8>) {
        guard var cursor = JSONCursor(object) else { return }
        message.append(UInt8(ascii: "["))
        SyslogText.appendStructuredName(name, &message)
        while let member = cursor.next(object) {
            scratch.removeAll(keepingCapacity: true)
            JSONText.append(unescaping: object.extracting(member.name), &scratch)
            let name = scratch
            scratch.removeAll(keepingCapacity: true)
            JSONText.append(meaningOf: object.extracting(member.value), &scratch)
            appendParameter(name, scratch)
        }
        message.append(UInt8(ascii: "]"))
    }

    /// The element of all fields that stand nowhere else in the message.
    private func appendOthers(_ id: String, _ record: borrowing LogRecord) {
        let start = message.count
        message.append(UInt8(ascii: "["))
        SyslogText.appendStructuredName(id.utf8, &message)
        let head = message.count
        for field in record.fields {
            let name = record.name(of: field)
            if isPlaced(name) { continue }
            var plainName: [UInt8] = []
            JSONWriter.append(name, &plainName)
            scratch.removeAll(keepingCapacity: true)
            switch field.kind {
            case .text: JSONWriter.append(record.value(of: field), &scratch)
            case .json: JSONText.append(meaningOf: record.value(of: field), &scratch)
            }
            appendParameter(plainName, scratch)
        }
        if message.count == head {
            message.removeLast(head - start)
        } else {
            message.append(UInt8(ascii: "]"))
        }
    }

    private func isPlaced(_ name: Span<UInt8>) -> Bool {
        for index in placed.indices {
            let known = placed[index]
            if known.span.equals(name) { return true }
        }
        return false
    }

    private func appendParameter(_ name: [UInt8], _ value: [UInt8]) {
        message.append(0x20)
        SyslogText.appendStructuredName(name, &message)
        JSONWriter.append("=\"", &message)
        SyslogText.appendStructuredValue(value, &message)
        message.append(0x22)
    }
}
