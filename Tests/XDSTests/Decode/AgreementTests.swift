import SwiftProtobuf
import Testing

@testable import XDS

/// What we decode from nodes is what protobuf's own JSON parser makes of the same text.
@Suite struct AgreementTests {
    init() {
        let types: [any Message.Type] = [
            Envoy_Extensions_Filters_Network_HttpConnectionManager_V3_HttpConnectionManager.self,
            Envoy_Extensions_Filters_Http_Router_V3_Router.self,
            Envoy_Extensions_AccessLoggers_File_V3_FileAccessLog.self,
            Envoy_Extensions_Upstreams_Http_V3_HttpProtocolOptions.self,
        ]
        for type in types { Google_Protobuf_Any.register(messageType: type) }
    }

    /// The order holds outside of `Any` only: maps inside have one member in the examples.
    private func bytes(_ message: Envoy_Config_Bootstrap_V3_Bootstrap) throws -> [UInt8] {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        return try message.serializedBytes(options: options)
    }

    @Test func jsonIsDecodedAsProtobufDecodesIt() throws {
        let ours = try ConfigurationLoader.load(text: Examples.json, name: "a.json").bootstrap
        let theirs = try Envoy_Config_Bootstrap_V3_Bootstrap(jsonString: Examples.json)
        #expect(ours == theirs)
        #expect(try bytes(ours) == bytes(theirs))
        #expect(ours.staticResources.clusters.first?.connectTimeout.nanos == 1)
    }

    @Test(arguments: [Examples.sidecar, Examples.json])
    func whatWasDecodedSurvivesProtobufsJSON(_ text: String) throws {
        let ours = try ConfigurationLoader.load(text: text, name: "a").bootstrap
        let json = try ours.jsonString()
        let theirs = try Envoy_Config_Bootstrap_V3_Bootstrap(jsonString: json)
        #expect(try bytes(ours) == bytes(theirs))
        let again = try ConfigurationLoader.load(text: json, name: "b").bootstrap
        #expect(try bytes(ours) == bytes(again))
    }

    @Test func protoNamesInJSONAreDecodedTheSame() throws {
        let ours = try ConfigurationLoader.load(text: Examples.sidecar, name: "a").bootstrap
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        options.alwaysPrintEnumsAsInts = true
        let json = try ours.jsonString(options: options)
        let again = try ConfigurationLoader.load(text: json, name: "b").bootstrap
        #expect(try bytes(ours) == bytes(again))
    }

    /// Single values of one field, as JSON writes them: taken or refused by both alike.
    @Test(arguments: [
        ("maxRequestsPerConnection", ["5", "\"5\"", "0", "4294967295", "4294967296", "-1", "1.0"]),
        ("maxRequestsPerConnection", ["1.5", "1e3", "1e10", "true", "\"x\"", "\"\"", "[]", "{}"]),
        ("respectDnsTtl", ["true", "false", "\"true\"", "1", "0", "[]", "{}"]),
        ("name", ["\"x\"", "\"\"", "1", "true", "[]", "{}", "\"\\u00e9\\n\""]),
        ("connectTimeout", ["\"1s\"", "\"0.5s\"", "\"-1s\"", "\"1\"", "1", "\"1ms\"", "\"1.s\""]),
        (
            "connectTimeout",
            ["\".5s\"", "\"1.0000000001s\"", "\"315576000001s\"", "\"s\"", "\"+1s\""]
        ),
        ("type", ["\"STATIC\"", "1", "\"LOGICAL_DNS\"", "true", "[]"]),
        ("circuitBreakers", ["{}", "{\"thresholds\": []}", "[]", "1", "\"x\""]),
    ])
    func singleValuesAreTakenOrRefusedAlike(_ field: String, _ values: [String]) throws {
        for value in values {
            let text = "{\"staticResources\": {\"clusters\": [{\"\(field)\": \(value)}]}}"
            let theirs = try? Envoy_Config_Bootstrap_V3_Bootstrap(jsonString: text)
            let ours = try? ConfigurationLoader.load(text: text, name: "a").bootstrap
            #expect(ours == theirs, "\(field): \(value)")
        }
    }
}
