package import Model

extension RouteTable {
    /// The virtual host that serves this authority, or nil.
    ///
    /// Exact names come first, then suffix wildcards (`*.foo.com`) and prefix wildcards (`foo.*`),
    /// each the longest first, then `*`; a star stands for at least one byte. Names are compared in
    /// lower case and with the port as it was sent: `example.com` does not serve
    /// `example.com:8080`, unless the table ignores ports: then the request's goes first.
    package func virtualHost(authority whole: Span<UInt8>) -> VirtualHost? {
        let authority =
            ignoresPort ? whole.extracting(0..<(whole.portColon ?? whole.count)) : whole
        if hasExactDomains, let index = exactIndex(of: authority) {
            return virtualHosts[index]
        }
        for domain in suffixDomains {
            let suffix = domain.suffix.bytes
            if authority.count > suffix.count,
                authority.hasSuffixIgnoringCase(lowercase: suffix.span)
            {
                return virtualHosts[domain.virtualHost]
            }
        }
        for domain in prefixDomains {
            let prefix = domain.prefix.bytes
            if authority.count > prefix.count,
                authority.hasPrefixIgnoringCase(lowercase: prefix.span)
            {
                return virtualHosts[domain.virtualHost]
            }
        }
        return defaultVirtualHost.map { virtualHosts[$0] }
    }

    private func exactIndex(of authority: Span<UInt8>) -> Int? {
        var hasUppercase = false
        for index in 0..<authority.count where unsafe authority[unchecked: index] &- 0x41 < 26 {
            hasUppercase = true
            break
        }
        guard hasUppercase else { return exactDomain(authority) }
        // On the stack up to about a kilobyte, which is more than a name may have.
        return unsafe withUnsafeTemporaryAllocation(
            of: UInt8.self,
            capacity: authority.count
        ) { buffer in
            for index in authority.indices {
                unsafe buffer.initializeElement(at: index, to: authority[index].asciiLowercased)
            }
            return unsafe exactDomain(Span(_unsafeElements: UnsafeBufferPointer(buffer)))
        }
    }
}
