import Model
import Telemetry

/// A client's connection that is relayed byte for byte.
final class TCPClientConnection: StreamConnection, ClientConnection, Startable {
    let chain: TCPChain
    let peer: DownstreamPeer
    var position = 0

    init(descriptor: Int32, peer: DownstreamPeer, chain: TCPChain) {
        self.chain = chain
        self.peer = peer
        super.init(descriptor: descriptor, loop: chain.worker.loop)
    }

    var listenerLine: ListenerState.Line { chain.listenerLine }
    func start() {}
    func drain() {}
    func cut() {}
    func listenerChanged() {}
}
