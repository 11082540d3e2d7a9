import Glibc
import Model

/// One connection of a takeover on a loop: messages out, in their order, and messages in.
final class TakeoverChannel: Pollable {
    private let loop: EventLoop
    private let received: (TakeoverMessage, [Int32]) -> Void
    /// The connection is gone; why, where it broke.
    private let ended: (TakeoverFailure?) -> Void
    private var waiting: [(bytes: [UInt8], descriptors: [Int32])] = []
    private var sent: (() -> Void)?

    init(
        descriptor: Int32,
        loop: EventLoop,
        received: @escaping (TakeoverMessage, [Int32]) -> Void,
        ended: @escaping (TakeoverFailure?) -> Void
    ) throws(SystemCallError) {
        self.loop = loop
        self.received = received
        self.ended = ended
        super.init(descriptor: descriptor)
        try loop.add(self, interest: .edges)
    }

    /// Sends when the peer has room.
    /// - Parameter descriptors: are closed once they are sent.
    func send(_ message: TakeoverMessage, descriptors: [Int32] = []) {
        waiting.append((message.bytes, descriptors))
        flushMessages()
    }

    /// Calls the closure when everything is sent, or the connection is gone.
    func whenSent(_ body: @escaping () -> Void) {
        if waiting.isEmpty || !isOpen { body() } else { sent = body }
    }

    override func ready(events: UInt32) {
        flushMessages()
        while isOpen {
            do throws(TakeoverFailure) {
                switch try TakeoverSocket.receive(from: descriptor) {
                case .message(let message, let descriptors): received(message, descriptors)
                case .nothingYet: return
                case .end: finish(nil)
                }
            } catch {
                finish(error)
            }
        }
    }

    private func flushMessages() {
        while isOpen, let first = waiting.first {
            do throws(SystemCallError) {
                guard try TakeoverSocket.send(first.bytes, first.descriptors, to: descriptor)
                else { return }
            } catch {
                finish(TakeoverFailure("takeover: \(error)"))
                return
            }
            for one in first.descriptors { _ = Glibc.close(one) }
            waiting.removeFirst()
        }
        if waiting.isEmpty, let done = sent {
            sent = nil
            done()
        }
    }

    private func finish(_ failure: TakeoverFailure?) {
        guard isOpen else { return }
        close()
        ended(failure)
    }

    /// Ends the connection without telling anybody.
    func close() {
        loop.close(self)
        for message in waiting {
            for one in message.descriptors { _ = Glibc.close(one) }
        }
        waiting = []
        if let done = sent {
            sent = nil
            done()
        }
    }
}
