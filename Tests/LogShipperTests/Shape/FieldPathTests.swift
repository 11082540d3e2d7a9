import Model
import Testing

@testable import LogShipper

@Suite struct FieldPathTests {
    private let json =
        #"{"a":{"b":{"c":"x\ty","d.e":[1]},"b.c":2, "k" : 7 },"a.b":{"z":1},"t":true,"n":null}"#

    private func text(_ path: String) throws -> String? {
        let shaped = try Shaped(json)
        var out: [UInt8] = []
        guard FieldPath(path).appendText(of: shaped.record, &out) else { return nil }
        return String(decoding: out, as: UTF8.self)
    }

    @Test(arguments: [
        ("t", "true"), ("n", ""), ("a.b.z", "1"), ("$.a.k", "7"), ("a.b", #"{"z":1}"#),
        ("a.k", "7"),
    ])
    func valuesAreFound(path: String, wanted: String) throws {
        #expect(try text(path) == wanted)
    }

    @Test(arguments: ["x", "a.x", "t.x", "a.k.x", "", ".", "a.", "a..b", "n.a"])
    func othersAreNot(path: String) throws {
        #expect(try text(path) == nil)
    }

    @Test func atEachLevelTheLongestNameCounts() throws {
        let shaped = try Shaped(#"{"o":{"b":{"c":1,"d.e":[2]},"b.c":3,"\u0071":{"r":4}}}"#)
        for (path, wanted) in [("o.b.c", "3"), ("o.b.d.e", "[2]"), ("o.q.r", "4")] {
            var out: [UInt8] = []
            FieldPath(path).appendText(of: shaped.record, &out)
            #expect(String(decoding: out, as: UTF8.self) == wanted)
        }
    }

    @Test(arguments: [
        ("a.x", #"{"a":{"y":2,"z":3}}"#), ("a.y", #"{"a":{"x":{"q":1},"z":3}}"#),
        ("a.z", #"{"a":{"x":{"q":1},"y":2}}"#), ("a.x.q", #"{"a":{"x":{},"y":2,"z":3}}"#),
        ("a", "{}"),
    ])
    func nestedValuesAreRemoved(path: String, wanted: String) throws {
        var shaped = try Shaped(#"{"a":{"x":{"q":1},"y":2,"z":3}}"#)
        let place = try #require(FieldPath(path).find(in: shaped.record))
        FieldPath.remove(place, from: &shaped.record)
        #expect(shaped.json == wanted)
    }

    @Test func nestedValuesAreReplaced() throws {
        var shaped = try Shaped(#"{"a": {"x" : [1, 2], "y":2}}"#)
        let value = Array("say \"hi\"\n".utf8)
        let first = try #require(FieldPath("a.x").find(in: shaped.record))
        FieldPath.replace(first, in: &shaped.record, with: value.span, kind: .text)
        let number = Array("17".utf8)
        let second = try #require(FieldPath("a.y").find(in: shaped.record))
        FieldPath.replace(second, in: &shaped.record, with: number.span, kind: .json)
        #expect(shaped.json == #"{"a":{"x" : "say \"hi\"\n", "y":17}}"#)
    }

    @Test func aCursorStaysWithinAnyBytes() {
        var random = SplitMix(seed: 9)
        let letters = Array(#"{}[]",:\ab1 "#.utf8)
        var members = 0
        for _ in 0..<20_000 {
            var bytes = Array("{".utf8)
            for _ in 0..<random.next() % 24 { bytes.append(letters[Int(random.next() % 12)]) }
            let path = Array("a.b".utf8)
            _ = FieldPath.find(path.span, in: bytes.span)
            guard var cursor = JSONCursor(bytes.span) else { continue }
            while cursor.next(bytes.span) != nil { members += 1 }
        }
        #expect(members > 0)
    }
}
