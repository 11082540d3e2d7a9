import Model
import Testing

@testable import Identity

@Suite struct ResumptionTests {
    /// A handshake, and a byte from the server so that the client reads its ticket.
    private func connect(
        _ server: TLSContext,
        _ client: TLSContext,
        _ name: String = "server.test"
    )
        throws -> Pair
    {
        let pair = Pair(server, client, serverName: name)
        try expectDone(pair)
        let read = Pair.decrypt(pair.client, pair.send([1], fromClient: false))
        #expect(read.plaintext == [1])
        return pair
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func theSecondConnectionIsResumed(version: TLSVersion) throws {
        let server = try Make.server { $0.maxVersion = version }
        let client = try Make.client()
        let first = try connect(server, client)
        #expect(!first.client.wasResumed)
        let second = try connect(server, client)
        #expect(second.client.wasResumed && second.server.wasResumed)
        #expect(second.server.facts.serverName == "server.test")
        #expect(second.client.facts.peer?.subject == "CN=server")
        #expect(second.client.facts.isPeerVerified)
        let third = try connect(server, client)
        #expect(third.client.wasResumed)
    }

    @Test func aSessionIsForOneNameOnly() throws {
        let server = try Make.server()
        let client = try Make.client(sessionsMax: 4)
        _ = try connect(server, client)
        let other = try connect(server, client, "a.wild.test")
        #expect(!other.client.wasResumed)
        let again = try connect(server, client)
        #expect(again.client.wasResumed)
    }

    @Test func aSessionIsForOneVerifiedNameOnly() throws {
        let server = try Make.server()
        let client = try Make.client(sessionsMax: 4)
        func wasResumed(_ verifyName: String?) throws -> Bool {
            let pair = Pair(server, client, verifyName: verifyName)
            try expectDone(pair)
            _ = Pair.decrypt(pair.client, pair.send([1], fromClient: false))
            return pair.client.wasResumed
        }
        #expect(try !wasResumed(nil))
        #expect(try !wasResumed("server.test"))
        #expect(try !wasResumed("a.wild.test"))
        #expect(try wasResumed("server.test"))
        #expect(try wasResumed(nil))
    }

    @Test func noSessionIsKeptWhereNoneIsWanted() throws {
        let server = try Make.server()
        let client = try Make.client(sessionsMax: 0)
        _ = try connect(server, client)
        #expect(!(try connect(server, client)).client.wasResumed)
    }

    @Test func theClientsCertificateIsRemembered() throws {
        let server = try Make.server(requiresClient: true) {
            $0.validation = .value(Make.trust("root"))
        }
        let client = try Make.client(["client"])
        _ = try connect(server, client)
        let second = try connect(server, client)
        #expect(second.server.wasResumed)
        #expect(second.server.facts.peer?.subject == "CN=client")
        #expect(second.server.facts.isPeerVerified)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func otherDemandsAreNotMetByAnOldSession(version: TLSVersion) throws {
        func server(_ authority: String) throws -> TLSContext {
            try Make.server {
                $0.maxVersion = version
                $0.validation = .value(Make.trust(authority))
            }
        }
        let client = try Make.client(["client"])
        _ = try connect(try server("root"), client)
        let pair = Pair(try server("other"), client)
        let failure = try expectFailure(pair)
        #expect(failure.check == .untrusted)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aSessionWithoutACertificateIsNothingWhereOneIsDemanded(version: TLSVersion) throws {
        func server(requires: Bool) throws -> TLSContext {
            try Make.server(requiresClient: requires) {
                $0.maxVersion = version
                $0.validation = .value(Make.trust("root"))
            }
        }
        let client = try Make.client()
        _ = try connect(try server(requires: false), client)
        #expect(try connect(try server(requires: false), client).server.wasResumed)
        let failure = try expectFailure(Pair(try server(requires: true), client))
        #expect(failure.check == .noClientCertificate)
    }

    @Test func chainsOfOtherNamesDoNotShareSessions() throws {
        func server(_ names: [String]) throws -> TLSContext {
            var common = CommonTLSConfiguration()
            common.certificates = [.value(Certificates.source("server"))]
            return try TLSContext(
                downstream: DownstreamTLSConfiguration(common: common, serverNames: names),
                secrets: StaticSecrets()
            )
        }
        let client = try Make.client()
        _ = try connect(try server(["a.test"]), client)
        #expect(try connect(try server(["a.test"]), client).client.wasResumed)
        #expect(!(try connect(try server(["b.test"]), client)).client.wasResumed)
    }

    @Test func aRotatedContextOfTheSameDemandsResumes() throws {
        let client = try Make.client()
        _ = try connect(try Make.server(), client)
        #expect(try connect(try Make.server(), client).client.wasResumed)
    }

    @Test func ticketsAreOpenedByAnyOfTheKeysAndSealedByTheFirst() throws {
        func server(_ keys: [[UInt8]]) throws -> TLSContext {
            var common = CommonTLSConfiguration()
            common.certificates = [.value(Certificates.source("server"))]
            return try TLSContext(
                downstream: DownstreamTLSConfiguration(
                    common: common,
                    sessionTicketKeys: keys.map { .inline($0) }
                ),
                secrets: StaticSecrets()
            )
        }
        let keys = (1...3).map { [UInt8](repeating: $0, count: 80) }
        let client = try Make.client()
        _ = try connect(try server([keys[0]]), client)
        #expect(try connect(try server([keys[1], keys[0]]), client).client.wasResumed)
        // The ticket was renewed with the second key.
        #expect(try connect(try server([keys[1]]), client).client.wasResumed)
        #expect(!(try connect(try server([keys[2]]), client)).client.wasResumed)
    }

    @Test func ticketsAndTheCacheCanBeTurnedOff() throws {
        for version in [TLSVersion.tls12, .tls13] {
            var common = CommonTLSConfiguration()
            common.maxVersion = version
            common.certificates = [.value(Certificates.source("server"))]
            let server = try TLSContext(
                downstream: DownstreamTLSConfiguration(
                    common: common,
                    usesSessionTickets: false,
                    usesSessionCache: false
                ),
                secrets: StaticSecrets()
            )
            let client = try Make.client()
            _ = try connect(server, client)
            #expect(!(try connect(server, client)).client.wasResumed)
        }
    }
}
