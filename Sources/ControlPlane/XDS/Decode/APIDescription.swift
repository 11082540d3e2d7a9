/// The names of the supported part of the v3 API, from the generated table.
///
/// SwiftProtobuf knows the names of fields too, but not the groups of `oneof`, what has no effect,
/// and what the API has and we do not.
struct APIDescription: Sendable {
    static let shared = APIDescription(parsing: table)

    private(set) var messages: [String: MessageDescription] = [:]
    private(set) var enums: [String: EnumDescription] = [:]

    /// Reads the lines that scripts/generate-protos.py writes; others are passed over.
    init(parsing table: String) {
        var name = ""
        for line in table.split(separator: "\n") {
            let parts = line.split(separator: "|", omittingEmptySubsequences: false)
                .map(String.init)
            guard parts.count >= 2 else { continue }
            switch parts[0] {
            case "message", "enum":
                name = parts[1]
                if parts[0] == "enum" {
                    enums[name] = EnumDescription()
                } else {
                    messages[name] = MessageDescription(name: name)
                }
            case "field":
                guard let field = FieldDescription(parts) else { continue }
                messages[name]?.add(field)
            case "value":
                guard parts.count == 3, let number = Int(parts[1]) else { continue }
                enums[name]?.values.append((parts[2], number))
            case "unsupported":
                let names = parts[1].split(separator: " ").map(String.init)
                messages[name]?.unsupported = Set(names)
                enums[name]?.unsupported = Set(names)
            case "removed":
                messages[name]?.removed = Set(parts[1].split(separator: " ").map(String.init))
            default:
                continue
            }
        }
    }
}

/// The fields of one message.
struct MessageDescription: Sendable {
    /// The full name: `envoy.config.core.v3.Address`.
    let name: String
    private(set) var fields: [FieldDescription] = []
    private var byName: [String: Int] = [:]
    /// Fields that the API has and we do not.
    var unsupported: Set<String> = []
    /// Fields that older versions of the API had.
    var removed: Set<String> = []

    init(name: String) {
        self.name = name
    }

    /// The field with a name as the .proto files or as JSON has it.
    func field(named name: String) -> FieldDescription? {
        byName[name].map { fields[$0] }
    }

    /// `Address`, without the package.
    var shortName: String {
        name.split(separator: ".").filter { $0.utf8.first.map { $0 < 0x61 } ?? false }
            .joined(separator: ".")
    }

    fileprivate mutating func add(_ field: FieldDescription) {
        byName[field.name] = fields.count
        byName[field.jsonName] = fields.count
        fields.append(field)
    }
}

/// One field of a message.
struct FieldDescription: Sendable {
    let number: Int
    let name: String
    let jsonName: String
    /// `string`, `uint32*`, `map`, `message:envoy…`, `enum:envoy…`; a star marks a list.
    let kind: String
    /// The group of fields that exclude each other; empty for none.
    let oneof: String
    let isDeprecated: Bool
    /// The only values that are accepted, as texts; empty for all.
    let only: [String]
    /// Why the field has no effect; empty where it has.
    let ignored: String

    fileprivate init?(_ parts: [String]) {
        guard parts.count == 9, let number = Int(parts[1]) else { return nil }
        self.number = number
        name = parts[2]
        jsonName = parts[3]
        kind = parts[4]
        oneof = parts[5]
        isDeprecated = parts[6] == "deprecated"
        only = parts[7].split(separator: ",").map { String($0.drop { $0 == " " }) }
        ignored = parts[8]
    }

    /// The full name of the message or enum that the field holds; nil for scalars and maps.
    var typeName: String? {
        guard let colon = kind.firstIndex(of: ":") else { return nil }
        return String(kind[colon...].dropFirst().prefix { $0 != "*" })
    }
}

/// The values of one enum.
struct EnumDescription: Sendable {
    var values: [(name: String, number: Int)] = []
    /// Values that the API has and we do not.
    var unsupported: Set<String> = []

    /// The number of a name in any case, as Envoy reads it.
    func number(of name: String) -> Int? {
        if let exact = values.first(where: { $0.name == name }) { return exact.number }
        let upper = name.uppercased()
        return values.first { $0.name == upper }?.number
    }
}
