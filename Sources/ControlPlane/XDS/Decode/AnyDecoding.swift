internal import Document
internal import FoundationEssentials
internal import SwiftProtobuf

/// `google.protobuf.Any`: an object whose `@type` names the message that its other members fill.
struct AnyDecoding {
    let scalar: ScalarDecoding
    /// An object without members is a message of no type.
    var mayBeEmpty = false

    private var node: Node { scalar.node }

    /// The message, packed, where it is one of `allowed`.
    func decode(allowed: [any Message.Type]) -> Google_Protobuf_Any? {
        guard case .mapping(let members) = node.content else {
            refuse(
                node.position,
                "an object with @type is expected, \(node.kindInWords) was found"
            )
            return nil
        }
        // Where no type is known, nothing at all can still be said.
        if allowed.isEmpty || mayBeEmpty, members.isEmpty { return Google_Protobuf_Any() }
        guard let member = members.first(where: { $0.key == "@type" }) else {
            refuse(
                node.position,
                "@type is missing",
                hint: allowed.isEmpty
                    ? nil : "such as \"@type\": type.googleapis.com/\(Self.names(allowed)[0])"
            )
            return nil
        }
        guard case .scalar(let url, _) = member.value.content, !url.isEmpty else {
            refuse(member.value.position, "@type is not the name of a type")
            return nil
        }
        guard let slash = url.lastIndex(of: "/") else {
            let types = Self.names(allowed)
            refuse(
                member.value.position,
                "@type has no slash",
                hint: types.contains(url)
                    ? "write type.googleapis.com/\(url)" : "write type.googleapis.com/ before it"
            )
            return nil
        }
        let name = String(url[slash...].dropFirst())
        guard let type = allowed.first(where: { $0.protoMessageName == name }) else {
            refuseType(name, allowed, member.value.position)
            return nil
        }
        return pack(type)
    }

    private func pack<M: Message>(_ type: M.Type) -> Google_Protobuf_Any? {
        var message = M()
        NodeDecoder.decode(
            node,
            into: &message,
            at: scalar.place,
            scalar.decoding,
            isInsideAny: true
        )
        var packed = try? Google_Protobuf_Any(message: message)
        // Serialized here, once and with maps in the order of their keys. Only the largest stays a
        // message, which the compiler takes as it is; SerializedResources takes care of it.
        if M.self != Compilation.ManagerMessage.self {
            packed?.value = Data(SerializedResources.serialize(message))
        }
        return packed
    }

    private func refuseType(
        _ name: String,
        _ allowed: [any Message.Type],
        _ position: Node.Position
    ) {
        let names = Self.names(allowed)
        let supported =
            names.isEmpty
            ? "no type is supported here" : "supported here: \(names.joined(separator: ", "))"
        if KnownTypes.isKnownElsewhere(name) {
            refuse(position, "the type \(name) does not belong here", hint: supported)
        } else if name.contains(".v2.") || name.contains(".v2alpha.") {
            refuse(position, "the type \(name) is of version 2 of the API", hint: supported)
        } else if let near = NearestWord.to(name, among: names), Self.isTypo(of: near, name) {
            refuse(position, "the type \(name) is not known", hint: "did you mean \(near)?")
        } else if name.hasPrefix("envoy.") {
            refuse(position, "the type \(name) is not supported yet", hint: supported)
        } else {
            refuse(position, "the type \(quoted(name)) is not known", hint: supported)
        }
    }

    /// Names of types are long and alike: only the same name with a slip in its last part, or in
    /// the parts before it, is a typo.
    private static func isTypo(of near: String, _ name: String) -> Bool {
        let (nearParts, parts) = (near.split(separator: "."), name.split(separator: "."))
        if nearParts.last == parts.last { return true }
        return nearParts.dropLast() == parts.dropLast()
            && NearestWord.to(
                String(parts.last ?? ""),
                among: [String(nearParts.last ?? "")]
            ) != nil
    }

    private static func names(_ types: [any Message.Type]) -> [String] {
        types.map { $0.protoMessageName }
    }

    private func refuse(_ position: Node.Position, _ what: String, hint: String? = nil) {
        scalar.decoding.refuse(scalar.place, position, what, hint: hint)
    }
}
