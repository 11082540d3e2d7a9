import Model

/// A connection of a client, whatever it speaks: what its worker knows of it.
protocol ClientConnection: AnyObject {
    /// The position among the worker's connections.
    var position: Int { get set }
    /// The listener that the connection came by, over all its versions.
    var listenerLine: ListenerState.Line { get }

    /// The listener or the worker drains: closes when what is under way is done.
    func drain()
    /// The deadline of the drain has come.
    func cut()
    /// The listener has a newer version, or none: the connection goes on with it between two
    /// requests, or drains.
    func listenerChanged()
}
