/// What a companion of the proxy shows on the admin interface: a page, and statistics.
package protocol CompanionPages {
    /// The page's path without its slash.
    var name: String { get }
    /// For people.
    func text() -> String
    func json() -> String
    /// Families in the text format of Prometheus, each with its HELP and TYPE.
    func prometheus() -> String
}
