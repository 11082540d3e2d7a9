import Glibc
import Identity
import Model
import Proxy
import Telemetry

/// The certificates of each listener and cluster that speaks TLS; never their keys.
extension AdminInterface {
    /// `envoy.admin.v3.Certificates`.
    func certificates() -> LocalResponse {
        let now = Int64(Glibc.time(nil))
        let contexts = plane.tlsRotations.map { rotation in
            let used = rotation.slot.usedCertificates
            return JSONValue.object([
                .init(
                    "ca_cert",
                    .array(used.filter(\.isAuthority).map { Self.details($0, now) })
                ),
                .init(
                    "cert_chain",
                    .array(used.filter { !$0.isAuthority }.map { Self.details($0, now) })
                ),
            ])
        }
        return Self.json(["certificates": .array(contexts)])
    }

    /// `envoy.admin.v3.CertificateDetails`.
    private static func details(_ certificate: UsedCertificate, _ now: Int64) -> JSONValue {
        let facts = certificate.facts
        let names =
            facts.dnsNames.map { JSONValue.object([.init("dns", .string($0))]) }
            + facts.uriNames.map { JSONValue.object([.init("uri", .string($0))]) }
            + facts.ipNames.map { JSONValue.object([.init("ip_address", .string($0))]) }
        return [
            "path": .string(certificate.origin.path ?? "<inline>"),
            "serial_number": .string(facts.serialNumber),
            "subject_alt_names": .array(names),
            "days_until_expiration": .string("\(max(0, certificate.daysLeft(at: now)))"),
            "valid_from": .string(CivilTime.timestamp(seconds: facts.notBefore)),
            "expiration_time": .string(CivilTime.timestamp(seconds: facts.notAfter)),
        ]
    }
}

extension DataPlane {
    /// Whole days until the first certificate in use expires; 0 where one has expired.
    ///
    /// Without certificates it is Envoy's number for that, so that an alert on few days is silent.
    var daysUntilFirstCertificateExpires: UInt64 {
        let now = Int64(Glibc.time(nil))
        let days = usedCertificates.map { max(0, $0.daysLeft(at: now)) }.min()
        return days.map { UInt64(clamping: $0) } ?? UInt64(UInt32.max)
    }
}
