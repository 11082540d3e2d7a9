internal import FoundationEssentials
internal import Model
internal import SwiftProtobuf

/// Where connections to endpoints come from.
struct UpstreamSources {
    var addresses: [SocketAddress] = []
    var usesFreebind = false
    var options: [UpstreamConnectionOptions.Option] = []
}

/// `envoy.config.core.v3.BindConfig`.
extension Compilation {
    func upstreamSources(
        _ config: Envoy_Config_Core_V3_BindConfig,
        _ path: FieldPath
    ) -> UpstreamSources {
        var sources = UpstreamSources()
        if config.hasSourceAddress,
            let address = ipAddress(config.sourceAddress, path["source_address"], for: .source)
        {
            sources.addresses.append(address)
        }
        readFurther(config, path, &sources)
        sources.usesFreebind = config.hasFreebind && config.freebind.value
        if sources.usesFreebind, !config.hasSourceAddress {
            warn(
                path["freebind"],
                "has no effect without source_address",
                "give the address to bind"
            )
        }
        if config.hasLocalAddressSelector {
            typealias Selector =
                Envoy_Config_Upstream_LocalAddressSelector_V3_DefaultLocalAddressSelector
            let path = path["local_address_selector"]["typed_config"]
            _ = unpack(config.localAddressSelector.typedConfig, as: Selector.self, path)
        }
        sources.options = config.socketOptions.enumerated().compactMap { index, option in
            socketOption(option, path["socket_options"][index])
        }
        return sources
    }

    /// The further addresses, which are given in one of two ways.
    private func readFurther(
        _ config: Envoy_Config_Core_V3_BindConfig,
        _ path: FieldPath,
        _ sources: inout UpstreamSources
    ) {
        let extra = path["extra_source_addresses"]
        let additional = path["additional_source_addresses"]
        if config.extraSourceAddresses.isEmpty, config.additionalSourceAddresses.isEmpty { return }
        if !config.extraSourceAddresses.isEmpty, !config.additionalSourceAddresses.isEmpty {
            refuse(additional, "stands beside extra_source_addresses", "give only one of them")
            return
        }
        let place = config.extraSourceAddresses.isEmpty ? additional : extra
        if !config.hasSourceAddress {
            refuse(place, "there is no source_address", "give the first address there")
            return
        }
        let count = config.extraSourceAddresses.count + config.additionalSourceAddresses.count
        if count > 1 {
            refuse(place, "has \(count) addresses", "one besides source_address is supported")
            return
        }
        for (index, given) in config.extraSourceAddresses.enumerated() {
            if !given.hasAddress {
                refuse(extra[index], "has no address", "give address: {…}")
            } else if let address = ipAddress(
                given.address,
                extra[index]["address"],
                for: .source
            ) {
                append(address, extra[index], &sources)
            }
        }
        for (index, given) in config.additionalSourceAddresses.enumerated() {
            if let address = ipAddress(given, additional[index], for: .source) {
                append(address, additional[index], &sources)
            }
        }
    }

    private func append(
        _ address: SocketAddress,
        _ path: FieldPath,
        _ sources: inout UpstreamSources
    ) {
        let family = Self.isIPv4(address)
        if sources.addresses.contains(where: { Self.isIPv4($0) == family }) {
            refuse(
                path,
                "is of the same version of IP as source_address",
                "give one IPv4 and one IPv6 address"
            )
            return
        }
        sources.addresses.append(address)
    }

    static func isIPv4(_ address: SocketAddress) -> Bool {
        if case .ipv4 = address { return true }
        return false
    }

    private func socketOption(
        _ option: Envoy_Config_Core_V3_SocketOption,
        _ path: FieldPath
    ) -> UpstreamConnectionOptions.Option? {
        if option.hasType, option.type.hasDatagram, !option.type.hasStream {
            warn(path, "has no effect: it is for UDP only", "leave it out")
            return nil
        }
        if known(option.state, path["state"]) == .stateListening {
            warn(path["state"], "connections to upstreams never listen", "leave the option out")
            return nil
        }
        guard let level = Int32(exactly: option.level), level >= 0 else {
            refuse(path["level"], "\(option.level) is no level", "SOL_SOCKET is 1, IPPROTO_TCP 6")
            return nil
        }
        guard let name = Int32(exactly: option.name), name >= 0 else {
            refuse(path["name"], "\(option.name) is no option", "give the number of the option")
            return nil
        }
        switch option.value {
        case .intValue(let value):
            guard let number = Int32(exactly: value) else {
                refuse(path["int_value"], "\(value) does not fit in 32 bits", "give a smaller one")
                return nil
            }
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> Int32(8 * $0)) }
            return .init(level: level, name: name, value: bytes)
        case .bufValue(let data):
            if data.isEmpty || data.count > 4096 {
                refuse(path["buf_value"], "has \(data.count) bytes", "give 1 to 4096")
                return nil
            }
            return .init(level: level, name: name, value: Array(data))
        case nil:
            refuse(path, "has no value", "give int_value or buf_value")
            return nil
        }
    }
}
