package import Model

/// Why a format was refused.
package struct AccessLogFormatFailure: Error, Equatable, CustomStringConvertible {
    /// The byte of the text where the operator begins, from 0.
    package let position: Int
    /// For JSON, the path of the member: `request.path`; else empty.
    package let member: String
    /// What is wrong.
    package let message: String
    /// What would be right; may be empty.
    package let hint: String

    package init(position: Int, member: String, message: String, hint: String) {
        self.position = position
        self.member = member
        self.message = message
        self.hint = hint
    }

    package var description: String {
        let place = member.isEmpty ? "byte \(position)" : "\(member), byte \(position)"
        return hint.isEmpty ? "\(place): \(message)" : "\(place): \(message): \(hint)"
    }
}

/// A compiled format of access log lines: text or JSON.
///
/// The operators are Envoy's (`docs/reference/access-log.md` lists them). In text an absent value
/// is `-` and what a peer chose is escaped, so that it cannot forge a line; in JSON numbers are
/// numbers and an absent value is `null`.
package struct AccessLogFormat: Sendable {
    /// Flat and without references, so that rendering counts none.
    private(set) var instructions: [FormatInstruction] = []
    /// Literals and names, to which the instructions point.
    private(set) var pool: [UInt8] = []
    private(set) var timeFormats: [TimeFormat] = []
    /// Filter and keys of metadata, to which the instructions point.
    private(set) var metadataPaths: [[String]] = []

    /// Compiles a substitution text; a line is exactly what it says, no newline is added.
    package init(text: String) throws(AccessLogFormatFailure) {
        for piece in try FormatParser.parse(Array(text.utf8)) {
            try add(piece, style: .text)
        }
        padPool()
    }

    /// Compiles the value of a header: what is absent is empty.
    init(headerValue text: String) throws(AccessLogFormatFailure) {
        for piece in try FormatParser.parse(Array(text.utf8)) {
            try add(piece, style: .header)
        }
        padPool()
    }

    /// Compiles a text body: what is absent is `-`, and nothing is escaped.
    init(body text: String) throws(AccessLogFormatFailure) {
        for piece in try FormatParser.parse(Array(text.utf8)) {
            try add(piece, style: .body)
        }
        padPool()
    }

    /// The bytes where every operator was known already; else nil.
    var literal: [UInt8]? {
        if instructions.isEmpty { return [] }
        guard instructions.count == 1, instructions[0].code == .literal else { return nil }
        let start = Int(instructions[0].a)
        return Array(pool[start..<start + Int(instructions[0].b)])
    }

    /// Compiles an object; each line ends with a newline.
    package init(json: AccessLogConfiguration.JSONShape) throws(AccessLogFormatFailure) {
        guard case .object = json else {
            throw AccessLogFormatFailure(
                position: 0,
                member: "",
                message: "a JSON format must be an object",
                hint: ""
            )
        }
        try add(json, member: "", depth: 0)
        addLiteral([0x0a])
        padPool()
    }

    /// Compiles what a configuration says.
    package init(_ format: AccessLogConfiguration.Format) throws(AccessLogFormatFailure) {
        switch format {
        case .standard: self = Self.standard
        case .text(let text): self = try AccessLogFormat(text: text)
        case .json(let shape): self = try AccessLogFormat(json: shape)
        }
    }

    private init() {}

    /// Envoy's default as text.
    package static let standardText = """
        [%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" \
        %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% \
        %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" \
        "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n
        """

    /// Envoy's default.
    package static let standard: AccessLogFormat = {
        do {
            return try AccessLogFormat(text: standardText)
        } catch {
            // A constant of this file, which a test compiles.
            assertionFailure("\(error)")
            return AccessLogFormat()
        }
    }()

    // MARK: - Compiling

    /// So that each literal may be copied with the eight bytes from its start.
    private mutating func padPool() { pool += Array(repeating: 0, count: 8) }

    mutating func addLiteral(_ bytes: [UInt8]) {
        if bytes.isEmpty { return }
        let start = UInt32(clamping: pool.count)
        pool += bytes
        if let last = instructions.indices.last, instructions[last].code == .literal,
            instructions[last].a + instructions[last].b == start
        {
            instructions[last].b += UInt32(clamping: bytes.count)
            return
        }
        instructions.append(
            FormatInstruction(code: .literal, a: start, b: UInt32(clamping: bytes.count))
        )
    }

    mutating func add(
        _ piece: FormatPiece,
        style: FormatInstruction.Style
    ) throws(AccessLogFormatFailure) {
        switch piece {
        case .literal(let bytes):
            switch style {
            case .text, .header, .body: addLiteral(bytes)
            case .jsonValue, .jsonPart: addLiteral(JSONText.escaped(bytes))
            }
        case .operation(let use):
            try add(use, style)
        }
    }

    private mutating func add(
        _ use: OperatorUse,
        _ style: FormatInstruction.Style
    ) throws(AccessLogFormatFailure) {
        if let value = use.constant {
            return addConstant(value, style)
        }
        var instruction = FormatInstruction(code: use.operation.code)
        instruction.style = style
        instruction.limit = Int32(clamping: use.limit ?? -1)
        switch use.operation.code {
        case .startTime where use.argument != nil:
            instruction.code = .startTimeCustom
            instruction.a = UInt32(clamping: timeFormats.count)
            timeFormats.append(try use.timeFormat())
        case .requestHeader, .responseHeader, .trailer:
            let (first, second) = try use.fieldNames()
            instruction.first = try reference(first, use)
            if let second { instruction.second = try reference(second, use) }
        case .queryParameter:
            instruction.a = UInt32(clamping: pool.count)
            instruction.b = UInt32(clamping: use.argument?.count ?? 0)
            pool += use.argument ?? []
        case .path:
            (instruction.a, instruction.b) = try use.pathChoice()
        case .commonDuration:
            instruction.a = try use.timePoints()
        case .grpcStatus:
            instruction.a = try use.grpcStyle()
        case .tls:
            instruction.a = TLSField(operatorName: use.operation.name)?.code ?? .max
            if use.argument != nil {
                timeFormats.append(try use.timeFormat())
                instruction.b = UInt32(clamping: timeFormats.count)
            }
        case .metadata:
            let (source, path) = try use.metadataPath()
            if source == .absent { return addConstant([], style) }
            instruction.a = UInt32(clamping: metadataPaths.count)
            instruction.b = source.rawValue
            metadataPaths.append(path)
        default: break
        }
        if let last = instructions.last, last.code == .literal {
            instruction.leadStart = last.a
            instruction.leadCount = last.b
            instructions.removeLast()
        }
        instructions.append(instruction)
    }

    /// A value that is known already: the host's name, a variable of the environment.
    private mutating func addConstant(_ value: [UInt8], _ style: FormatInstruction.Style) {
        let line = LineBuffer(capacity: value.count + 8)
        line.append(value.span, style)
        addLiteral(line.copy())
    }

    private mutating func reference(
        _ name: [UInt8],
        _ use: OperatorUse
    ) throws(AccessLogFormatFailure) -> FieldReference {
        let lower = name.map(\.asciiLowercased)
        if let pseudo = try use.pseudoHeader(lower) { return FieldReference(kind: pseudo) }
        let known = KnownFieldIndex.shared.field(named: lower.span)
        if known != .unknown { return FieldReference(kind: .known, known: known) }
        let start = UInt32(clamping: pool.count)
        pool += lower
        return FieldReference(kind: .named, start: start, count: UInt32(clamping: lower.count))
    }
}
