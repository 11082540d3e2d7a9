import Testing

@testable import Proxy

struct ResourceBudgetTests {
    @Test(
        arguments: [
            ("max 100000\n", nil), ("50000 100000\n", 0.5), ("250000 100000", 2.5), ("", nil),
            ("-1 100000", nil), ("0 100000", nil), ("x y", nil), ("1 2 3", nil),
        ] as [(String, Double?)]
    )
    func theQuotaOfACgroupIsRead(text: String, expected: Double?) {
        #expect(ResourceBudget.parseCPUMax(text) == expected)
    }

    @Test func connectionsLeaveDescriptorsForUpstreams() {
        #expect(ResourceBudget.connectionsMax(descriptors: 1_024) == 480)
        #expect(ResourceBudget.connectionsMax(descriptors: 20) == 16)
    }

    @Test func thereIsAlwaysACPU() { #expect(ResourceBudget.cpuCount() >= 1) }
}
