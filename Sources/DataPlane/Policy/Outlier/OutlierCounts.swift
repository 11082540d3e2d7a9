package import Model
import Synchronization

/// How one attempt at an endpoint ended, as outlier detection sees it.
package enum OutlierResult: Sendable {
    /// A response came; its status says whether it counts as a failure.
    case response(status: UInt16)
    /// No connection could be made.
    case connectFailure
    /// No response came in time: the whole time of the route, or of an attempt.
    case timeout
    /// The connection was lost after the request had begun.
    case reset
    /// An attempt got a connection, new or kept: ends a row of local failures where these are
    /// counted apart.
    case connected
}

/// A threshold of consecutive failures has been reached.
package enum ConsecutiveFailure: Sendable {
    case serverError, gatewayFailure, localOrigin
    /// One response reached both thresholds.
    case gatewayFailureAndServerError
}

/// What outlier detection counts at one endpoint, over all workers.
///
/// Successes and failures of one window are the two halves of one atomic word, so that a response
/// costs one atomic addition; the rows of failures cost a load while all goes well. Relaxed
/// throughout: the counts order nothing else. A half holds 2^32 results, about an hour at a million
/// each second to one endpoint.
package final class OutlierCounts: Sendable {
    private let consecutive5xxMax: UInt32
    private let consecutiveGatewayMax: UInt32
    private let consecutiveLocalMax: UInt32
    /// Failures of our own side (no connection, no answer in time) are counted apart.
    private let splitsLocalOrigin: Bool

    private let consecutive5xx = Atomic<UInt32>(0)
    private let consecutiveGateway = Atomic<UInt32>(0)
    private let consecutiveLocal = Atomic<UInt32>(0)
    /// The lowest bit says which of the two windows is written.
    private let window = Atomic<UInt32>(0)
    private let external0 = Atomic<UInt64>(0)
    private let external1 = Atomic<UInt64>(0)
    private let local0 = Atomic<UInt64>(0)
    private let local1 = Atomic<UInt64>(0)

    /// The last window's rates, for `/clusters`; -1 where there were too few requests.
    private let externalRate = Atomic<UInt64>((-1.0).bitPattern)
    private let localRate = Atomic<UInt64>((-1.0).bitPattern)
    private let clusterRates = Mutex<ClusterSuccessRates?>(nil)

    private static let success: UInt64 = 1
    private static let failure: UInt64 = 1 << 32

    package init(_ configuration: OutlierDetectionConfiguration) {
        consecutive5xxMax = configuration.consecutive5xx
        consecutiveGatewayMax = configuration.consecutiveGatewayFailure
        consecutiveLocalMax = configuration.consecutiveLocalOriginFailure
        splitsLocalOrigin = configuration.splitsLocalOriginErrors
    }

    // MARK: - On any worker

    /// Counts a result; where a row of failures has just reached its threshold, says which.
    ///
    /// Without `split_external_local_origin_errors` a lost connection counts as 503 and a timeout as
    /// 504, and a connection that was made says nothing; with it, these are counted apart.
    package func record(_ result: OutlierResult) -> ConsecutiveFailure? {
        switch result {
        case .response(let status): recordStatus(status)
        case .connectFailure, .reset: splitsLocalOrigin ? recordLocalFailure() : recordStatus(503)
        case .timeout: splitsLocalOrigin ? recordLocalFailure() : recordStatus(504)
        case .connected: recordConnected()
        }
    }

    @inline(__always)
    private func recordStatus(_ status: UInt16) -> ConsecutiveFailure? {
        if status < 500 || status > 599 {
            addExternal(Self.success)
            // A load is cheap where a store would take the line from the other workers.
            if consecutive5xx.load(ordering: .relaxed) != 0 {
                consecutive5xx.store(0, ordering: .relaxed)
            }
            if consecutiveGateway.load(ordering: .relaxed) != 0 {
                consecutiveGateway.store(0, ordering: .relaxed)
            }
            return nil
        }
        return recordServerError(isGateway: status >= 502 && status <= 504)
    }

    private func recordServerError(isGateway: Bool) -> ConsecutiveFailure? {
        addExternal(Self.failure)
        var reachesGateway = false
        if isGateway {
            let row = consecutiveGateway.wrappingAdd(1, ordering: .relaxed).newValue
            reachesGateway = row == consecutiveGatewayMax
        } else {
            consecutiveGateway.store(0, ordering: .relaxed)
        }
        let row = consecutive5xx.wrappingAdd(1, ordering: .relaxed).newValue
        if row == consecutive5xxMax {
            return reachesGateway ? .gatewayFailureAndServerError : .serverError
        }
        return reachesGateway ? .gatewayFailure : nil
    }

    private func recordLocalFailure() -> ConsecutiveFailure? {
        addLocal(Self.failure)
        let row = consecutiveLocal.wrappingAdd(1, ordering: .relaxed).newValue
        return row == consecutiveLocalMax ? .localOrigin : nil
    }

    @inline(__always)
    private func recordConnected() -> ConsecutiveFailure? {
        guard splitsLocalOrigin else { return nil }
        addLocal(Self.success)
        if consecutiveLocal.load(ordering: .relaxed) != 0 {
            consecutiveLocal.store(0, ordering: .relaxed)
        }
        return nil
    }

    @inline(__always)
    private func addExternal(_ amount: UInt64) {
        if window.load(ordering: .relaxed) & 1 == 0 {
            external0.wrappingAdd(amount, ordering: .relaxed)
        } else {
            external1.wrappingAdd(amount, ordering: .relaxed)
        }
    }

    @inline(__always)
    private func addLocal(_ amount: UInt64) {
        if window.load(ordering: .relaxed) & 1 == 0 {
            local0.wrappingAdd(amount, ordering: .relaxed)
        } else {
            local1.wrappingAdd(amount, ordering: .relaxed)
        }
    }

    // MARK: - For the detector only

    /// What one window counted.
    package struct Window: Equatable, Sendable {
        package var successes: UInt64
        package var failures: UInt64

        package var total: UInt64 { successes + failures }
        /// 0 to 100; nil where nothing came.
        package var successRate: Double? {
            total == 0 ? nil : Double(successes) * 100 / Double(total)
        }

        init(_ word: UInt64) {
            successes = word & 0xffff_ffff
            failures = word >> 32
        }
    }

    /// Ends the window and begins the next; what the ended one counted.
    ///
    /// A worker in the middle of a count may still add to the ended window: that result is counted
    /// nowhere, as in Envoy.
    package func nextWindow() -> (external: Window, local: Window) {
        let ended = window.load(ordering: .relaxed) & 1
        if ended == 0 {
            external1.store(0, ordering: .relaxed)
            local1.store(0, ordering: .relaxed)
            window.store(1, ordering: .relaxed)
            return (
                Window(external0.load(ordering: .relaxed)), Window(local0.load(ordering: .relaxed))
            )
        }
        external0.store(0, ordering: .relaxed)
        local0.store(0, ordering: .relaxed)
        window.store(0, ordering: .relaxed)
        return (Window(external1.load(ordering: .relaxed)), Window(local1.load(ordering: .relaxed)))
    }

    /// Begins a row of failures anew.
    package func resetConsecutive(_ kind: ConsecutiveFailure) {
        switch kind {
        case .serverError: consecutive5xx.store(0, ordering: .relaxed)
        case .gatewayFailure: consecutiveGateway.store(0, ordering: .relaxed)
        case .localOrigin: consecutiveLocal.store(0, ordering: .relaxed)
        case .gatewayFailureAndServerError:
            consecutive5xx.store(0, ordering: .relaxed)
            consecutiveGateway.store(0, ordering: .relaxed)
        }
    }

    func setRates(external: Double, local: Double) {
        externalRate.store(external.bitPattern, ordering: .relaxed)
        localRate.store(local.bitPattern, ordering: .relaxed)
    }

    func join(_ rates: ClusterSuccessRates) { clusterRates.withLock { $0 = rates } }

    // MARK: - On any thread

    /// The share of successes in the last window, 0 to 100; -1 where there were too few requests.
    package var successRate: Double {
        Double(bitPattern: externalRate.load(ordering: .relaxed))
    }

    /// The same of connections made and answers in time; -1 where these are not counted apart.
    package var localOriginSuccessRate: Double {
        Double(bitPattern: localRate.load(ordering: .relaxed))
    }

    /// What the cluster as a whole had in the last window; nil until a detector has it.
    package var ofCluster: ClusterSuccessRates? { clusterRates.withLock { $0 } }
}

