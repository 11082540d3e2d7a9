import Proxy
import Synchronization
import Telemetry

extension StatsRegistry {
    /// Makes the stats of the process come from what it is now, asked for at each scrape.
    func computeServerStats(
        plane: DataPlane,
        condition: ServerCondition,
        process: ProcessInformation
    ) {
        let workers = UInt64(clamping: process.workers)
        let version = process.versionNumber
        compute(.live) { condition.state == .live ? 1 : 0 }
        compute(.state) { condition.state.rawValue }
        compute(.uptime) { UInt64(clamping: process.uptimeSeconds) }
        compute(.concurrency) { workers }
        compute(.version) { version }
        compute(.memoryAllocated) { ProcessMemory.read().resident }
        compute(.totalConnections) {
            plane.listeners.reduce(0) {
                $0 &+ UInt64(clamping: $1.connections.load(ordering: .relaxed))
            }
        }
        // There are no certificates yet; Envoy prints this number then, and an alert on few days
        // must not fire.
        compute(.daysUntilFirstCertExpiring) { UInt64(UInt32.max) }
        compute(.listenerManagerTotalListenersActive) {
            plane.isDraining || condition.hasStoppedListeners
                ? 0 : UInt64(plane.listeners.count)
        }
        compute(.listenerManagerTotalListenersDraining) {
            plane.isDraining || condition.hasStoppedListeners
                ? UInt64(plane.listeners.count) : 0
        }
        compute(.listenerManagerWorkersStarted) { plane.snapshot == nil ? 0 : 1 }
        compute(.clusterManagerActiveClusters) { UInt64(plane.clusters.count) }
    }
}
