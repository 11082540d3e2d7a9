import CompanionKit
import Testing

@testable import LogShipper

/// What a hostile peer of a forward source sends.
@Suite struct ForwardAttackTests {
    private typealias Value = ForwardBytes.Value

    /// A record whose name is a map, whose name is a map, and so on.
    private func nested(_ depth: Int) -> [UInt8] {
        var name = Value.text("\"")
        for _ in 0..<depth { name = .map([(name, .null)]) }
        return ForwardBytes.pack(.array([.text("t"), .integer(5), .map([(name, .null)])]))
    }

    @Test func namesThatAreMapsWithinMapsDoNotGrowWithoutEnd() {
        // Each level escapes the quotes and the backslashes of the one within.
        for depth in [1, 2, 3, 8, 18] {
            let bytes = nested(depth)
            let found = ForwardBytes.records(bytes)
            let count = found.reduce(0) { $0 + $1.utf8.count }
            #expect(count < 4096, "\(bytes.count) bytes became \(count) at depth \(depth)")
        }
        #expect(ForwardBytes.records(nested(1)) == [#"5000000000 t {"{\"\\\"\":null}":null}"#])
    }
}
