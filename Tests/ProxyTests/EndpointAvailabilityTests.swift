import Model
import Proxy
import Synchronization
import Testing

/// When an endpoint became usable: where slow start begins.
struct EndpointAvailabilityTests {
    private func cluster() -> ClusterShared {
        ClusterShared(
            configuration: ClusterConfiguration(
                name: "app",
                discovery: .static,
                endpoints: [],
                fingerprint: [1]
            )
        )
    }

    private func endpoint(port: UInt16) -> ResolvedEndpoint {
        ResolvedEndpoint(address: .ipv4(0x7f00_0001, port: port), hostname: "", weight: 1)
    }

    @Test func anEndpointThatJoinsIsNewAndOneThatStaysIsNot() throws {
        let cluster = cluster()
        let first = try #require(cluster.update([endpoint(port: 1)]).members.first)
        // Without a health check nothing else says when it came.
        #expect(first.availableSince.load(ordering: .relaxed) > 0)
        first.availableSince.store(1, ordering: .relaxed)
        let members = cluster.update([endpoint(port: 1), endpoint(port: 2)]).members
        #expect(members[0].availableSince.load(ordering: .relaxed) == 1)
        #expect(members[1].availableSince.load(ordering: .relaxed) > 1)
    }
}
