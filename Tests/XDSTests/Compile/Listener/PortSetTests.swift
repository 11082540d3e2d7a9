import Model
import Testing

@testable import XDS

struct PortSetTests {
    @Test func rangesThatTouchBecomeOne() {
        let set = PortSet(80...90).union(PortSet(91...95)).union(PortSet(10...20))
        #expect(set.ranges == [10...20, 80...95])
    }

    @Test func theOtherPortsAreAllButThese() {
        #expect(PortSet(1...65534).inverted.ranges == [0...0, 65535...65535])
        #expect(PortSet.all.inverted.ranges == [])
        #expect(PortSet().inverted == .all)
    }

    @Test func whatIsInBothIsKept() {
        let both = PortSet(80...90).intersection(PortSet(85...100))
        #expect(both.ranges == [85...90])
        #expect(PortSet(1...2).intersection(PortSet(3...4)).ranges == [])
    }

    @Test(
        arguments: [
            ("{destination_port_range: {start: 3306, end: 3308}}", [3306...3307]),
            ("{not_match: {destination_port_range: {start: 1, end: 70000}}}", [0...0]),
            (
                "{or_match: {rules: [{destination_port_range: {start: 5, end: 6}}, "
                    + "{destination_port_range: {start: 6, end: 7}}]}}", [5...6]
            ),
            (
                "{and_match: {rules: [{any_match: true}, {destination_port_range: "
                    + "{start: 5, end: 9}}]}}", [5...8]
            ),
        ] as [(String, [ClosedRange<UInt16>])]
    )
    func aConditionIsASetOfPorts(condition: String, ports: [ClosedRange<UInt16>]) throws {
        let filter =
            "{name: tls, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters."
            + "listener.tls_inspector.v3.TlsInspector}, filter_disabled: \(condition)}"
        let filters = try ListenerFixture.listener(filter, in: .listenerFilters).filters
        #expect(filters.tlsInspectorOffPorts == ports)
        #expect(filters.inspectsTLS(to: nil))
        #expect(!filters.inspectsTLS(to: ports.first?.lowerBound))
        #expect(filters.inspectsTLS(to: 443))
    }
}
