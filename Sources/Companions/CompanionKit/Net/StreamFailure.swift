/// Why a connection can't be made or used, in words.
package enum StreamFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case resolve(host: String, why: String)
    case connect(address: String, why: String)
    case tls(String)
    case timedOut(String)
    case closed
    case failed(String)
    /// The owner asked to stop.
    case cancelled

    package var description: String {
        switch self {
        case .resolve(let host, let why): "\(host) can't be found: \(why)"
        case .connect(let address, let why): "\(address) can't be reached: \(why)"
        case .tls(let why): "TLS failed: \(why)"
        case .timedOut(let what): "\(what) took too long"
        case .closed: "the peer closed the connection"
        case .failed(let why): "the connection failed: \(why)"
        case .cancelled: "it was stopped"
        }
    }
}
