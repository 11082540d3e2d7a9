internal import Model
internal import SwiftProtobuf

/// `forward_client_cert_details`: what becomes of `x-forwarded-client-cert`.
extension Compilation {
    func clientCertificates(
        _ manager: ManagerMessage,
        _ path: FieldPath
    ) -> ClientCertificateForwarding {
        var forwarding = ClientCertificateForwarding()
        switch known(manager.forwardClientCertDetails, path["forward_client_cert_details"]) {
        case .forwardOnly: forwarding.mode = .forwardOnly
        case .appendForward: forwarding.mode = .appendForward
        case .sanitizeSet: forwarding.mode = .sanitizeSet
        case .alwaysForwardOnly: forwarding.mode = .alwaysForwardOnly
        default: forwarding.mode = .sanitize
        }
        guard manager.hasSetCurrentClientCertDetails else { return forwarding }
        let details = manager.setCurrentClientCertDetails
        switch forwarding.mode {
        case .appendForward, .sanitizeSet:
            forwarding.setsSubject = details.subject.value
            forwarding.setsCertificate = details.cert
            forwarding.setsChain = details.chain
            forwarding.setsDNS = details.dns
            forwarding.setsURI = details.uri
        case .sanitize, .forwardOnly, .alwaysForwardOnly:
            warn(
                path["set_current_client_cert_details"],
                "has no effect: the header tells nothing of the certificate",
                "give forward_client_cert_details: SANITIZE_SET or APPEND_FORWARD"
            )
        }
        return forwarding
    }
}
