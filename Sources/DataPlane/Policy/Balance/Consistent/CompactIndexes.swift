/// An array of small numbers that takes one, two or four bytes for each.
struct CompactIndexes {
    private enum Storage {
        case narrow([UInt8])
        case middle([UInt16])
        case wide([UInt32])
    }
    private var storage: Storage
    let count: Int

    /// - Parameter bound: all numbers are below.
    init(count: Int, bound: Int) {
        self.count = count
        if bound <= 1 << 8 {
            storage = .narrow([UInt8](repeating: 0, count: count))
        } else if bound <= 1 << 16 {
            storage = .middle([UInt16](repeating: 0, count: count))
        } else {
            storage = .wide([UInt32](repeating: 0, count: count))
        }
    }

    subscript(index: Int) -> Int {
        get {
            switch storage {
            case .narrow(let numbers): Int(numbers[index])
            case .middle(let numbers): Int(numbers[index])
            case .wide(let numbers): Int(numbers[index])
            }
        }
        set {
            // The array is taken out and put back, so that it is changed in place.
            switch storage {
            case .narrow(var numbers):
                storage = .narrow([])
                numbers[index] = UInt8(truncatingIfNeeded: newValue)
                storage = .narrow(numbers)
            case .middle(var numbers):
                storage = .narrow([])
                numbers[index] = UInt16(truncatingIfNeeded: newValue)
                storage = .middle(numbers)
            case .wide(var numbers):
                storage = .narrow([])
                numbers[index] = UInt32(truncatingIfNeeded: newValue)
                storage = .wide(numbers)
            }
        }
    }
}
