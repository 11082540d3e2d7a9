import Admin
import LogShipper
import Synchronization

/// What the log shipper says of itself on the admin interface.
struct LogPages: CompanionPages {
    let shipper: LogShipper

    init(_ shipper: LogShipper) { self.shipper = shipper }

    var name: String { "logs" }
    func text() -> String { LogStatus(shipper).text }
    func json() -> String { LogStatus(shipper).json }
    func prometheus() -> String { LogStatus(shipper).prometheus }
}
