internal import Document
internal import Policy

/// A configuration as bytes: what a process keeps of it to show at `/config_dump`.
///
/// The messages of a thousand clusters take megabytes; these bytes take a few hundred kB, and are
/// decoded when somebody asks.
package struct CompactConfiguration: Sendable {
    private var resources: SerializedResources
    /// When it was loaded, in seconds since 1970.
    package let loadedAt: Int64

    init(_ resources: SerializedResources, loadedAt: Int64) {
        self.resources = resources
        self.loadedAt = loadedAt
    }

    var bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap { resources.bootstrap }

    /// The same configuration with other clusters from this position of the list on.
    func replacing(
        _ clusters: [Envoy_Config_Cluster_V3_Cluster],
        from first: Int
    ) -> CompactConfiguration {
        var next = self
        next.resources.replace(clusters, from: first)
        return next
    }
}

extension LoadedConfiguration {
    /// What is kept while the configuration serves; the tree of messages can go.
    /// - Parameter loadedAt: now, in seconds since 1970.
    package func compacted(loadedAt: Int64) -> CompactConfiguration {
        CompactConfiguration(SerializedResources(bootstrap), loadedAt: loadedAt)
    }
}

/// The configuration that runs, as `/config_dump` shows it: Envoy's `envoy.admin.v3.ConfigDump`.
package enum ConfigurationDump {
    /// Why a question cannot be answered.
    package struct Failure: Error, Sendable, Equatable {
        /// The status of the answer: 400 or 404.
        package let status: Int
        package let message: String
    }

    /// What the query of the page asks for.
    package struct Question: Sendable {
        /// Only the elements of this list, such as `static_clusters`.
        package var resource: String?
        /// Only these fields, separated by commas.
        package var mask: String?
        /// Only resources whose whole name matches this expression.
        package var nameRegex: String?
        /// Shows the endpoints too.
        package var includesEndpoints: Bool

        package init(
            resource: String? = nil,
            mask: String? = nil,
            nameRegex: String? = nil,
            includesEndpoints: Bool = false
        ) {
            self.resource = resource
            self.mask = mask
            self.nameRegex = nameRegex
            self.includesEndpoints = includesEndpoints
        }
    }

    /// The page, in JSON.
    /// - Throws: what is wrong with the question, as Envoy says it.
    package static func json(
        _ configuration: CompactConfiguration,
        _ question: Question = Question()
    ) throws(Failure) -> String {
        let matches = try nameFilter(question.nameRegex)
        let dumps = DumpSections(configuration.bootstrap, loadedAt: configuration.loadedAt)
            .all(includesEndpoints: question.includesEndpoints, nameMatches: matches)
        let configs =
            if let resource = question.resource {
                try elements(of: resource, in: dumps, question.mask)
            } else {
                try whole(dumps, question.mask)
            }
        return JSONTree.object([.init(name: "configs", value: .list(configs))]).json
    }

    private static func nameFilter(
        _ pattern: String?
    ) throws(Failure) -> (String) -> Bool {
        guard let pattern, !pattern.isEmpty else { return { _ in true } }
        do throws(RegexFailure) {
            let expression = try RE2Expression(pattern: pattern)
            return { name in
                let bytes = Array(name.utf8)
                return expression.matchesWhole(bytes.span)
            }
        } catch {
            throw Failure(
                status: 400,
                message: "Error while parsing name_regex from \(pattern): \(error.message)\n"
            )
        }
    }

    // MARK: - What is asked for

    private static func elements(
        of resource: String,
        in dumps: [DumpSection],
        _ mask: String?
    ) throws(Failure) -> [JSONTree] {
        for dump in dumps {
            guard let field = dump.shape.field(resource) else { continue }
            guard field.isList, let element = field.shape else {
                throw Failure(
                    status: 400,
                    message: "\(resource) is not a repeated field. Use ?mask=\(resource) to get "
                        + "only this field\n"
                )
            }
            guard case .list(let values)? = dump.tree[resource] else { return [] }
            var shown: [JSONTree] = []
            for value in values {
                var value = value
                if let mask {
                    guard let masked = FieldMask(mask).apply(to: value, element) else {
                        throw Failure(
                            status: 400,
                            message: "FieldMask \(mask) could not be successfully used.\n"
                        )
                    }
                    value = masked
                }
                shown.append(value.typed(element.typeURL))
            }
            return shown
        }
        throw Failure(status: 404, message: "\(resource) not found in config dump\n")
    }

    /// Sections to which the mask does not apply are left out, as Envoy does.
    private static func whole(
        _ dumps: [DumpSection],
        _ mask: String?
    ) throws(Failure) -> [JSONTree] {
        guard let mask else { return dumps.map { $0.tree.typed($0.shape.typeURL) } }
        let shown = dumps.compactMap { dump in
            FieldMask(mask).apply(to: dump.tree, dump.shape)?.typed(dump.shape.typeURL)
        }
        guard !shown.isEmpty else {
            throw Failure(
                status: 400,
                message: "FieldMask \(mask) could not be successfully applied to any configs.\n"
            )
        }
        return shown
    }
}

extension JSONTree {
    /// The object with its type in front, as a message inside an `Any` is written.
    fileprivate func typed(_ typeURL: String) -> JSONTree {
        guard case .object(let members) = self else { return self }
        return .object([.init(name: "@type", value: .text(typeURL))] + members)
    }
}
