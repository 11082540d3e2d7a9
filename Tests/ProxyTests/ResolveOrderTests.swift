import Model
import Testing

@testable import Proxy

/// The order of addresses, and when a name is asked for again.
struct ResolveOrderTests {
    private func v4(_ last: UInt32) -> SocketAddress { .ipv4(0x7f00_0000 | last, port: 80) }
    private func v6(_ last: Int) throws -> SocketAddress {
        try #require(SocketAddress(literal: "2001:db8::\(last)", port: 80))
    }

    @Test
    func familiesTakeTurnsFromTheFirstAddressOn() throws {
        let (a, b) = (try v6(1), try v6(2))
        let ordered = AddressOrder.interleaved(
            [a, b, v4(1), v4(2), v4(3)],
            firstFamilyCount: 1,
            prefersIPv4: false
        )
        #expect(ordered == [a, v4(1), b, v4(2), v4(3)])
    }

    @Test
    func theFirstFamilyMayHaveSeveralBeforeTheOther() throws {
        let (a, b) = (try v6(1), try v6(2))
        let ordered = AddressOrder.interleaved(
            [v4(1), v4(2), v4(3), a, b],
            firstFamilyCount: 2,
            prefersIPv4: false
        )
        #expect(ordered == [v4(1), v4(2), a, v4(3), b])
    }

    @Test
    func iPv4MayBePreferred() throws {
        let a = try v6(1)
        let ordered = AddressOrder.interleaved(
            [a, v4(1)],
            firstFamilyCount: 1,
            prefersIPv4: true
        )
        #expect(ordered == [v4(1), a])
    }

    @Test
    func oneFamilyKeepsItsOrder() {
        let all = [v4(3), v4(1), v4(2)]
        #expect(AddressOrder.interleaved(all, firstFamilyCount: 1, prefersIPv4: false) == all)
    }

    private func schedule(
        _ change: (inout DNSOptions) -> Void,
        ttl: Bool = false
    ) -> RefreshSchedule {
        var options = DNSOptions()
        change(&options)
        return RefreshSchedule(
            ClusterConfiguration(
                name: "app",
                discovery: .strictDNS,
                endpoints: [],
                dnsRefreshMilliseconds: 5_000,
                respectsDNSTTL: ttl,
                dns: options,
                fingerprint: [1]
            )
        )
    }

    @Test
    func failuresAreAskedAgainSoonAndThenLessOften() {
        var schedule = schedule {
            $0.failureRefreshBaseMilliseconds = 100
            $0.failureRefreshMaxMilliseconds = 350
        }
        let waits = (0..<4).map { _ in
            schedule.next(afterFailure: true, shortestTTLMilliseconds: nil) { $0.upperBound }
        }
        #expect(waits == [100, 200, 350, 350])
        let good = schedule.next(afterFailure: false, shortestTTLMilliseconds: nil) {
            $0.lowerBound
        }
        #expect(good == 5_000)
        let again = schedule.next(afterFailure: true, shortestTTLMilliseconds: nil) {
            $0.lowerBound
        }
        #expect(again == 50, "a success begins anew; a draw is never below the half")
    }

    @Test
    func withoutItsOwnRateAFailureWaitsForTheUsualRefresh() {
        var schedule = schedule { _ in }
        let wait = schedule.next(afterFailure: true, shortestTTLMilliseconds: nil) {
            $0.lowerBound
        }
        #expect(wait == 5_000)
    }

    @Test
    func jitterIsAddedUpToItsLimit() {
        var schedule = schedule { $0.jitterMilliseconds = 700 }
        let most = schedule.next(afterFailure: false, shortestTTLMilliseconds: nil) {
            $0.upperBound
        }
        #expect(most == 5_700)
    }

    @Test
    func aTimeToLiveCountsWhereItIsRespectedAndZeroIsOneSecond() {
        var ignoring = schedule { _ in }
        var respecting = schedule({ _ in }, ttl: true)
        func wait(_ schedule: inout RefreshSchedule, _ ttl: Int64) -> Int64 {
            schedule.next(afterFailure: false, shortestTTLMilliseconds: ttl) { $0.lowerBound }
        }
        #expect(wait(&ignoring, 30_000) == 5_000)
        #expect(wait(&respecting, 30_000) == 30_000)
        #expect(wait(&respecting, 0) == 1_000)
    }

    @Test
    func absurdIntervalsDoNotOverflow() {
        var schedule = schedule {
            $0.jitterMilliseconds = .max
            $0.failureRefreshBaseMilliseconds = .max
        }
        #expect(
            schedule.next(afterFailure: false, shortestTTLMilliseconds: nil) { $0.upperBound } > 0
        )
        #expect(
            schedule.next(afterFailure: true, shortestTTLMilliseconds: nil) { $0.upperBound } > 0
        )
    }
}
