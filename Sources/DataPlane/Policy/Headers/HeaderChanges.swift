package import Model

extension HeaderOperations {
    /// Makes the changes to a head, one after another.
    ///
    /// - A value that is empty changes nothing, unless the operation keeps empty ones.
    /// - Appending to a field that Envoy keeps as one line (`InlineFields`) joins the values with a
    ///   comma; to any other it adds a line.
    /// - The authority and pseudo-headers are never touched: what routes decided on stays.
    ///
    /// Literal values cost no allocation, and one copy for all of them.
    /// - Parameter record: called once, and only where a value is computed (`needsRecord`). Its heads
    ///   may be `head` itself: values see the changes made before them.
    @inline(__always)
    package func apply(to head: Head, record: () -> ExchangeRecord) {
        guard let program else { return }
        if program.formats.isEmpty {
            program.run(on: head) { _ in .empty }
        } else {
            let filled = record()
            program.run(on: head) { program.formats[Int($0)].append(filled, to: head) }
        }
    }
}

extension HeaderProgram {
    /// - Parameter computed: appends the value of a format to the head.
    package func run(on head: Head, computed: (UInt32) -> Head.Slice) {
        let added = added
        let removed = removed
        let instructions = instructions
        let base = head.append(added.span).start
        let steps = instructions.span
        for index in 0..<steps.count {
            let step = unsafe steps[unchecked: index]
            switch step.kind {
            case .removeKnown: head.remove(step.known)
            case .removeNamed:
                let start = Int(step.name.start)
                head.remove(
                    named: removed.span.extracting(start..<start + Int(step.name.count))
                )
            case .addLiteral:
                let name = Head.Slice(start: base &+ step.name.start, count: step.name.count)
                let value = Head.Slice(start: base &+ step.value.start, count: step.value.count)
                add(step, name, value, to: head)
            case .addFormatted:
                let name = Head.Slice(start: base &+ step.name.start, count: step.name.count)
                // The value of a header that stays as it is need not be known.
                if step.action == .addIfAbsent || step.action == .overwriteIfExists,
                    (firstIndex(step, in: head) == nil) != (step.action == .addIfAbsent)
                {
                    continue
                }
                let value = computed(step.format)
                if value.isEmpty && !step.keepsEmpty { continue }
                add(step, name, value, to: head)
            }
        }
    }

    @inline(__always)
    private func add(
        _ step: Instruction,
        _ name: Head.Slice,
        _ value: Head.Slice,
        to head: Head
    ) {
        switch step.action {
        case .appendIfExistsOrAdd:
            if step.joins, let first = firstIndex(step, in: head) {
                return join(step, name, value, from: first, in: head)
            }
        case .addIfAbsent:
            if firstIndex(step, in: head) != nil { return }
        case .overwriteIfExists:
            guard let first = firstIndex(step, in: head) else { return }
            return replace(step, name, value, from: first, in: head)
        case .overwriteIfExistsOrAdd:
            if let first = firstIndex(step, in: head) {
                return replace(step, name, value, from: first, in: head)
            }
        }
        head.add(Head.Field(name: name, value: value, known: step.known))
    }

    /// Every line becomes the value alone.
    private func replace(
        _ step: Instruction,
        _ name: Head.Slice,
        _ value: Head.Slice,
        from first: Int,
        in head: Head
    ) {
        if step.known != .unknown { return head.set(step.known, value) }
        var next: Int? = first
        while let index = next {
            head.remove(at: index)
            next = nextIndex(step, in: head, from: index + 1)
        }
        head.add(Head.Field(name: name, value: value, known: .unknown))
    }

    /// Every line and the value become one line.
    private func join(
        _ step: Instruction,
        _ name: Head.Slice,
        _ value: Head.Slice,
        from first: Int,
        in head: Head
    ) {
        let start = head.byteCount
        var next: Int? = first
        while let index = next {
            head.append(head.field(at: index).value)
            head.append(byte: 0x2c)
            next = nextIndex(step, in: head, from: index + 1)
        }
        head.append(value)
        replace(step, name, Head.Slice(start, head.byteCount), from: first, in: head)
    }

    @inline(__always)
    private func firstIndex(_ step: Instruction, in head: Head) -> Int? {
        if step.known != .unknown { return head.firstIndex(step.known) }
        return nextIndex(step, in: head, from: 0)
    }

    private func nextIndex(_ step: Instruction, in head: Head, from index: Int) -> Int? {
        let start = Int(step.name.start)
        let added = added
        let name = added.span.extracting(start..<start + Int(step.name.count))
        return head.nextIndex(named: name, from: index)
    }
}
