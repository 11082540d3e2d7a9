import Testing

@testable import LogShipper

@Suite struct GlobTests {
    @Test(arguments: [
        ("*.log", "app.log", true), ("*.log", ".log", false), ("*.log", "app.log.1", false),
        ("app.log*", "app.log.1", true), ("app-?.log", "app-1.log", true),
        ("app-?.log", "app-10.log", false), ("[a-c]*.log", "b.log", true),
        ("[!a-c]*.log", "b.log", false), ("[]]x", "]x", true), ("[a", "[a", true),
        ("a*b*c", "aXbYc", true), ("a*b*c", "aXbY", false), ("*", "", true), ("\\*", "*", true),
        ("\\*", "a", false),
    ])
    func namesFitAsInAShell(pattern: String, name: String, fits: Bool) {
        let pattern = Array(pattern.utf8)
        let name = Array(name.utf8)
        let found = Glob.matches(pattern.span, name.span)
        #expect(found == fits)
    }

    @Test(arguments: [
        ("/var/log/**/*.log", "/var/log/app.log", true),
        ("/var/log/**/*.log", "/var/log/a/b/app.log", true),
        ("/var/log/*/app.log", "/var/log/a/b/app.log", false),
        ("/var/{log,spool}/x", "/var/spool/x", true), ("/var/{log,spool}/x", "/var/lib/x", false),
    ])
    func pathsFit(pattern: String, path: String, fits: Bool) throws {
        let glob = try #require(Glob(pattern))
        #expect(glob.matches(path: path) == fits)
    }

    @Test func bracesThatAreABombAreRefused() {
        let bomb = "/" + String(repeating: "{a,b,c,d,e,f,g,h}", count: 20)
        #expect(Glob(bomb) == nil)
    }

    @Test func starsInANameTakeBoundedTime() {
        // Backtracking over every star would take longer than the universe has.
        let pattern = Array((String(repeating: "a*", count: 60) + "b").utf8)
        let name = Array(String(repeating: "a", count: 200).utf8)
        let found = Glob.matches(pattern.span, name.span)
        #expect(!found)
    }

    @Test func whatIsThereIsFound() throws {
        let folder = TemporaryFolder()
        try write("1", to: folder.path + "/app.log")
        try write("2", to: folder.path + "/app.log.1")
        try write("3", to: folder.path + "/other.txt")
        let glob = try #require(Glob(folder.path + "/app.log*"))
        var found = Glob.Expansion()
        glob.expand(into: &found)
        #expect(found.paths == [folder.path + "/app.log", folder.path + "/app.log.1"])
        #expect(found.folders == [folder.path])
    }
}
