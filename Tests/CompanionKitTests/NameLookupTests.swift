import Glibc
import Synchronization
import Testing

@testable import CompanionKit

@Suite(.serialized) struct NameLookupTests {
    /// Holds lookups until the test lets them go.
    private final class Gate: Sendable {
        private let isOpen = Mutex(false)
        let begun = Mutex(0)

        func open() { isOpen.withLock { $0 = true } }

        func wait() {
            begun.withLock { $0 += 1 }
            while !isOpen.withLock({ $0 }) { _ = poll(nil, 0, 1) }
        }
    }

    private func addresses(
        _ milliseconds: Int64,
        _ cancellation: Cancellation,
        _ find: @escaping @Sendable (String, Int) -> Result<[NetAddress], StreamFailure>
    ) -> StreamFailure? {
        do throws(StreamFailure) {
            _ = try NameLookup.addresses(
                of: "name.invalid",
                port: 1,
                deadline: Deadline(milliseconds: milliseconds),
                cancellation: cancellation,
                find: find
            )
            return nil
        } catch {
            return error
        }
    }

    @Test func anAddressAsksNobody() throws {
        let found = try NameLookup.addresses(
            of: "127.0.0.1",
            port: 80,
            deadline: Deadline(milliseconds: 0),
            cancellation: Cancellation()
        ) { _, _ in .failure(.failed("asked")) }
        #expect(found.count == 1)
    }

    @Test func aLookupThatHangsEndsWithTheDeadline() {
        let gate = Gate()
        defer { gate.open() }
        let failure = addresses(50, Cancellation()) { _, _ in
            gate.wait()
            return .success([])
        }
        #expect(failure == .timedOut("looking up name.invalid"))
    }

    @Test func aLookupThatHangsEndsWithTheCancellation() {
        let gate = Gate()
        defer { gate.open() }
        let cancellation = Cancellation()
        let failure = addresses(60_000, cancellation) { _, _ in
            cancellation.cancel()
            gate.wait()
            return .success([])
        }
        #expect(failure == .cancelled)
    }

    @Test func noMoreThanSomeHangAtATime() {
        let gate = Gate()
        for _ in 0..<NameLookup.limit + 3 {
            _ = addresses(1, Cancellation()) { _, _ in
                gate.wait()
                return .success([])
            }
        }
        #expect(gate.begun.withLock { $0 } <= NameLookup.limit)
        gate.open()
        // Places are free again once the others have ended.
        #expect(addresses(10_000, Cancellation()) { _, _ in .success([]) } != nil)
    }

    @Test func aNameWithoutAnAddressIsSaid() {
        let failure = addresses(10_000, Cancellation()) { _, _ in .success([]) }
        #expect(failure == .resolve(host: "name.invalid", why: "it has no address"))
    }
}
