import Testing

@testable import LogShipper

struct KafkaPropertiesTests {
    private var options: KafkaOptions {
        KafkaOptions(brokers: ["a:9092", "b:9092"], topic: RecordTemplate(literal: "t"))
    }

    private func failure(_ change: (inout KafkaOptions) -> Void) -> SinkFailure? {
        var options = options
        change(&options)
        do throws(SinkFailure) {
            _ = try KafkaProperties(options)
            return nil
        } catch {
            return error
        }
    }

    @Test func anIdempotentSinkAsksForTheAcknowledgementOfAll() throws {
        let properties = try KafkaProperties(options)
        #expect(properties.value("bootstrap.servers") == "a:9092,b:9092")
        #expect(properties.value("enable.idempotence") == "true")
        #expect(properties.value("acks") == "all")
        #expect(properties.value("message.timeout.ms") == "30000")
        #expect(properties.value("partitioner") == "murmur2_random")
        #expect(properties.value("max.in.flight.requests.per.connection") == nil)
        #expect(properties.value("security.protocol") == nil)
    }

    @Test func withoutIdempotenceNothingOvertakesWhatIsTriedAgain() throws {
        var options = options
        options.isIdempotent = false
        options.acks = 1
        let properties = try KafkaProperties(options)
        #expect(properties.value("enable.idempotence") == "false")
        #expect(properties.value("acks") == "1")
        #expect(properties.value("max.in.flight.requests.per.connection") == "1")
    }

    @Test func securityFollowsFromTLSAndSASL() throws {
        var options = options
        options.sasl = KafkaSASL(mechanism: "SCRAM-SHA-256", user: "u", password: "p")
        #expect(try KafkaProperties(options).value("security.protocol") == "sasl_plaintext")
        options.tls.isOn = true
        options.tls.authorityFile = "/ca.pem"
        options.tls.certificateFile = "/both.pem"
        let both = try KafkaProperties(options)
        #expect(both.value("security.protocol") == "sasl_ssl")
        #expect(both.value("sasl.mechanisms") == "SCRAM-SHA-256")
        #expect(both.value("ssl.ca.location") == "/ca.pem")
        #expect(both.value("ssl.key.location") == "/both.pem")
        #expect(both.value("ssl.endpoint.identification.algorithm") == "https")
        options.sasl = nil
        options.tls.verifies = false
        let tls = try KafkaProperties(options)
        #expect(tls.value("security.protocol") == "ssl")
        #expect(tls.value("enable.ssl.certificate.verification") == "false")
    }

    @Test func aFreePropertyCountsInsteadOfOurs() throws {
        var options = options
        options.properties = [("partitioner", "random"), ("message.max.bytes", "5000")]
        let properties = try KafkaProperties(options)
        #expect(properties.value("partitioner") == "random")
        #expect(properties.messageBytesMax == 5000)
    }

    @Test(arguments: [
        ("bootstrap.servers", "c:1"), ("enable.idempotence", "false"), ("acks", "0"),
        ("request.required.acks", "0"), ("delivery.report.only.error", "true"),
        ("transactional.id", "x"), ("message.timeout.ms", "30001"),
        ("delivery.timeout.ms", "0"), ("message.timeout.ms", "many"), ("a\0b", "c"),
    ])
    func whatWouldBreakDeliveryIsRefused(name: String, value: String) {
        let failure = failure { $0.properties = [(name, value)] }
        #expect(failure?.what.contains("property") == true)
    }

    @Test func aShorterTimeOfTheLibrarysIsTaken() {
        #expect(failure { $0.properties = [("message.timeout.ms", "1000")] } == nil)
    }

    @Test func whatCannotBeIsRefusedInWords() {
        #expect(failure { $0.acks = 1 }?.what.contains("idempotent") == true)
        #expect(failure { $0.brokers = [] }?.what == "it has no broker")
        #expect(failure { $0.brokers = ["a,b"] }?.what == "'a,b' is no broker")
        #expect(failure { $0.compression = "zip" }?.hint?.contains("lz4") == true)
        #expect(failure { $0.timeout = 0 } != nil)
        #expect(
            failure {
                $0.tls.isOn = true; $0.tls.serverName = "x"
            } != nil
        )
        #expect(
            failure { $0.sasl = KafkaSASL(mechanism: "GSSAPI", user: "", password: "") }?.what
                == "the mechanism 'GSSAPI' is not known"
        )
    }

    @Test func aTrialConnectsToNobodyAndReadsNoFile() throws {
        var options = options
        options.tls.isOn = true
        options.tls.authorityFile = "/nowhere"
        options.sasl = KafkaSASL(mechanism: "PLAIN", user: "u", password: "p")
        options.properties = [("linger.ms", "7")]
        let trial = try KafkaProperties(options).trial
        let names = Set(trial.map(\.name))
        #expect(!names.contains("bootstrap.servers"))
        #expect(!names.contains { $0.hasPrefix("ssl.") })
        #expect(names.isSuperset(of: ["linger.ms", "sasl.username"]))
        #expect(trial.last { $0.name == "security.protocol" }?.value == "sasl_plaintext")
    }
}
