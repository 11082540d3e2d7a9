/// What is allowed, and hardly meant.
extension InterceptionOptions {
    /// The readiness port that the examples, `pillion wait` and Istio have.
    private static let readinessPort: UInt16 = 15_021

    /// What to tell before the rules are installed.
    ///
    /// A list of ports to leave alone replaces the default, which has the sidecar's own ports.
    package var warnings: [InterceptionProblem] {
        guard inboundPorts == .all,
            !excludedInboundPorts.contains(where: { $0.contains(Self.readinessPort) })
        else { return [] }
        let flag = InterceptionFlag.excludedInboundPorts.rawValue
        return [
            InterceptionProblem(
                "--\(flag) does not name the readiness port \(Self.readinessPort), as its default does",
                hint:
                    "probes go through the sidecar that they ask for, and come to the port as its "
                    + "own connections; add the port"
            )
        ]
    }
}
