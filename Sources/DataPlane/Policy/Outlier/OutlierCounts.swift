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
    /// A connection was made: ends a row of local failures where these are counted apart.
    case connected
}

/// A threshold of consecutive failures has been reached.
package enum ConsecutiveFailure: Sendable {
    case serverError, gatewayFailure, localOrigin
}

/// What outlier detection counts at one endpoint, over all workers.
package final class OutlierCounts: Sendable {
    private let configuration: OutlierDetectionConfiguration

    package init(_ configuration: OutlierDetectionConfiguration) {
        self.configuration = configuration
    }

    /// Counts a result; where a row of failures has just reached its threshold, says which.
    ///
    /// From any worker; relaxed atomics.
    package func record(_ result: OutlierResult) -> ConsecutiveFailure? { nil }
}
