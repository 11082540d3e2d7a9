import Model
import Proxy

extension AdminInterface {
    /// `name::address`, a line for each address; or `envoy.admin.v3.Listeners`.
    func listeners(_ request: LocalRequest) -> LocalResponse {
        switch Self.format(of: request, among: ["text", "json"]) {
        case .refused(let response): return response
        case .format("json"):
            return Self.json([
                "listener_statuses": .array(plane.listeners.map(Self.listenerStatus))
            ])
        case .format:
            var text = ""
            for listener in plane.listeners {
                let name = PlainText.line(listener.configuration.name)
                for address in listener.boundAddresses {
                    text += "\(name)::\(PlainText.line(address.description))\n"
                }
            }
            return LocalResponse(200, text)
        }
    }

    private static func listenerStatus(_ listener: ListenerShared) -> JSONValue {
        var members = [JSONValue.Member("name", .string(listener.configuration.name))]
        if let first = listener.boundAddresses.first {
            members.append(.init("local_address", .address(first)))
        }
        let others = listener.boundAddresses.dropFirst()
        if !others.isEmpty {
            members.append(
                .init("additional_local_addresses", .array(others.map { .address($0) }))
            )
        }
        return .object(members)
    }
}
