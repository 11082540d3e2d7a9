import Testing

@testable import XDS

/// A fragment of a listener that is refused or taken with a warning, and what is said of it.
struct BadListener: CustomTestStringConvertible, Sendable {
    let claim: String
    let place: ListenerFixture.Place
    let fragment: String
    /// `line:column: path: what: hint`, after `refused: ` where the file is not taken.
    let lines: [String]

    var testDescription: String { claim }

    init(
        _ claim: String,
        _ place: ListenerFixture.Place,
        _ fragment: String,
        says lines: [String]
    ) {
        self.claim = claim
        self.place = place
        self.fragment = fragment
        self.lines = lines
    }
}

struct BadListenerTests {
    @Test(
        arguments: [
            BadListener.chains, BadListener.relays, BadListener.inspectors, BadListener.managers,
            BadListener.upgrades,
        ].joined()
    )
    func whatIsWrongInAListenerIsSaid(_ bad: BadListener) {
        #expect(ListenerFixture.said(bad.fragment, in: bad.place) == bad.lines)
    }
}
