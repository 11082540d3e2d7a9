import Glibc

/// Reads options from flags and the environment, and names each that is wrong.
package struct OptionsReader {
    /// Longer lists than this are refused: every entry is a rule that every connection passes.
    package static let entriesMax = 512
    /// iptables takes no more matches in one rule.
    static let groupsMax = 64

    private let flags: [InterceptionFlag: String]
    private let environment: (String) -> String?
    private var problems: [InterceptionProblem] = []

    /// - Parameters:
    ///   - flags: what stood on the command line.
    ///   - environment: the value of a variable; nil where it is not set.
    package init(
        flags: [InterceptionFlag: String],
        environment: @escaping (String) -> String?
    ) {
        self.flags = flags
        self.environment = environment
    }

    /// All options, with a flag before a variable before the default.
    package static func read(
        flags: [InterceptionFlag: String],
        environment: @escaping (String) -> String?
    ) throws(InterceptionProblems) -> InterceptionOptions {
        var reader = OptionsReader(flags: flags, environment: environment)
        let options = reader.options()
        if !reader.problems.isEmpty { throw InterceptionProblems(reader.problems) }
        return options
    }

    private mutating func options() -> InterceptionOptions {
        var options = InterceptionOptions()
        options.outboundPort = port(.outboundPort)
        options.inboundPort = port(.inboundPort)
        options.tunnelPort = port(.tunnelPort)
        options.proxyUsers = owners(.proxyUser, text(.proxyUser))
        let group = text(.proxyGroup)
        options.proxyGroups =
            group.isEmpty ? options.proxyUsers : owners(.proxyGroup, group)
        readMode(into: &options)
        options.inboundPorts =
            text(.inboundPorts) == "*" ? .all : .only(ports(.inboundPorts))
        options.excludedInboundPorts = ports(.excludedInboundPorts)
        options.outboundPorts = ports(.outboundPorts)
        options.excludedOutboundPorts = ports(.excludedOutboundPorts)
        options.outboundRanges = outboundRanges(hasPorts: !options.outboundPorts.isEmpty)
        options.excludedOutboundRanges = ranges(.excludedOutboundRanges)
        options.groups = groups()
        options.virtualInterfaces = interfaces(.virtualInterfaces)
        options.excludedInterfaces = interfaces(.excludedInterfaces)
        options.loopback = loopback()
        if options.outboundPort == options.inboundPort {
            refuse(
                .inboundPort,
                "\(options.inboundPort) is the outbound port too",
                "the sidecar could not tell the directions apart; give each a port"
            )
        }
        return options
    }

    private mutating func readMode(into options: inout InterceptionOptions) {
        let text = text(.mode)
        if let mode = InterceptionMode(rawValue: text.uppercased()) {
            options.mode = mode
        } else if !text.isEmpty {
            refuse(.mode, "\"\(text)\" is no mode", "REDIRECT or TPROXY")
        }
        options.mark = number(.mark, 1...UInt64(UInt32.max))
        if options.mark == InterceptionOptions.selfCallMark {
            refuse(.mark, "\(options.mark) marks the sidecar's calls of its own pod", "use another")
        }
        options.routeTable = number(.routeTable, 1...UInt64(UInt32.max))
        if (253...255).contains(options.routeTable) {
            refuse(.routeTable, "table \(options.routeTable) is the system's own", "1 to 252")
        }
    }

    private mutating func outboundRanges(hasPorts: Bool) -> RangeSelection {
        guard let text = value(.outboundRanges) else { return hasPorts ? .only([]) : .all }
        return text == "*" ? .all : .only(ranges(.outboundRanges))
    }

    private mutating func groups() -> GroupSelection {
        let text = text(.groups)
        if text == "*" || text.isEmpty {
            return .except(owners(.excludedGroups, self.text(.excludedGroups), byName: true))
        }
        if !self.text(.excludedGroups).isEmpty {
            refuse(.excludedGroups, "goes with all groups only", "leave --\(rawName(.groups)) out")
        }
        let groups = owners(.groups, text, byName: true)
        if groups.count > Self.groupsMax {
            refuse(.groups, "\(groups.count) groups", "\(Self.groupsMax) at most")
        }
        return .only(groups)
    }

    private mutating func loopback() -> AddressPrefix? {
        let text = text(.loopback)
        guard let prefix = AddressPrefix(text), prefix.family == .ipv4, prefix.isLoopback else {
            refuse(.loopback, "\"\(text)\" is no IPv4 loopback range", "127.0.0.1/32, 127.0.0.0/8")
            return nil
        }
        return prefix
    }
}

// MARK: - Values
extension OptionsReader {
    private func value(_ flag: InterceptionFlag) -> String? {
        if let text = flags[flag] { return text }
        for name in flag.environment {
            if let text = environment(name) { return text }
        }
        return nil
    }

