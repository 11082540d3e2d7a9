import Glibc
import Model

/// Copies of listening sockets, to be sent and closed.
package struct HandedSockets {
    package var group: SocketGroup
    package var descriptors: [Int32]

    /// Copies the descriptors, so that nobody closes them before they are sent; the group's count
    /// becomes theirs.
    package init(_ group: SocketGroup, copying descriptors: [Int32]) {
        let copies = descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, 0) }.filter { $0 >= 0 }
        self.init(group, taking: copies)
    }

    init(_ group: SocketGroup, taking descriptors: [Int32]) {
        self.group = group
        self.group.count = descriptors.count
        self.descriptors = descriptors
    }

    /// Spreads sockets over messages, none of which has more descriptors or bytes than a message
    /// may have.
    static func messages(_ all: [HandedSockets]) -> [(groups: [SocketGroup], descriptors: [Int32])]
    {
        var messages: [(groups: [SocketGroup], descriptors: [Int32])] = []
        var groups: [SocketGroup] = []
        var descriptors: [Int32] = []
        var room = TakeoverMessage.bytesMax - 16
        func flush() {
            if !groups.isEmpty { messages.append((groups, descriptors)) }
            groups = []
            descriptors = []
            room = TakeoverMessage.bytesMax - 16
        }
        for handed in all {
            var rest = handed.descriptors[...]
            while !rest.isEmpty {
                let size = 300 + handed.group.owner.utf8.count
                if descriptors.count == TakeoverMessage.descriptorsMax || size > room { flush() }
                let free = TakeoverMessage.descriptorsMax - descriptors.count
                let part = rest.prefix(free)
                rest = rest.dropFirst(part.count)
                var group = handed.group
                group.count = part.count
                groups.append(group)
                descriptors += part
                room -= size
            }
        }
        flush()
        return messages
    }
}
