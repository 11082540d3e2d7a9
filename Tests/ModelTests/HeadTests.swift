import Model
import Testing

struct HeadTests {
    private func head(_ lines: [(String, String)]) -> Head {
        let head = Head(byteCapacity: 16, fieldCapacity: 2)
        for (name, value) in lines {
            let nameBytes = Array(name.utf8)
            let valueBytes = Array(value.utf8)
            head.addLine(name: head.append(nameBytes.span), value: head.append(valueBytes.span))
        }
        return head
    }

    private func text(_ head: Head, _ slice: Head.Slice?) -> String? {
        guard let slice else { return nil }
        return String(decoding: ByteString(copying: head.span(slice)).bytes, as: UTF8.self)
    }

    @Test(arguments: KnownField.allCases)
    func everyKnownNameIsFoundInAnyCase(field: KnownField) {
        if field == .unknown { return }
        let name = "\(field.name)"
        for form in [name, name.uppercased(), name.capitalized()] {
            let bytes = Array(form.utf8)
            #expect(KnownFieldIndex.shared.field(named: bytes.span) == field)
        }
        let longer = Array((name + "x").utf8)
        #expect(KnownFieldIndex.shared.field(named: longer.span) != field)
    }

    @Test func aSetFieldReplacesEveryLineOfItsName() {
        let head = head([("Server", "a"), ("x", "1"), ("server", "b")])
        head.set(.server, head.append("new"))
        #expect(text(head, head.first(.server)) == "new")
        #expect((0..<head.fieldCount).filter { !head.field(at: $0).isRemoved }.count == 2)
    }

    @Test func aRemovedFieldIsGoneAndCanBeSetAgain() {
        let head = head([("Host", "a"), ("host", "b")])
        head.remove(.host)
        #expect(!head.has(.host))
        head.set(.host, head.append("c"))
        #expect(text(head, head.first(.host)) == "c")
    }

    @Test func slicesStayValidWhileTheHeadGrows() {
        let head = Head(byteCapacity: 4, fieldCapacity: 1)
        var slices: [Head.Slice] = []
        for number in 0..<300 { slices.append(head.append(decimal: UInt64(number))) }
        for (number, slice) in slices.enumerated() { #expect(text(head, slice) == "\(number)") }
    }

    @Test(arguments: [0, 9, 10, 99, 100, 12_345, UInt64.max])
    func numbersAreWrittenInDecimal(value: UInt64) {
        let head = Head()
        #expect(text(head, head.append(decimal: value)) == "\(value)")
    }
}

extension String {
    fileprivate func capitalized() -> String { prefix(1).uppercased() + dropFirst() }
}
