internal import Document
internal import Model
internal import SwiftProtobuf

/// `UpgradeConfig` of connection managers and routes: protocols that requests may switch to.
extension Compilation {
    func upgrades(
        _ configs: [ManagerMessage.UpgradeConfig],
        _ path: FieldPath
    ) -> [UpgradeConfiguration] {
        var seen: Set<ByteString> = []
        return configs.enumerated().compactMap { index, config in
            upgradeType(config.upgradeType, path[index]["upgrade_type"], &seen).map {
                UpgradeConfiguration(
                    type: $0,
                    isEnabled: config.hasEnabled ? config.enabled.value : true
                )
            }
        }
    }

    func upgrades(
        _ configs: [ActionMessage.UpgradeConfig],
        _ path: FieldPath
    ) -> [UpgradeConfiguration] {
        var seen: Set<ByteString> = []
        return configs.enumerated().compactMap { index, config in
            let path = path[index]
            let type = upgradeType(config.upgradeType, path["upgrade_type"], &seen)
            guard let type else { return nil }
            var termination: ConnectTermination?
            if config.hasConnectConfig {
                let place = path["connect_config"]
                let given = config.connectConfig
                termination = ConnectTermination(allowsPOST: given.allowPost)
                if given.hasProxyProtocolConfig {
                    termination?.proxyProtocol = proxyProtocolVersion(
                        given.proxyProtocolConfig,
                        place["proxy_protocol_config"]
                    )
                }
                if type != "connect" {
                    refuse(
                        place,
                        "stands beside upgrade_type \(quoted(config.upgradeType))",
                        "only CONNECT has it; remove it"
                    )
                }
            }
            return UpgradeConfiguration(
                type: type,
                isEnabled: config.hasEnabled ? config.enabled.value : true,
                connect: termination
            )
        }
    }

    /// The name of a protocol in lower case; nil, and a problem, where it cannot be one.
    private func upgradeType(
        _ name: String,
        _ path: FieldPath,
        _ seen: inout Set<ByteString>
    ) -> ByteString? {
        if name.isEmpty {
            refuse(path, "is empty", "name the protocol, for example websocket")
            return nil
        }
        if name.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7f || $0 == UInt8(ascii: ",") }) {
            refuse(
                path,
                "\(quoted(name)) is no name of a protocol",
                "write it as upgrade has it, for example websocket"
            )
            return nil
        }
        let type = ByteString(name).lowercased
        if !seen.insert(type).inserted {
            refuse(path, "\(quoted(name)) is there already", "name each protocol once")
            return nil
        }
        if type == "connect-udp" {
            refuse(path, "CONNECT-UDP is not supported yet", "remove it")
            return nil
        }
        return type
    }
}
