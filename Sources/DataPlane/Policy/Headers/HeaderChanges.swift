package import Model

extension HeaderOperations {
    /// Makes the changes to a head, one after another.
    ///
    /// - A value that is empty changes nothing, unless the operation keeps empty ones.
    /// - Appending to a field that Envoy keeps as one line (`InlineFields`) joins the values with a
    ///   comma; to any other it adds a line.
    /// - The authority and pseudo-headers are never touched: what routes decided on stays. The
    ///   compiler refuses such operations; this is the second lock.
    ///
    /// Literal values cost no allocation.
    /// - Parameter record: called once, and only where a value is computed (`needsRecord`). Its heads
    ///   may be `head` itself: values see the changes made before them.
    package func apply(to head: Head, record: () -> ExchangeRecord) {
        if steps.isEmpty { return }
        if needsRecord {
            let filled = record()
            for index in 0..<steps.count { Self.apply(steps[index], to: head, filled) }
        } else {
            for index in 0..<steps.count { Self.apply(steps[index], to: head, nil) }
        }
    }

    private static func apply(_ step: borrowing Step, to head: Head, _ record: ExchangeRecord?) {
        switch copy step {
        case .remove(let name, let known):
            if let known, known != .unknown {
                if known != .host { head.remove(known) }
            } else {
                let bytes = name.bytes
                if isFixed(bytes.span) { return }
                head.remove(named: bytes.span)
            }
        case .add(let name, let known, let value, let action, let keepsEmpty):
            switch value {
            case .literal(let text):
                let bytes = text.bytes
                if bytes.isEmpty && !keepsEmpty { return }
                let target = Target(name: name, known: known ?? .unknown)
                guard target.accepts(action, in: head) else { return }
                target.put(head.append(bytes.span), action, in: head)
            case .formatted(let format):
                guard let record else { return }
                let target = Target(name: name, known: known ?? .unknown)
                guard target.accepts(action, in: head) else { return }
                let slice = format.append(record, to: head)
                if slice.isEmpty && !keepsEmpty { return }
                target.put(slice, action, in: head)
            }
        }
    }

    /// A name that no operation may change.
    fileprivate static func isFixed(_ name: Span<UInt8>) -> Bool {
        name.isEmpty || name[0] == 0x3a || name.equals("host")
    }
}

/// The field that an operation adds or replaces.
private struct Target {
    let name: ByteString
    let known: KnownField

    /// Whether the action has anything to do, as far as the name alone decides it.
    func accepts(_ action: HeaderOperations.Action, in head: Head) -> Bool {
        if known == .unknown {
            let bytes = name.bytes
            if HeaderOperations.isFixed(bytes.span) { return false }
        } else if known == .host {
            return false
        }
        switch action {
        case .appendIfExistsOrAdd, .overwriteIfExistsOrAdd: return true
        case .addIfAbsent: return firstIndex(in: head) == nil
        case .overwriteIfExists: return firstIndex(in: head) != nil
        }
    }

    func put(_ value: Head.Slice, _ action: HeaderOperations.Action, in head: Head) {
        switch action {
        case .appendIfExistsOrAdd:
            let bytes = name.bytes
            guard InlineFields.joins(bytes.span, known), let index = firstIndex(in: head) else {
                return add(value, to: head)
            }
            let start = head.byteCount
            head.append(head.field(at: index).value)
            head.append(byte: 0x2c)
            head.append(value)
            let joined = Head.Slice(start, head.byteCount)
            if known != .unknown { return head.set(known, joined) }
            head.remove(named: bytes.span)
            add(joined, to: head)
        case .addIfAbsent:
            add(value, to: head)
        case .overwriteIfExists, .overwriteIfExistsOrAdd:
            if known != .unknown { return head.set(known, value) }
            let bytes = name.bytes
            head.remove(named: bytes.span)
            add(value, to: head)
        }
    }

    private func firstIndex(in head: Head) -> Int? {
        if known != .unknown { return head.firstIndex(known) }
        let bytes = name.bytes
        return head.nextIndex(named: bytes.span, from: 0)
    }

    private func add(_ value: Head.Slice, to head: Head) {
        let bytes = name.bytes
        let slice = head.append(bytes.span)
        if known == .unknown {
            // The compiler may not have looked the name up; a known one must have its slot.
            head.addLine(name: slice, value: value)
        } else {
            head.add(Head.Field(name: slice, value: value, known: known))
        }
    }
}
