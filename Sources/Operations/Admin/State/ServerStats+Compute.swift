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
        let epoch = UInt64(process.epoch)
        compute(.hotRestartEpoch) { epoch }
        compute(.hotRestartGeneration) { epoch + 1 }
        compute(.memoryAllocated) { ProcessMemory.read().resident }
        compute(.totalConnections) {
            (plane.listeners + plane.drainingListeners).reduce(0) {
                $0 &+ UInt64(clamping: $1.connectionCount)
            }
        }
        compute(.daysUntilFirstCertExpiring) { plane.daysUntilFirstCertificateExpires }
        compute(.listenerManagerTotalListenersActive) {
            plane.isDraining || condition.hasStoppedListeners
                ? 0 : UInt64(plane.listeners.count)
        }
        compute(.listenerManagerTotalListenersDraining) {
            plane.isDraining || condition.hasStoppedListeners
                ? UInt64(plane.listeners.count) : UInt64(plane.drainingListeners.count)
        }
        compute(.listenerManagerWorkersStarted) { plane.snapshot == nil ? 0 : 1 }
        compute(.configReloadVersion) { process.configuration.status.version }
        compute(.configReloadStale) { process.configuration.status.isStale ? 1 : 0 }
        compute(.configReloadLastSuccessTimeSeconds) {
            UInt64(clamping: process.configuration.status.loadedAt)
        }
        compute(.clusterManagerActiveClusters) { UInt64(plane.clusters.count) }
    }
}
