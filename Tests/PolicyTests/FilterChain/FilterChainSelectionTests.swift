import Model
import Policy
import Testing

@Suite("The choice of a filter chain")
struct FilterChainSelectionTests {
    @Test(
        "Each connection gets the chain that fits best",
        arguments: FilterChainCase.destinations + FilterChainCase.handshakes
            + FilterChainCase.sources
    )
    func select(_ example: FilterChainCase) {
        let selection = FilterChainSelection(example.chains)
        #expect(selection.select(example.connection) == example.expected)
        #expect(FilterChainSelection.firstOverlap(example.chains) == nil)
    }

    @Test("The order of the chains is of no meaning")
    func order() {
        for example in FilterChainCase.destinations + FilterChainCase.handshakes
            + FilterChainCase.sources
        {
            let selection = FilterChainSelection(example.chains.reversed())
            let expected = example.expected.map { example.chains.count - 1 - $0 }
            #expect(selection.select(example.connection) == expected, "\(example.name)")
        }
    }

    @Test("Chains that could both be chosen are found")
    func overlaps() {
        func overlap(_ chains: FilterChainMatch...) -> [Int] {
            guard let (first, second) = FilterChainSelection.firstOverlap(chains) else { return [] }
            return [first, second]
        }
        #expect(overlap(match(), match()) == [0, 1])
        #expect(overlap(match(port: 1), match(), match(port: 1)) == [0, 2])
        #expect(overlap(match(names: ["a", "b"]), match(names: ["b", "c"])) == [0, 1])
        #expect(overlap(match(names: ["a"]), match(names: ["b"]), match()).isEmpty)
        #expect(overlap(match(names: ["*.a"]), match(names: ["a"])).isEmpty)
        #expect(
            overlap(match(to: [range("10.0.0.1", 8)]), match(to: [range("10.9.9.9", 8)])) == [0, 1]
        )
        #expect(
            overlap(match(to: [range("10.0.0.0", 8)]), match(to: [range("10.0.0.0", 9)])).isEmpty
        )
        #expect(overlap(match(to: [range("0.0.0.0", 0)]), match()).isEmpty)
        #expect(overlap(match(to: [range("0.0.0.0", 0)]), match(to: [range("::", 0)])).isEmpty)
        #expect(overlap(match(type: .external), match(type: .any)).isEmpty)
        let many = (0..<100).map { UInt16($0) }
        let more = (99..<200).map { UInt16($0) }
        #expect(overlap(match(ports: many), match(ports: more)) == [0, 1])
        #expect(overlap(match(ports: many), match(ports: Array(more.dropFirst()))).isEmpty)
    }
}
