import Model

/// Finds the fields of an encoder's table, and tells which are worth a place there.
///
/// A field enters the table when it is sent for the second time within a short while: what changes
/// with each message never does, and costs a hash and one write here. Two places for each hash, the
/// older of which is given up first.
@safe
struct HPACKIndexing: ~Copyable {
    /// A field that was sent: its hash, and its number where it went into the table.
    private struct Seen {
        var hash: UInt32 = 0
        var number: UInt32 = 0
        var isInTable = false
    }

    private static let setCount = 64
    private var seen: UnsafeMutablePointer<Seen>?

    deinit { unsafe seen?.deallocate() }

    enum Advice {
        /// The field stands in the table under this number.
        case found(UInt32)
        /// It was seen before: now it goes into the table, and `insert` is called.
        case insert
        /// It was not seen lately.
        case plain
    }

    /// What to do with a field.
    ///
    /// - Parameter field: its name may be in any case.
    @inline(__always)
    mutating func advise(
        hash: UInt32,
        _ table: borrowing HPACKTable,
        name: Span<UInt8>,
        _ known: KnownField,
        value: Span<UInt8>
    ) -> Advice {
        let places = unsafe places(hash)
        for way in 0..<2 {
            let place = unsafe places + way
            guard unsafe place.pointee.hash == hash else { continue }
            if unsafe place.pointee.isInTable, let entry = unsafe table.entry(place.pointee.number)
            {
                let line = table.line(entry)
                if Self.isSame(entry, line, name, known, value) {
                    return unsafe .found(place.pointee.number)
                }
            }
            return .insert
        }
        unsafe places[1] = places[0]
        unsafe places[0] = Seen(hash: hash)
        return .plain
    }

    /// Notes the number of a field that was added to the table.
    @inline(__always)
    mutating func insert(hash: UInt32, number: UInt32) {
        let places = unsafe places(hash)
        for way in 0..<2 where unsafe places[way].hash == hash {
            unsafe places[way] = Seen(hash: hash, number: number, isInTable: true)
            return
        }
    }

    @inline(__always)
    private mutating func places(_ hash: UInt32) -> UnsafeMutablePointer<Seen> {
        if unsafe seen == nil {
            let made = UnsafeMutablePointer<Seen>.allocate(capacity: Self.setCount * 2)
            unsafe made.initialize(repeating: Seen(), count: Self.setCount * 2)
            unsafe seen = made
        }
        let set = Int(truncatingIfNeeded: hash &>> 26)
        return unsafe seen.unsafelyUnwrapped + set &* 2
    }

    @inline(__always)
    private static func isSame(
        _ entry: HPACKEntry,
        _ line: Span<UInt8>,
        _ name: Span<UInt8>,
        _ known: KnownField,
        _ value: Span<UInt8>
    ) -> Bool {
        let nameCount = Int(entry.nameCount)
        guard name.count == nameCount, value.count == Int(entry.valueCount),
            entry.known.rawValue == known.rawValue
        else { return false }
        if known.rawValue == 0,
            !name.equalsIgnoringCase(lowercase: line.extracting(first: nameCount))
        {
            return false
        }
        return line.extracting((nameCount &+ 2)..<(nameCount &+ 2 &+ value.count)).isSame(as: value)
    }

    /// A hash of a field, not 0; names in any case have the same.
    @inline(__always)
    static func hash(name: Span<UInt8>, _ known: KnownField, value: Span<UInt8>) -> UInt32 {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15 &+ UInt64(known.rawValue)
        if known.rawValue == 0 { name.mix(into: &state, or: 0x2020_2020_2020_2020) }
        value.mix(into: &state, or: 0)
        state ^= state &>> 32
        state = state &* 0xd6e8_feb8_6659_fd93
        return UInt32(truncatingIfNeeded: state &>> 32) | 1
    }
}

extension Span<UInt8> {
    /// Byte equality, eight bytes at a time.
    @inline(__always)
    func isSame(as other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while index &+ 8 <= count {
            if word(at: index) != other.word(at: index) { return false }
            index &+= 8
        }
        while index < count {
            if unsafe self[unchecked: index] != other[unchecked: index] { return false }
            index &+= 1
        }
        return true
    }

    /// Mixes the bytes, each with `mask` added by or, into a hash.
    @inline(__always)
    fileprivate func mix(into state: inout UInt64, or mask: UInt64) {
        var index = 0
        while index &+ 8 <= count {
            state = (state ^ (word(at: index) | mask)) &* 0x9fb2_1c65_1e98_df25
            state ^= state &>> 29
            index &+= 8
        }
        var rest = UInt64(truncatingIfNeeded: count) &<< 56
        while index < count {
            rest = unsafe rest &<< 7 ^ UInt64(self[unchecked: index] | UInt8(mask & 0xff))
            index &+= 1
        }
        state = (state ^ rest) &* 0x9fb2_1c65_1e98_df25
        state ^= state &>> 29
    }
}
