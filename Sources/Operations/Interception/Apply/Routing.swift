import Glibc

/// What the rules need of routing: marked packets are delivered here, and `lo` has `::6`.
struct Routing: Equatable {
    /// Packets with the mark are looked up in the table, which says "here" to every address.
    struct Delivery: Hashable {
        var family: AddressFamily
        var mark: UInt32
        var table: UInt32
    }

    var deliveries: Set<Delivery> = []
    /// IPv4 has all of 127.0.0.0/8 on `lo`; IPv6 has `::1` alone.
    var hasPassthroughAddress = false

    /// What the rules of these families need.
    init(for families: [AddressFamily], _ options: InterceptionOptions) {
        if options.mode == .tproxy, options.inboundIsIntercepted {
            deliveries = Set(
                families.map {
                    Delivery(family: $0, mark: options.mark, table: options.routeTable)
                }
            )
        }
        hasPassthroughAddress = families.contains(.ipv6) && Kernel.loopbackHasIPv6
    }

    private init() {}

    static let none = Routing()

    /// The same as commands of iproute2, for people.
    var commands: [String] {
        let ordered = deliveries.sorted { $0.family == .ipv4 && $1.family == .ipv6 }
        var lines = ordered.flatMap { delivery in
            let ip = delivery.family == .ipv4 ? "ip" : "ip -6"
            let all = delivery.family == .ipv4 ? "0.0.0.0/0" : "::/0"
            return [
                "\(ip) rule add fwmark \(delivery.mark) lookup \(delivery.table)",
                "\(ip) route add local \(all) dev lo table \(delivery.table)",
            ]
        }
        if hasPassthroughAddress { lines.append("ip -6 address add ::6/128 dev lo nodad") }
        return lines
    }

    /// Makes the kernel's state this one, as far as it is ours; repeated, it changes nothing.
    ///
    /// - Returns: true where anything was changed.
    @discardableResult func apply() throws(InterceptionProblem) -> Bool {
        let socket = try RouteSocket()
        let present = Self.present(socket)
        var changed = false
        for delivery in present.subtracting(deliveries) {
            changed = true
            try Self.rule(socket, delivery, add: false)
            if !deliveries.contains(where: {
                $0.family == delivery.family && $0.table == delivery.table
            }) {
                try Self.route(socket, delivery, add: false)
            }
        }
        for delivery in deliveries {
            // The route goes away when `lo` goes down, so it is set each time.
            try Self.route(socket, delivery, add: true)
            if present.contains(delivery) { continue }
            changed = true
            try Self.rule(socket, delivery, add: true)
        }
        return try Self.passthrough(socket, add: hasPassthroughAddress) || changed
    }

    /// The state of the kernel as far as it is ours.
    static func current() throws(InterceptionProblem) -> Routing {
        let socket = try RouteSocket()
        var routing = Routing()
        routing.deliveries = present(socket)
        routing.hasPassthroughAddress = hasPassthrough(socket)
        return routing
    }
}

// MARK: - Netlink
extension Routing {
    private static let newAddress: UInt16 = 20
    private static let deleteAddress: UInt16 = 21
    private static let listAddresses: UInt16 = 22
    private static let newRoute: UInt16 = 24
    private static let deleteRoute: UInt16 = 25
    private static let newRule: UInt16 = 32
    private static let deleteRule: UInt16 = 33
    private static let listRules: UInt16 = 34
    /// NLM_F_EXCL | NLM_F_CREATE, and NLM_F_REPLACE | NLM_F_CREATE.
    private static let once: UInt16 = 0x600
    private static let replacing: UInt16 = 0x500

    private static func number(_ family: AddressFamily) -> UInt8 {
        UInt8(family == .ipv4 ? AF_INET : AF_INET6)
    }