/// The averages of a cluster and the rates below which an endpoint was ejected, in the last window.
///
/// Written by the detector, read by any thread; -1 where there were too few requests.
package final class ClusterSuccessRates: Sendable {
    private let mean = Atomic<UInt64>((-1.0).bitPattern)
    private let ejection = Atomic<UInt64>((-1.0).bitPattern)
    private let localMean = Atomic<UInt64>((-1.0).bitPattern)
    private let localEjection = Atomic<UInt64>((-1.0).bitPattern)

    package init() {}

    func set(_ threshold: SuccessRateThreshold?, isLocal: Bool) {
        let newMean = (threshold?.mean ?? -1).bitPattern
        let newEjection = (threshold?.ejection ?? -1).bitPattern
        if isLocal {
            localMean.store(newMean, ordering: .relaxed)
            localEjection.store(newEjection, ordering: .relaxed)
        } else {
            mean.store(newMean, ordering: .relaxed)
            ejection.store(newEjection, ordering: .relaxed)
        }
    }

    package var average: Double { Double(bitPattern: mean.load(ordering: .relaxed)) }
    package var ejectionThreshold: Double { Double(bitPattern: ejection.load(ordering: .relaxed)) }
    package var localOriginAverage: Double {
        Double(bitPattern: localMean.load(ordering: .relaxed))
    }
    package var localOriginEjectionThreshold: Double {
        Double(bitPattern: localEjection.load(ordering: .relaxed))
    }
}
