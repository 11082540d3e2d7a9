internal import CompanionKit
import Glibc

/// Signs the requests of one sink with credentials that it keeps fresh.
///
/// Used by one thread.
final class RequestSigner {
    private let aws: AWSOptions
    private let service: String
    private let source: CredentialSource

    init(
        _ aws: AWSOptions,
        service: String,
        environment: @escaping @Sendable (String) -> String? = CredentialSource.environment
    ) {
        self.aws = aws
        self.service = service
        source = CredentialSource(aws, environment: environment)
    }

    /// Adds what AWS wants to see in the request.
    func sign(
        _ request: inout HTTPRequest,
        for endpoint: HTTPEndpoint,
        cancellation: Cancellation
    ) throws(CredentialFailure) {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        let seconds = Int64(now.tv_sec)
        let signature = RequestSignature(
            credentials: try source.credentials(now: seconds, cancellation: cancellation),
            region: aws.region,
            service: service,
            time: seconds
        )
        signature.sign(&request, authority: endpoint.authority, basePath: endpoint.basePath)
    }

    /// Lets the next request ask for credentials anew: the last were not taken.
    func forget() { source.forget() }
}
