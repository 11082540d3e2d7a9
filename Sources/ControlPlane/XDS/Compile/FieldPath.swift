/// The way from the root of a configuration to one field, as problems print it:
/// `static_resources.listeners[0].name`.
///
/// Names are those of the protos (snake case), which is how the files spell them.
package struct FieldPath: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String = "") { self.description = description }

    /// The field `name` of the message at this path.
    package subscript(_ name: StaticString) -> FieldPath {
        FieldPath(description.isEmpty ? "\(name)" : "\(description).\(name)")
    }

    /// The element at `index` of the list at this path.
    package subscript(_ index: Int) -> FieldPath { FieldPath("\(description)[\(index)]") }

    /// The member `key` of the map at this path.
    package subscript(key key: String) -> FieldPath { FieldPath("\(description)[\"\(key)\"]") }
}
