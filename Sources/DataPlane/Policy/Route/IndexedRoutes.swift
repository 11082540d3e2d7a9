import Model

extension VirtualHost {
    /// The first route that matches, found through the index: the same one as a walk through all
    /// would find.
    func route(for head: Head, random: UInt64, _ index: borrowing RouteIndex) -> Route? {
        let path = head.span(head.matchedPath)
        var search = RouteSearch(random: random)
        search.look(index.exact, index.prefixes, index, self, head, path, lowercases: false)
        if !index.caselessExact.slots.isEmpty || !index.caselessPrefixes.slots.isEmpty {
            search.look(
                index.caselessExact,
                index.caselessPrefixes,
                index,
                self,
                head,
                path,
                lowercases: true
            )
        }
        let others = index.others.span
        let all = self.routes
        let routes = all.span
        for place in 0..<others.count {
            let position = others[place]
            if position >= search.best { break }
            if routes[Int(position)].matches(head, path: path, random: random) {
                search.best = position
                break
            }
        }
        return search.best == .max ? nil : all[Int(search.best)]
    }
}

/// A look-up on its way: the lowest position that matched so far.
private struct RouteSearch {
    let random: UInt64
    var best: Int32 = .max

    /// Visits the chains that the path belongs to.
    ///
    /// The path is hashed once, from its start; at each length that a key has, the hash so far is
    /// the key's.
    @inline(__always)
    mutating func look(
        _ exact: borrowing RouteIndex.Keys,
        _ prefixes: borrowing RouteIndex.Keys,
        _ index: borrowing RouteIndex,
        _ host: VirtualHost,
        _ head: Head,
        _ path: Span<UInt8>,
        lowercases: Bool
    ) {
        var hash = RouteIndex.seed
        var hashed = 0
        let lengths = prefixes.lengths.span
        for place in 0..<lengths.count {
            let length = Int(lengths[place])
            if length > path.count { break }
            while hashed < length {
                let byte = path[hashed]
                hash = RouteIndex.step(hash, lowercases ? byte.asciiLowercased : byte)
                hashed += 1
            }
            walk(prefixes.first(hash), index, host, head, path)
        }
        guard let longest = exact.lengths.last, path.count <= Int(longest) else { return }
        while hashed < path.count {
            let byte = path[hashed]
            hash = RouteIndex.step(hash, lowercases ? byte.asciiLowercased : byte)
            hashed += 1
        }
        walk(exact.first(hash), index, host, head, path)
    }

    /// Asks the routes of a chain up to the first that matches, or the best one known.
    @inline(__always)
    private mutating func walk(
        _ first: Int32,
        _ index: borrowing RouteIndex,
        _ host: VirtualHost,
        _ head: Head,
        _ path: Span<UInt8>
    ) {
        let all = host.routes
        let routes = all.span
        var position = first
        while position >= 0, position < best {
            if routes[Int(position)].matches(head, path: path, random: random) {
                best = position
                return
            }
            position = index.next[Int(position)]
        }
    }
}
