import Testing

@Suite("The corpora of the fuzzer for HTTP/2")
struct HTTP2CorpusTests {
    private static let frameFiles = CorpusFolder.files("http2-frames")
    private static let blockFiles = CorpusFolder.files("hpack")

    @Test("The corpora are there")
    func exist() {
        #expect(Self.frameFiles.count >= 60)
        #expect(Self.blockFiles.count >= 90)
    }

    @Test("Each file of frames keeps the properties", arguments: frameFiles)
    func frames(_ file: CorpusFolder.File) {
        #expect(!file.bytes.isEmpty)
        #expect(HTTP2Property.violation(in: file.bytes) == nil)
    }

    @Test("Each file of header blocks keeps the properties", arguments: blockFiles)
    func headerBlocks(_ file: CorpusFolder.File) {
        #expect(!file.bytes.isEmpty)
        #expect(HPACKProperty.violation(in: file.bytes) == nil)
    }
}
