import Model

/// A connection on its way to an endpoint: to its one address, or to the first that answers.
enum TCPAttempt {
    case socket(ConnectingSocket)
    case race(AddressRace)

    init(
        to endpoint: EndpointState,
        _ options: ConnectOptions,
        receiver: any ConnectionReceiver
    ) throws(SystemCallError) {
        if endpoint.shared.endpoint.additionalAddresses.isEmpty {
            self = .socket(
                try ConnectingSocket(
                    endpoint: endpoint,
                    priority: .normal,
                    address: endpoint.address,
                    options: options,
                    receiver: receiver
                )
            )
        } else {
            self = .race(
                AddressRace(
                    endpoint: endpoint,
                    priority: .normal,
                    options: options,
                    receiver: receiver
                )
            )
        }
    }

    func start() throws(SystemCallError) {
        switch self {
        case .socket(let socket): socket.start()
        case .race(let race): try race.start()
        }
    }

    /// Nobody waits any more.
    func abandon() {
        switch self {
        case .socket(let socket): socket.abandon()
        case .race(let race): race.abandon()
        }
    }
}
