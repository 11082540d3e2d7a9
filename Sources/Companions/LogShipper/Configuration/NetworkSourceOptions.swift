/// What sources that listen do beside taking records in.
package struct NetworkSourceOptions: Sendable, Equatable {
    /// Fields that get the peer's address.
    package var addressKeys: [String] = []
    /// Forward: how this side names itself in the handshake; nil: the host's name.
    package var hostname: String?
    /// Forward, with a shared key: who may send; empty: everybody who knows the key.
    package var users: [NetworkUser] = []
    /// Forward: comes before the tag of each message.
    package var tagPrefix: String?
    /// Syslog: what becomes of a message's priority.
    package var priority = SyslogPriorityOptions()
    /// Syslog: the field that gets the message as it came.
    package var rawKey: String?

    package init() {}
}

/// A name and a password.
package struct NetworkUser: Sendable, Equatable {
    package var name: String
    package var password: String

    package init(name: String, password: String) {
        self.name = name
        self.password = password
    }
}

/// What becomes of the number that a message of syslog begins with.
package struct SyslogPriorityOptions: Sendable, Equatable {
    /// The tag goes on with `.facility.severity`, and that of what can't be parsed with `.unmatched`.
    package var isInTag = false
    /// The parser's own fields `pri`, `facility` and `severity` stay.
    package var keepsFields = true
    /// Fields that get the words.
    package var facilityKey: String?
    package var severityKey: String?
    /// The parser gets what comes after it.
    package var isStripped = false

    package init() {}
}