    private static func present(_ socket: RouteSocket) -> Set<Delivery> {
        var found: Set<Delivery> = []
        for family in AddressFamily.allCases {
            if family == .ipv6, !Kernel.hasIPv6 { continue }
            let header = [number(family)] + [UInt8](repeating: 0, count: 11)
            for body in socket.list(listRules, RouteSocket.Message(header)) {
                guard body.count >= 12, body[0] == number(family),
                    // FRA_PROTOCOL, FRA_FWMARK, FRA_TABLE
                    RouteSocket.attribute(21, in: body, after: 12) == [RouteSocket.protocolNumber],
                    let mark = RouteSocket.attribute(10, in: body, after: 12),
                    let table = RouteSocket.attribute(15, in: body, after: 12)
                else { continue }
                found.insert(
                    Delivery(
                        family: family,
                        mark: RouteSocket.uint32(mark, 0),
                        table: RouteSocket.uint32(table, 0)
                    )
                )
            }
        }
        return found
    }

    private static func rule(
        _ socket: RouteSocket,
        _ delivery: Delivery,
        add: Bool
    ) throws(InterceptionProblem) {
        var header = [UInt8](repeating: 0, count: 12)
        header[0] = number(delivery.family)
        header[4] = delivery.table < 256 ? UInt8(delivery.table) : 0
        // FR_ACT_TO_TBL
        header[7] = 1
        var message = RouteSocket.Message(header)
        message.add(15, delivery.table)
        message.add(10, delivery.mark)
        message.add(21, [RouteSocket.protocolNumber])
        let failure = socket.change(add ? newRule : deleteRule, add ? once : 0, message)
        guard failure == 0 || failure == EEXIST || !add && failure == ENOENT else {
            throw InterceptionProblem(
                "the routing rule for mark \(delivery.mark) can't be set: \(errorText(failure))",
                hint: "TPROXY needs policy routing; --mode REDIRECT does without"
            )
        }
    }

    private static func route(
        _ socket: RouteSocket,
        _ delivery: Delivery,
        add: Bool
    ) throws(InterceptionProblem) {
        var header = [UInt8](repeating: 0, count: 12)
        header[0] = number(delivery.family)
        header[4] = delivery.table < 256 ? UInt8(delivery.table) : 0
        header[5] = RouteSocket.protocolNumber
        // RT_SCOPE_HOST, RTN_LOCAL
        header[6] = 254
        header[7] = 2
        var message = RouteSocket.Message(header)
        message.add(15, delivery.table)
        message.add(4, unsafe if_nametoindex("lo"))
        let failure = socket.change(add ? newRoute : deleteRoute, add ? replacing : 0, message)
        guard failure == 0 || failure == EEXIST || !add && failure == ESRCH else {
            throw InterceptionProblem(
                "the route of table \(delivery.table) can't be set: \(errorText(failure))",
                hint: "is the interface lo up?"
            )
        }
    }

    private static let passthrough: [UInt8] = [UInt8](repeating: 0, count: 15) + [6]

    private static func hasPassthrough(_ socket: RouteSocket) -> Bool {
        guard Kernel.hasIPv6 else { return false }
        let header = [number(.ipv6)] + [UInt8](repeating: 0, count: 7)
        return socket.list(listAddresses, RouteSocket.Message(header)).contains { body in
            // IFA_ADDRESS
            RouteSocket.attribute(1, in: body, after: 8) == passthrough
        }
    }

    private static func passthrough(
        _ socket: RouteSocket,
        add: Bool
    ) throws(InterceptionProblem) -> Bool {
        if hasPassthrough(socket) == add { return false }
        // Family, prefix length, IFA_F_NODAD, scope of this host, interface.
        let header: [UInt8] =
            [number(.ipv6), 128, 2, 254] + RouteSocket.bytes(unsafe if_nametoindex("lo"))
        var message = RouteSocket.Message(header)
        message.add(1, passthrough)
        message.add(2, passthrough)
        let failure = socket.change(add ? newAddress : deleteAddress, add ? once : 0, message)
        guard failure == 0 || failure == EEXIST || !add && failure == EADDRNOTAVAIL else {
            throw InterceptionProblem(
                "lo can't have the address ::6: \(errorText(failure))",
                hint: "--ipv6 off leaves IPv6 alone"
            )
        }
        return true
    }
}