    private func text(_ flag: InterceptionFlag) -> String { value(flag) ?? flag.fallback ?? "" }

    private func rawName(_ flag: InterceptionFlag) -> String { flag.rawValue }

    private mutating func refuse(_ flag: InterceptionFlag, _ what: String, _ hint: String) {
        var name = "--\(flag.rawValue)"
        if flags[flag] == nil,
            let variable = flag.environment.first(where: { environment($0) != nil })
        {
            name = variable
        }
        problems.append(InterceptionProblem("\(name): \(what)", hint: hint))
    }

    private func list(_ text: String) -> [Substring] {
        text.split(separator: ",").map { entry in
            var entry = entry.drop { $0 == " " }
            while entry.last == " " { entry.removeLast() }
            return entry
        }
        .filter { !$0.isEmpty }
    }

    private mutating func entries(_ flag: InterceptionFlag, _ text: String) -> [Substring] {
        let entries = list(text)
        if entries.count > Self.entriesMax {
            refuse(flag, "\(entries.count) entries", "\(Self.entriesMax) at most")
            return []
        }
        return entries
    }

    private mutating func number(_ flag: InterceptionFlag, _ allowed: ClosedRange<UInt64>) -> UInt32
    {
        let text = text(flag)
        guard let value = Digits.value(text, limit: allowed.upperBound), allowed.contains(value)
        else {
            let range = "\(allowed.lowerBound) to \(allowed.upperBound)"
            refuse(flag, "\"\(text)\" is no number that fits", range)
            return UInt32(truncatingIfNeeded: allowed.lowerBound)
        }
        return UInt32(truncatingIfNeeded: value)
    }

    private mutating func port(_ flag: InterceptionFlag) -> UInt16 {
        let text = text(flag)
        if let port = PortRange.port(text) { return port }
        refuse(flag, "\"\(text)\" is no port", "1 to 65535")
        // Different for each, so that one wrong port is one problem.
        return flag == .inboundPort ? 2 : 1
    }

    private mutating func ports(_ flag: InterceptionFlag) -> [PortRange] {
        var ports: [PortRange] = []
        for entry in entries(flag, text(flag)) {
            if let range = PortRange(entry) {
                if !ports.contains(range) { ports.append(range) }
            } else if entry == "*" {
                let hint =
                    flag == .inboundPorts ? "leave the other ports out" : "name ports here"
                refuse(flag, "\"*\" does not stand in this list", hint)
            } else {
                refuse(flag, "\"\(entry)\" is no port", "1 to 65535, or a range as 8000-8100")
            }
        }
        return ports
    }

    private mutating func ranges(_ flag: InterceptionFlag) -> [AddressPrefix] {
        var ranges: [AddressPrefix] = []
        for entry in entries(flag, text(flag)) {
            if let range = AddressPrefix(entry) {
                if !ranges.contains(range) { ranges.append(range) }
            } else if entry == "*" {
                let hint =
                    flag == .outboundRanges
                    ? "leave the other ranges out" : "--outbound-ranges \"\" intercepts none"
                refuse(flag, "\"*\" does not stand in this list", hint)
            } else {
                refuse(flag, "\"\(entry)\" is no range", "as 10.0.0.0/8 or fd00::/8")
            }
        }
        return ranges
    }

    private mutating func owners(
        _ flag: InterceptionFlag,
        _ text: String,
        byName: Bool = false
    ) -> [UInt32] {
        var owners: [UInt32] = []
        for entry in entries(flag, text) {
            // The largest number means nobody to the kernel.
            if let id = Digits.value(entry, limit: UInt64(UInt32.max) - 1) {
                owners.append(UInt32(truncatingIfNeeded: id))
            } else if byName, let id = Self.group(named: String(entry)) {
                owners.append(id)
            } else {
                let hint = byName ? "a number, or a group of this system" : "a number"
                refuse(flag, "\"\(entry)\" is nobody's id", hint)
            }
        }
        if owners.isEmpty, !byName, !problems.contains(where: { $0.what.contains(flag.rawValue) }) {
            refuse(flag, "names nobody", "without it the sidecar would intercept itself")
        }
        return owners
    }

    private static func group(named name: String) -> UInt32? {
        guard let group = unsafe getgrnam(name) else { return nil }
        return unsafe group.pointee.gr_gid
    }

    private mutating func interfaces(_ flag: InterceptionFlag) -> [String] {
        var names: [String] = []
        for entry in entries(flag, text(flag)) {
            let isName =
                entry.utf8.count <= 15
                && entry.allSatisfy { character in
                    character.isASCII
                        && (character.isLetter || character.isNumber || "._:@-".contains(character))
                }
            if isName {
                names.append(String(entry))
            } else {
                refuse(flag, "\"\(entry)\" is no interface", "as eth0, 15 characters at most")
            }
        }
        return names
    }
}
