internal import Document
internal import Model

/// The domains of virtual hosts.
extension Compilation {
    /// The domains of a table, by how they are written.
    struct DomainTables {
        var exact = ByteTable<Int>()
        var suffixes: [(suffix: ByteString, virtualHost: Int)] = []
        var prefixes: [(prefix: ByteString, virtualHost: Int)] = []
        var everything: Int?
        /// Every domain in lower case, to the name of its virtual host.
        var owners: [ByteString: String] = [:]
    }

    func addDomains(
        of host: Envoy_Config_Route_V3_VirtualHost,
        _ index: Int,
        _ path: FieldPath,
        to tables: inout DomainTables
    ) {
        if host.domains.isEmpty {
            refuse(
                path,
                "is empty, so no request would reach the virtual host",
                "give at least one; \"*\" is every host"
            )
        }
        for (position, text) in host.domains.enumerated() {
            let path = path[position]
            guard checkDomain(text, path) else { continue }
            let domain = ByteString(text).lowercased
            if let owner = tables.owners[domain] {
                refuse(
                    path,
                    "\(quoted(text)) is already a domain of "
                        + (owner == host.name
                            ? "this virtual host" : "virtual host \(quoted(owner))"),
                    "a domain stands once in a table, whatever its case"
                )
                continue
            }
            tables.owners[domain] = host.name
            let star = UInt8(ascii: "*")
            if domain == "*" {
                tables.everything = index
            } else if domain.bytes.first == star {
                tables.suffixes.append((ByteString(Array(domain.bytes.dropFirst())), index))
            } else if domain.bytes.last == star {
                tables.prefixes.append((ByteString(Array(domain.bytes.dropLast())), index))
            } else {
                tables.exact.insert(domain, index)
            }
        }
    }

    private func checkDomain(_ domain: String, _ path: FieldPath) -> Bool {
        let bytes = Array(domain.utf8)
        let stars = bytes.count { $0 == UInt8(ascii: "*") }
        if bytes.isEmpty {
            refuse(path, "is empty", "give a host such as app.example.com; \"*\" is every host")
        } else if stars > 1
            || (stars == 1 && bytes.first != UInt8(ascii: "*") && bytes.last != UInt8(ascii: "*"))
        {
            refuse(
                path,
                "\(quoted(domain)) has a star in the wrong place",
                "one star, as the first or the last character: *.example.com or app.*"
            )
        } else if domain.contains("://") || bytes.contains(UInt8(ascii: "/")) {
            refuse(path, "\(quoted(domain)) is not a host", "leave the scheme and the path out")
        } else if bytes.contains(where: { $0 <= 0x20 || $0 == 0x7f }) {
            refuse(path, "\(quoted(domain)) is not a host", "leave the white space out")
        } else {
            return true
        }
        return false
    }
}
