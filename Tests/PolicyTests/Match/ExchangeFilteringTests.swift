import Model
import Policy
import Testing

@Suite struct ExchangeFilteringTests {
    private func record(
        status: UInt16 = 503,
        flags: ResponseFlags = .noHealthyUpstream,
        milliseconds: Int64 = 20,
        requestID: String? = nil
    ) -> ExchangeRecord {
        var record = ExchangeRecord()
        record.responseCode = status
        record.flags = flags
        record.durationMicroseconds = milliseconds * 1000 + 999
        let head = Head()
        if let requestID {
            let bytes = Array(requestID.utf8)
            head.set(.xRequestID, head.append(bytes.span))
        }
        record.request = head
        return record
    }

    private func matches(
        _ filter: ExchangeFilter,
        _ record: ExchangeRecord,
        random: UInt64 = 0
    ) -> Bool {
        filter.matches(record) { random }
    }

    @Test func aNumberIsComparedInFourWays() {
        #expect(matches(.status(.equal, 503), record()))
        #expect(!matches(.status(.equal, 502), record()))
        #expect(matches(.status(.greaterOrEqual, 503), record()))
        #expect(!matches(.status(.greaterOrEqual, 504), record()))
        #expect(matches(.status(.lessOrEqual, 503), record()))
        #expect(!matches(.status(.lessOrEqual, 502), record()))
        #expect(matches(.status(.notEqual, 502), record()))
        #expect(!matches(.status(.notEqual, 503), record()))
    }

    @Test func aDurationIsWholeMilliseconds() {
        #expect(matches(.duration(.equal, 20), record()))
        #expect(!matches(.duration(.greaterOrEqual, 21), record()))
        #expect(matches(.duration(.lessOrEqual, 0), ExchangeRecord()))
    }

    @Test func oneOfTheFlagsIsEnoughAndNoneMeansAny() {
        #expect(matches(.flags([.noHealthyUpstream, .noRouteFound]), record()))
        #expect(!matches(.flags(.noRouteFound), record()))
        #expect(matches(.flags([]), record()))
        #expect(!matches(.flags([]), record(flags: [])))
    }

    @Test func theStatusOfACallIsOneOfThoseWanted() {
        let wanted: UInt32 = 1 << 14 | 1 << 2
        func head(_ status: String) -> Head {
            let head = Head()
            let bytes = Array(status.utf8)
            head.set(.grpcStatus, head.append(bytes.span))
            return head
        }
        var record = ExchangeRecord()
        // Nothing known is Unknown.
        #expect(matches(.grpcStatus(wanted, excludes: false), record))
        record.response = head("0")
        record.responseCode = 200
        #expect(!matches(.grpcStatus(wanted, excludes: false), record))
        #expect(matches(.grpcStatus(wanted, excludes: true), record))
        record.responseTrailers = head("14")
        #expect(matches(.grpcStatus(wanted, excludes: false), record))
        #expect(!matches(.grpcStatus(wanted, excludes: true), record))
        record.responseTrailers = head("4294967296000")
        #expect(!matches(.grpcStatus(.max, excludes: false), record))
        #expect(!matches(.grpcStatus(0, excludes: false), record))
        #expect(matches(.grpcStatus(0, excludes: true), record))
    }

    @Test func conditionsAreJoined() {
        let right = ExchangeFilter.status(.equal, 503)
        let wrong = ExchangeFilter.status(.equal, 200)
        #expect(matches(.all([right, .notHealthCheck]), record()))
        #expect(!matches(.all([right, wrong]), record()))
        #expect(matches(.any([wrong, right]), record()))
        #expect(!matches(.any([wrong, wrong]), record()))
    }

    @Test func aHeaderOfTheRequestIsAskedFor() {
        let filter = ExchangeFilter.header(
            HeaderMatcher(name: "x-request-id", condition: .present)
        )
        #expect(matches(filter, record(requestID: "a")))
        #expect(!matches(filter, record()))
        #expect(!matches(filter, ExchangeRecord()))
    }

    @Test func aShareIsDecidedByTheRequestIDWhereThereIsOne() {
        let half = ExchangeFilter.share(numerator: 50, denominator: 100, isIndependent: false)
        // 0x31 is 49, 0x32 is 50.
        #expect(matches(half, record(requestID: "00000031-0000"), random: 99))
        #expect(!matches(half, record(requestID: "00000032-0000"), random: 0))
        #expect(matches(half, record(requestID: "0000003"), random: 149))
        #expect(!matches(half, record(requestID: "no-digits"), random: 150))
        let chance = ExchangeFilter.share(numerator: 50, denominator: 100, isIndependent: true)
        #expect(matches(chance, record(requestID: "00000032-0000"), random: 49))
    }

    @Test(
        arguments: [
            (400, 13), (401, 16), (403, 7), (404, 12), (429, 14), (502, 14), (503, 14), (504, 14),
            (200, 2), (301, 2), (408, 2), (500, 2),
        ] as [(UInt16, UInt64)]
    )
    func aStatusOfHTTPHasOneOfGRPC(http: UInt16, code: UInt64) {
        #expect(GRPCStatus.code(forHTTP: http) == code)
    }

    @Test func aMessageIsWrittenInPrintableBytes() {
        let head = Head()
        let text = Array("a b~%\n\u{fc}".utf8)
        let slice = GRPCStatus.appendMessage(text.span, to: head)
        #expect(ByteString(copying: head.span(slice)) == "a b%7E%25%0A%C3%BC")
    }
}
