internal import Model
internal import SwiftProtobuf

/// `envoy.config.core.v3.Metadata` and `Locality`, as the model has them.
extension Compilation {
    /// The metadata; nil where there are none, which is the common case.
    func metadata(_ metadata: Envoy_Config_Core_V3_Metadata) -> Metadata? {
        if metadata.filterMetadata.isEmpty { return nil }
        return Metadata(filters: metadata.filterMetadata.mapValues { Self.metadataFields($0) })
    }

    /// The members of an object.
    static func metadataFields(_ fields: Google_Protobuf_Struct) -> [String: MetadataValue] {
        fields.fields.mapValues { metadataValue($0) }
    }

    /// A value; the depth is bounded by that of the document it came from.
    private static func metadataValue(_ value: Google_Protobuf_Value) -> MetadataValue {
        switch value.kind {
        case .boolValue(let bool): .bool(bool)
        case .numberValue(let number): .number(number)
        case .stringValue(let text): .string(text)
        case .listValue(let list): .list(list.values.map { metadataValue($0) })
        case .structValue(let fields): .object(metadataFields(fields))
        case .nullValue, nil: .null
        }
    }

    func locality(_ locality: Envoy_Config_Core_V3_Locality) -> Locality {
        Locality(region: locality.region, zone: locality.zone, subZone: locality.subZone)
    }
}
