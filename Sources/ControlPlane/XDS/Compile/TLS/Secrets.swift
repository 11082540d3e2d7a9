internal import Document
internal import Model
internal import SwiftProtobuf

/// A secret and where it stands.
struct FoundSecret {
    var secret: Envoy_Extensions_TransportSockets_Tls_V3_Secret
    var path: FieldPath
}

/// Secrets by their names: those of the file itself, and those of files that it names.
struct SecretTable {
    var secrets: [String: FoundSecret] = [:]
    /// In the order of the file.
    var names: [String] = []
}

/// Things that are compiled where they are first met, and then known by where they stand.
struct CompiledOnce<Value> {
    fileprivate struct Entry {
        /// nil, where it has problems.
        var value: Value?
        /// What it took from elsewhere.
        var outside: [UInt8]
    }
    fileprivate var entries: [FieldPath: Entry] = [:]
}

/// `Secret` and `SdsSecretConfig`.
extension Compilation {
    private typealias Secret = Envoy_Extensions_TransportSockets_Tls_V3_Secret

    /// The secrets of the file, first of all, since listeners and clusters name them.
    func secrets(
        _ secrets: [Envoy_Extensions_TransportSockets_Tls_V3_Secret],
        _ path: FieldPath
    ) -> StaticSecrets {
        secretTable = table(
            secrets.enumerated().map { FoundSecret(secret: $1, path: path[$0]) }
        )
        var compiled = StaticSecrets()
        for name in secretTable.names {
            guard let found = secretTable.secrets[name] else { continue }
            switch found.secret.type {
            case .tlsCertificate(let certificate):
                compiled.certificates[name] = self.certificate(certificate, of: found)
            case .validationContext(let context):
                compiled.validations[name] = demands(context, of: found)
            case .sessionTicketKeys(let keys):
                compiled.sessionTicketKeys[name] = ticketKeys(keys, of: found)
            case .genericSecret, nil: break
            }
        }
        return compiled
    }

    /// Compiles what stands at `path`, or tells what came of it before; what it took from elsewhere
    /// counts for each that names it.
    func once<Value>(
        _ path: FieldPath,
        _ cache: ReferenceWritableKeyPath<Compilation, CompiledOnce<Value>>,
        _ compile: () -> Value?
    ) -> Value? {
        if let known = self[keyPath: cache].entries[path] {
            outside += known.outside
            return known.value
        }
        let before = outside
        outside = []
        let value = compile()
        self[keyPath: cache].entries[path] = .init(value: value, outside: outside)
        outside = before + outside
        return value
    }

    private func table(_ secrets: [FoundSecret]) -> SecretTable {
        var table = SecretTable()
        for found in secrets {
            let name = found.secret.name
            if name.isEmpty {
                refuse(found.path["name"], "is empty", "name the secret; it is found by its name")
            } else if table.secrets[name] != nil {
                refuse(
                    found.path["name"],
                    "there is another secret \(quoted(name))",
                    "names of secrets are unique"
                )
            } else {
                table.secrets[name] = found
                table.names.append(name)
            }
            // A generic secret has no effect, which the decoder says, and is left out.
            let isGeneric = sources.contains(found.path["generic_secret"].description)
            if found.secret.type == nil, !isGeneric {
                refuse(
                    found.path,
                    "holds nothing",
                    "give tls_certificate, validation_context or session_ticket_keys"
                )
            }
        }
        return table
    }

    /// The secret with the name that is given; nil, and a problem, where there is none.
    ///
    /// What it says is part of the configuration that names it; what its files hold is not.
    func secret(
        _ config: Envoy_Extensions_TransportSockets_Tls_V3_SdsSecretConfig,
        _ path: FieldPath
    ) -> FoundSecret? {
        if config.name.isEmpty {
            refuse(path["name"], "is empty", "give the name of a secret")
            return nil
        }
        let table: SecretTable
        let place: String
        if config.hasSdsConfig {
            guard let file = secretsFile(config.sdsConfig, path["sds_config"]) else { return nil }
            table = file.table
            place = quoted(file.name)
        } else {
            table = secretTable
            place = "static_resources.secrets"
        }
        guard let found = table.secrets[config.name] else {
            refuse(
                path["name"],
                "there is no secret \(quoted(config.name)) in \(place)",
                didYouMean(
                    config.name,
                    among: table.names,
                    otherwise: table.names.isEmpty
                        ? "add it there"
                        : "there are " + table.names.map(quoted).joined(separator: ", ")
                )
            )
            return nil
        }
        // A secret without a content was refused where it stands.
        if found.secret.type == nil { return nil }
        outside.append(contentsOf: Array("secret \(config.name)\n".utf8))
        outside.append(contentsOf: SerializedResources.serialize(found.secret))
        return found
    }

