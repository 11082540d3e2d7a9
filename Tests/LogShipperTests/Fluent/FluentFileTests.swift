import Glibc
import Testing

@testable import LogShipper

/// Files in a folder of their own.
final class FluentFolder {
    let path: String

    init() {
        var template = Array("/tmp/fluent-XXXXXX".utf8CString)
        _ = unsafe mkdtemp(&template)
        path = String(
            decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }

    deinit {
        for name in names { _ = unsafe unlink("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }

    private var names: [String] = []

    func write(_ name: String, _ text: String) {
        names.append(name)
        guard let file = unsafe fopen("\(path)/\(name)", "w") else { return }
        _ = unsafe fputs(text, file)
        _ = unsafe fclose(file)
    }
}

struct FluentFileTests {
    private let environment = FluentTexts.environment()

    @Test func includesAreSortedAndRelative() throws {
        let folder = FluentFolder()
        folder.write("main.conf", "@include part-*.inc\n<c>\n@include keys.inc\n</c>\n")
        folder.write("part-b.inc", "<b>\n</b>\n")
        folder.write("part-a.inc", "<a>\n</a>\n")
        folder.write("keys.inc", "k v\n")
        let root = try FluentdReader.read(
            path: folder.path + "/main.conf",
            environment: environment
        )
        #expect(root.sections.map(\.name) == ["a", "b", "c"])
        #expect(root.sections[2].entries.map(\.key) == ["k"])
        #expect(root.sections[0].place.file == folder.path + "/part-a.inc")
    }

    @Test func aCircleIsRefused() {
        let folder = FluentFolder()
        folder.write("main.conf", "@include other.conf\n")
        folder.write("other.conf", "\n@include main.conf\n")
        var what = ""
        do {
            _ = try FluentdReader.read(path: folder.path + "/main.conf", environment: environment)
        } catch {
            what = "\(error)"
        }
        #expect(what.hasPrefix("\(folder.path)/other.conf:2:1: "))
        #expect(what.contains("includes itself"))
    }

    @Test func aFileThatIsNotThereIsRefusedAndAnEmptyGlobIsNot() throws {
        let folder = FluentFolder()
        folder.write("main.conf", "@include none-*.conf\n")
        folder.write("bad.conf", "@include none.conf\n")
        let root = try FluentdReader.read(
            path: folder.path + "/main.conf",
            environment: environment
        )
        #expect(root.sections.isEmpty)
        var what = ""
        do {
            _ = try FluentdReader.read(path: folder.path + "/bad.conf", environment: environment)
        } catch {
            what = "\(error)"
        }
        #expect(
            what == "\(folder.path)/bad.conf:1:1: \"\(folder.path)/none.conf\" can't be opened: "
                + "No such file or directory"
        )
    }

    @Test func aFolderIsNoFile() {
        #expect(throws: LogConfigurationFailure.self) {
            try FluentdReader.read(path: "/tmp", environment: environment)
        }
    }

    @Test func fluentBitReadsParsersAndIncludes() throws {
        let folder = FluentFolder()
        folder.write(
            "main.conf",
            "@SET what=a\n[SERVICE]\n    Parsers_File parsers.conf\n@INCLUDE in.conf\n"
                + "[OUTPUT]\n    Name null\n"
        )
        folder.write("in.conf", "[INPUT]\n  Name tail\n  Path /${what}/*.log\n  Parser mine\n")
        folder.write("parsers.conf", "[PARSER]\n\tName mine\n\tFormat json\n")
        let sections = try FluentBitReader.read(
            path: folder.path + "/main.conf",
            environment: environment
        )
        #expect(sections.map(\.name) == ["service", "input", "output", "parser"])
        let configuration = try FluentBitCompiler.compile(
            sections,
            file: "main.conf",
            environment: environment
        )
        guard case .tail(let tail) = configuration.sources[0].kind else {
            Issue.record("no tail")
            return
        }
        #expect(tail.paths == ["/a/*.log"])
        #expect(configuration.sources[0].parser.kind == .json)
    }

    /// The configurations that users arrive with, as they are printed.
    @Test(arguments: ["fluent-logstash.conf", "fluent-index.conf"])
    func theSeedsCompileAsPrinted(name: String) throws {
        let path = Self.seeds() + name
        guard unsafe access(path, R_OK) == 0 else {
            print("\(name) is not here: the test is skipped")
            return
        }
        let environment = FluentTexts.environment(["FLUENT_ELASTICSEARCH_HOST": "es"])
        let root = try FluentdReader.read(path: path, environment: environment)
        let configuration = try FluentdCompiler.compile(root, environment: environment)
        #expect(configuration.warnings.isEmpty)
        #expect(configuration.sources.count == 1)
        #expect(configuration.sources[0].tag == "app.logs")
        #expect(configuration.sources[0].parser.kind == .json)
        guard case .elasticsearch(let options) = configuration.sinks[0].kind else {
            Issue.record("no elasticsearch")
            return
        }
        if name == "fluent-index.conf" {
            #expect(options.target.urls == ["http://es:9200"])
            #expect(options.index == RecordTemplate(literal: "app-logs"))
            #expect(options.logstash == nil)
        } else {
            #expect(
                options.target.urls == ["http://elasticsearch.default.svc.cluster.local:9200"]
            )
            #expect(options.logstash?.prefix == RecordTemplate(literal: "myapp-logs"))
            #expect(configuration.sinks[0].inject.tagKey == "log_tag")
            #expect(configuration.sinks[0].buffer.flushInterval == 5000)
        }
    }

    private static func seeds() -> String {
        var folder = #filePath.split(separator: "/").dropLast(4)
        folder.removeLast()
        return "/" + folder.joined(separator: "/") + "/shared/seeds/"
    }
}
