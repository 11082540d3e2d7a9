package import Model
package import Telemetry

/// What two processes say to each other while one takes the other's place.
///
/// ```
/// new  hello                        serving
/// old        offer sockets… ready            yielded counters… | drains | counters… finished
/// ```
///
/// Up to `serving` the old process serves as if nothing had happened; an end of the connection
/// before it means that it goes on. Each message is one packet; see `TakeoverMessage+Bytes` for
/// its bytes.
package enum TakeoverMessage: Equatable, Sendable {
    /// The version of this protocol; two processes must speak the same.
    package static let version: UInt16 = 1
    /// Bytes of the largest message.
    package static let bytesMax = 64 * 1024
    /// Descriptors that go with one message (the kernel's limit is 253).
    package static let descriptorsMax = 200

    case hello(TakeoverHello)
    /// Why there is no takeover; the connection ends.
    case refusal(String)
    case offer(TakeoverOffer)
    /// Listening sockets; the descriptors come with the message, in the order of the groups.
    case sockets([SocketGroup])
    /// All sockets have been sent.
    case ready
    /// The new process accepts connections.
    case serving
    /// The old process accepts no more.
    case yielded
    /// What the old process has counted, or has counted since it yielded.
    case counters([CarriedCounter])
    /// The old process ends.
    case finished
}

/// The first words of a process that wants to take over.
package struct TakeoverHello: Equatable, Sendable {
    package var version: UInt16
    package var process: UInt32
    /// The binary's, for the log.
    package var build: String

    package init(version: UInt16 = TakeoverMessage.version, process: UInt32, build: String) {
        self.version = version
        self.process = process
        self.build = build
    }
}

/// What the old process says of itself.
package struct TakeoverOffer: Equatable, Sendable {
    /// How many takeovers led to it.
    package var epoch: UInt32
    /// Seconds since the first process of the line started.
    package var uptimeSeconds: UInt64
    package var build: String

    package init(epoch: UInt32, uptimeSeconds: UInt64, build: String) {
        self.epoch = epoch
        self.uptimeSeconds = uptimeSeconds
        self.build = build
    }
}

/// The sockets that listen on one address: one, or as many as there were workers.
package struct SocketGroup: Equatable, Sendable {
    /// Who accepts on them.
    package enum Purpose: UInt8, Sendable, CaseIterable {
        case listener = 1
        case admin
        case readiness
        /// Where the next process asks for a takeover.
        case takeover
    }

    package var purpose: Purpose
    /// The address that was asked for; the port may be 0.
    package var address: SocketAddress
    /// The listener, where the system chose the port; else empty.
    package var owner: String
    /// How many descriptors of this group come with the message.
    package var count: Int

    package init(purpose: Purpose, address: SocketAddress, owner: String = "", count: Int) {
        self.purpose = purpose
        self.address = address
        self.owner = owner
        self.count = count
    }
}

/// Why a message cannot be understood.
package enum TakeoverMessageFailure: Error, Equatable, CustomStringConvertible {
    case empty
    case unknownKind(UInt8)
    /// It ends before its last field, or goes on after it.
    case wrongLength
    case notPillion
    case unknownValue(UInt8)
    /// More, or less, descriptors than the message speaks of.
    case wrongDescriptors(expected: Int, got: Int)

    package var description: String {
        switch self {
        case .empty: "an empty message"
        case .unknownKind(let kind): "a message of the unknown kind \(kind)"
        case .wrongLength: "a message of a wrong length"
        case .notPillion: "a greeting that is not pillion's"
        case .unknownValue(let value): "a message with the unknown value \(value)"
        case .wrongDescriptors(let expected, let got):
            "a message with \(got) descriptors instead of \(expected)"
        }
    }
}