    /// Refuses a secret that is something else than what is needed.
    func refuseKind(of found: FoundSecret, _ needed: String, _ path: FieldPath) {
        let kind =
            switch found.secret.type {
            case .tlsCertificate: "a certificate"
            case .sessionTicketKeys: "keys of session tickets"
            case .validationContext: "a validation context"
            case .genericSecret, nil: "a generic secret"
            }
        refuse(
            path["name"],
            "secret \(quoted(found.secret.name)) is \(kind), not \(needed)",
            "name a secret that is \(needed)"
        )
    }

    // MARK: - Files with secrets

    private func secretsFile(
        _ config: Envoy_Config_Core_V3_ConfigSource,
        _ path: FieldPath
    ) -> (name: String, table: SecretTable)? {
        let name: String
        let place: FieldPath
        switch config.configSourceSpecifier {
        case .pathConfigSource(let source):
            (name, place) = (source.path, path["path_config_source"]["path"])
        case .path(let text): (name, place) = (text, path["path"])
        case nil:
            refuse(
                path,
                "names no source",
                "give path_config_source: {path: …}, or leave sds_config out for "
                    + "static_resources.secrets"
            )
            return nil
        }
        if name.isEmpty || name.utf8.contains(0) {
            refuse(place, "is no path", "give the path of a file with secrets")
            return nil
        }
        if let known = secretFiles[name] { return known.map { (name, $0) } }
        let table = readSecrets(name, place)
        secretFiles[name] = .some(table)
        return table.map { (name, $0) }
    }

    /// Reads a file with a list `resources`; problems in it are told of that file.
    private func readSecrets(_ name: String, _ path: FieldPath) -> SecretTable? {
        files.append(name)
        let root: Node
        do throws(DocumentFailure) {
            root = try DocumentReader.read(try FileContents.read(name))
        } catch {
            let line = error.position.map { " in line \($0.line)" } ?? ""
            refuse(path, "\(quoted(name))\(line): \(error.what)", error.hint ?? "")
            return nil
        }
        let decoding = Decoding(file: name, sources: sources)
        let found = secrets(of: root, name, decoding)
        sources = decoding.sources
        let isRight = decoding.problems.isEmpty
        adopt(decoding)
        return isRight ? table(found) : nil
    }

    private func secrets(of root: Node, _ name: String, _ decoding: Decoding) -> [FoundSecret] {
        // The file's fields are at paths of their own, which its problems do not show.
        let file = decoding.enter(.key(name), of: .root, at: root.position)
        guard case .mapping(let members) = root.content else {
            decoding.refuse(
                file,
                root.position,
                "an object is expected, \(root.kindInWords) was found"
            )
            return []
        }
        // A file is a DiscoveryResponse; only its resources mean something here.
        let others = ["version_info", "versionInfo", "type_url", "typeUrl", "nonce"]
        var found: [FoundSecret] = []
        for member in members where !others.contains(member.key) {
            let place = decoding.enter(.field(member.key), of: file, at: member.keyPosition)
            guard member.key == "resources", case .sequence(let nodes) = member.value.content
            else {
                decoding.refuse(
                    place,
                    member.keyPosition,
                    member.key == "resources" ? "a list is expected" : "the field is not known",
                    hint: "a file with secrets has resources: […]"
                )
                continue
            }
            let resources = FieldPath()[key: name]["resources"]
            for (index, node) in nodes.enumerated() {
                let place = decoding.enter(.index(index), of: place, at: node.position)
                var packed = Google_Protobuf_Any()
                let scalar = ScalarDecoding(decoding: decoding, place: place, node: node)
                packed = AnyDecoding(scalar: scalar).decode(allowed: [Secret.self]) ?? packed
                guard let secret = try? Secret(unpackingAny: packed) else { continue }
                found.append(FoundSecret(secret: secret, path: resources[index]))
            }
        }
        return found
    }
}
