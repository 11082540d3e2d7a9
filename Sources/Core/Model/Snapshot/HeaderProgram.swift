/// Changes to headers as they are made on each message: flat instructions that point into two runs of
/// bytes.
///
/// The names and literal values that are added stand in one run, which goes into a head with one
/// copy; the instructions hold no references, so that a message counts none.
package final class HeaderProgram: Sendable {
    package struct Instruction: Sendable {
        package enum Kind: UInt8, Sendable {
            case removeKnown, removeNamed, addLiteral, addFormatted
        }
        package var kind: Kind
        package var action: HeaderOperations.Action
        package var known: KnownField
        package var keepsEmpty: Bool
        /// Values that are there and those that are added become one line.
        package var joins: Bool
        /// The name: a range of `added`, of `removed` where it is removed.
        package var name: Head.Slice
        /// The literal value, a range of `added`.
        package var value: Head.Slice
        /// The place of a computed value in `formats`.
        package var format: UInt32
    }

    package let instructions: [Instruction]
    /// Names that are added and literal values.
    package let added: [UInt8]
    /// Names that are removed.
    package let removed: [UInt8]
    package let formats: [any SubstitutionFormat]

    /// nil where no step has an effect.
    package init?(_ steps: [HeaderOperations.Step]) {
        var instructions: [Instruction] = []
        var added: [UInt8] = []
        var removed: [UInt8] = []
        var formats: [any SubstitutionFormat] = []
        instructions.reserveCapacity(steps.count)
        for step in steps {
            switch step {
            case .remove(let name, _):
                guard let known = Self.changeable(name) else { continue }
                instructions.append(
                    Instruction(
                        kind: known == .unknown ? .removeNamed : .removeKnown,
                        action: .appendIfExistsOrAdd,
                        known: known,
                        keepsEmpty: false,
                        joins: false,
                        name: Self.put(name, &removed),
                        value: .empty,
                        format: 0
                    )
                )
            case .add(let name, _, let value, let action, let keepsEmpty):
                guard let known = Self.changeable(name) else { continue }
                if case .literal(let text) = value, text.bytes.isEmpty, !keepsEmpty { continue }
                let bytes = name.bytes
                var instruction = Instruction(
                    kind: .addLiteral,
                    action: action,
                    known: known,
                    keepsEmpty: keepsEmpty,
                    joins: InlineFields.joins(bytes.span, known),
                    name: Self.put(name, &added),
                    value: .empty,
                    format: 0
                )
                switch value {
                case .literal(let text): instruction.value = Self.put(text, &added)
                case .formatted(let format):
                    instruction.kind = .addFormatted
                    instruction.format = UInt32(formats.count)
                    formats.append(format)
                }
                instructions.append(instruction)
            }
        }
        if instructions.isEmpty { return nil }
        self.instructions = instructions
        self.added = added
        self.removed = removed
        self.formats = formats
    }

    /// The slot of a name that may be changed; nil for any other.
    private static func changeable(_ name: ByteString) -> KnownField? {
        let bytes = name.bytes
        guard let first = bytes.first, first != 0x3a else { return nil }
        let known = KnownFieldIndex.shared.field(named: bytes.span)
        return known == .host ? nil : known
    }

    private static func put(_ text: ByteString, _ run: inout [UInt8]) -> Head.Slice {
        let start = run.count
        run += text.bytes
        return Head.Slice(start, run.count)
    }

    /// The steps of which this was made.
    package var steps: [HeaderOperations.Step] {
        instructions.map { instruction in
            let known = instruction.known == .unknown ? nil : instruction.known
            switch instruction.kind {
            case .removeKnown, .removeNamed: return .remove(text(instruction.name, removed), known)
            case .addLiteral, .addFormatted:
                return .add(
                    text(instruction.name, added),
                    known,
                    instruction.kind == .addLiteral
                        ? .literal(text(instruction.value, added))
                        : .formatted(formats[Int(instruction.format)]),
                    instruction.action,
                    keepsEmpty: instruction.keepsEmpty
                )
            }
        }
    }

    private func text(_ slice: Head.Slice, _ run: [UInt8]) -> ByteString {
        ByteString(Array(run[Int(slice.start)..<Int(slice.start + slice.count)]))
    }
}
