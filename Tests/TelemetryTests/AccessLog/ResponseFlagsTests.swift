import Model
import Testing

@testable import Telemetry

@Suite struct ResponseFlagsTests {
    @Test(
        arguments: [
            (ResponseFlags.noHealthyUpstream, "UH"), (.upstreamConnectionFailure, "UF"),
            (.upstreamOverflow, "UO"), (.noRouteFound, "NR"), (.upstreamRetryLimitExceeded, "URX"),
            (.noClusterFound, "NC"), (.durationTimeout, "DT"),
            (.downstreamConnectionTermination, "DC"),
            (.failedLocalHealthCheck, "LH"), (.upstreamRequestTimeout, "UT"), (.localReset, "LR"),
            (.upstreamRemoteReset, "UR"), (.upstreamConnectionTermination, "UC"),
            (.delayInjected, "DI"), (.faultInjected, "FI"), (.rateLimited, "RL"),
            (.unauthorizedExternalService, "UAEX"), (.rateLimitServiceError, "RLSE"),
            (.streamIdleTimeout, "SI"), (.invalidHeaders, "IH"), (.downstreamProtocolError, "DPE"),
            (.upstreamMaxStreamDurationReached, "UMSDR"), (.responseFromCache, "RFCF"),
            (.noFilterConfiguration, "NFCF"), (.upstreamProtocolError, "UPE"),
            (.overloadManager, "OM"), (.dnsResolutionFailed, "DF"), (.dropOverload, "DO"),
            (.downstreamRemoteReset, "DR"), (.unconditionalDropOverload, "UDO"),
        ] as [(ResponseFlags, String)]
    )
    func everyFlagHasItsShortName(flag: ResponseFlags, name: String) {
        #expect(flag.shortNames == name)
    }

    @Test func namesAreUnique() {
        #expect(Set(ResponseFlags.names.map { "\($0.short)" }).count == ResponseFlags.names.count)
        #expect(Set(ResponseFlags.names.map { "\($0.long)" }).count == ResponseFlags.names.count)
    }

    @Test func severalAreJoinedAndUnknownBitsAreLeftOut() {
        let line = LineBuffer()
        ResponseFlags([.upstreamRequestTimeout, .noRouteFound]).append(to: line, long: false)
        #expect(line.text == "UT,NR")
        #expect(ResponseFlags([.upstreamRequestTimeout, .noRouteFound]).shortNames == "UT,NR")
        #expect(ResponseFlags().shortNames == "-")
        #expect(ResponseFlags(rawValue: 1 << 31 | 1 << 2).shortNames == "UT")
    }
}
