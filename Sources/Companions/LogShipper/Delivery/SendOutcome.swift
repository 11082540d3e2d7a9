/// What became of a chunk that was sent.
package enum SendOutcome: Sendable {
    /// All of it is acknowledged; `duplicates` of its items were there already.
    case delivered(duplicates: Int)
    /// The items were judged one by one: those in `again` may succeed later, those in `refused` never
    /// will, all others are acknowledged. Positions are those of the chunk's items.
    case judged(
        again: [Int],
        refused: [(position: Int, reason: String)],
        duplicates: Int,
        why: String
    )
    /// Nothing is known to be acknowledged, and it may succeed later; not before `after` where the
    /// peer named a time.
    case again(why: String, after: Duration?)
    /// The peer says that the request is too large: its halves are sent instead, and a single item
    /// is refused.
    case tooLarge(why: String)
    /// It will never be taken.
    case refused(why: String)
}
