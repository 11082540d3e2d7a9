import Model

/// One step of rendering a line: a literal, then the value of an operator.
///
/// One step for both, since the jump to the operator is what a step costs.
struct FormatInstruction: Sendable {
    /// How a value is written.
    enum Style: UInt8, Sendable {
        /// Escaped for a text line.
        case text
        /// A JSON value of its own: a number, a string in quotes, or null.
        case jsonValue
        /// A part of a JSON string whose quotes are literals.
        case jsonPart
        /// In the value of a header: nothing where it is absent.
        case header
        /// In a text body: as it is, and `-` where it is absent.
        case body
    }

    var code: Operator
    /// The place in the pool of the literal that stands before the value.
    var leadStart: UInt32 = 0
    var leadCount: UInt32 = 0
    var style: Style = .text
    /// The bytes of a value at most; negative: all.
    var limit: Int32 = -1
    var first = FieldReference()
    var second = FieldReference()
    /// What the operator needs: the place of a literal in the pool, or what its argument chose.
    var a: UInt32 = 0
    var b: UInt32 = 0

    init(code: Operator, a: UInt32 = 0, b: UInt32 = 0) {
        self.code = code
        self.a = a
        self.b = b
    }
}

/// A header that an operator names.
struct FieldReference: Sendable {
    enum Kind: UInt8, Sendable {
        case none, method, path, authority, scheme, status, known, named
    }

    var kind: Kind = .none
    var known: KnownField = .unknown
    /// The place of the lower-case name in the pool.
    var start: UInt32 = 0
    var count: UInt32 = 0
}
