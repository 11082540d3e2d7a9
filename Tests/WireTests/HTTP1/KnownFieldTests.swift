import Model
import Testing

@Suite("Known fields")
struct KnownFieldTests {
    @Test("Each known name is found in lower, upper and mixed case", arguments: KnownField.allCases)
    func found(_ field: KnownField) {
        let name = "\(field.name)"
        let mixed = name.enumerated().map {
            $0.offset % 2 == 0 ? $0.element.uppercased() : String($0.element)
        }
        for spelling in [name, name.uppercased(), mixed.joined()] {
            let bytes = Array(spelling.utf8)
            #expect(KnownFieldIndex.shared.field(named: bytes.span) == field)
        }
    }

    @Test("A name that differs in one byte is another", arguments: KnownField.allCases)
    func changed(_ field: KnownField) {
        let name = Array("\(field.name)".utf8)
        for index in name.indices {
            var other = name
            other[index] ^= 0x80
            #expect(KnownFieldIndex.shared.field(named: other.span) == .unknown)
            other[index] = 0x5f
            #expect(KnownFieldIndex.shared.field(named: other.span) == .unknown)
        }
        let longer = name + [0x78]
        let shorter = Array(name.dropLast())
        if field != .unknown {
            #expect(KnownFieldIndex.shared.field(named: longer.span) == .unknown)
            #expect(KnownFieldIndex.shared.field(named: shorter.span) == .unknown)
        }
    }

    @Test("The slots hold all known fields")
    func slots() { #expect(KnownField.allCases.count <= KnownField.slotCount) }
}
