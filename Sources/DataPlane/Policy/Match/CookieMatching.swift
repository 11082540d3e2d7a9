package import Model

extension CookieMatcher {
    /// True where the request's cookie has the value, as Envoy reads cookies.
    ///
    /// The first cookie with the name counts, and quotes around its value do not. One that is
    /// missing never has the value, so an inverted matcher agrees with it.
    package func matches(_ head: Head) -> Bool {
        let nameBytes = name.bytes
        guard let found = Cookies.value(named: nameBytes.span, in: head) else { return isInverted }
        return value.matches(head.span(found)) != isInverted
    }
}
