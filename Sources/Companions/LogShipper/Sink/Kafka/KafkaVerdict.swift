/// What an error of Kafka's means for the record that it is about.
enum KafkaVerdict: Equatable {
    case delivered
    /// It may succeed later: brokers come back, topics are made, rights are granted.
    case again
    /// This record, or another of its batch, will never be taken.
    case never

    /// The verdict on an error of a broker, or of the library once it had the message.
    init(reported code: Int32) {
        switch code {
        case 0: self = .delivered
        // INVALID_MSG, INVALID_MSG_SIZE, MSG_SIZE_TOO_LARGE, TOPIC_EXCEPTION,
        // RECORD_LIST_TOO_LARGE, INVALID_TIMESTAMP, INVALID_RECORD.
        case 2, 4, 10, 17, 18, 32, 87: self = .never
        default: self = .again
        }
    }

    /// The verdict on an error with which the library refused to take the message.
    init(refused code: Int32) {
        switch code {
        case 0: self = .delivered
        // MSG_SIZE_TOO_LARGE, TOPIC_EXCEPTION; _INVALID_ARG: its headers.
        case 10, 17, -186: self = .never
        default: self = .again
        }
    }

    /// The library's own queue is full; some must be reported first.
    static let queueFull: Int32 = -184
    /// What says only that there was no time or no broker, and nothing of the reason.
    static let withoutReason: Set<Int32> = [
        -192,  // _MSG_TIMED_OUT
        -166,  // _TIMED_OUT_QUEUE
        -152,  // _PURGE_QUEUE
        -151,  // _PURGE_INFLIGHT
        -195,  // _TRANSPORT
        -185,  // _TIMED_OUT
    ]
}
