import CompanionKit
import Identity
import Synchronization
import Testing

@testable import LogShipper

@Suite struct AWSTests {
    private static let example = AWSCredentials(
        accessKey: "AKIDEXAMPLE",
        secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    )
    /// 2015-08-30T12:36:00Z.
    private static let time: Int64 = 1_440_938_160

    private func header(_ request: HTTPRequest, _ name: String) -> String {
        request.headers.first { $0.name == name }?.value ?? ""
    }

    private func signature(_ method: String, _ path: String) -> String {
        var request = HTTPRequest(method: method, path: path)
        RequestSignature(
            credentials: Self.example,
            region: "us-east-1",
            service: "service",
            time: Self.time
        ).sign(&request, authority: "example.amazonaws.com", basePath: "")
        return String(header(request, "authorization").split(separator: "=").last ?? "")
    }

    // MARK: - Signatures

    @Test func theKeyIsThatOfThePublishedExample() {
        let key = RequestSignature.key(
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            day: "20120215",
            region: "us-east-1",
            service: "iam"
        )
        #expect(
            Digest.hexadecimal(key)
                == "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"
        )
    }

    @Test func signaturesAreThoseOfThePublishedSuite() {
        #expect(
            signature("GET", "/")
                == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        )
        #expect(
            signature("POST", "/")
                == "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        )
        #expect(
            signature("GET", "/?Param2=value2&Param1=value1")
                == "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        )
    }

    @Test func s3SignsItsPathAsItIsSentAndTheBody() {
        let credentials = AWSCredentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE",
            secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        )
        // 2013-05-24T00:00:00Z, the example of a PUT.
        var request = HTTPRequest(
            method: "PUT",
            path: "/test%24file.text",
            headers: [
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            body: Array("Welcome to Amazon S3.".utf8)
        )
        RequestSignature(
            credentials: credentials,
            region: "us-east-1",
            service: "s3",
            time: 1_369_353_600
        ).sign(&request, authority: "examplebucket.s3.amazonaws.com", basePath: "")
        #expect(
            header(request, "x-amz-content-sha256")
                == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        )
        #expect(
            header(request, "authorization").hasSuffix(
                "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            )
        )
    }

    @Test func aSecondSignatureReplacesTheFirst() {
        var request = HTTPRequest(method: "GET", path: "/", headers: [("x", "y")])
        var credentials = Self.example
        credentials.sessionToken = "token"
        let signature = RequestSignature(
            credentials: credentials,
            region: "r",
            service: "es",
            time: Self.time
        )
        signature.sign(&request, authority: "h", basePath: "")
        let once = request.headers.map(\.name)
        signature.sign(&request, authority: "h", basePath: "")
        #expect(request.headers.map(\.name) == once)
        #expect(header(request, "x-amz-security-token") == "token")
    }

    // MARK: - Credentials

    private func source(
        _ environment: [String: String],
        _ change: (inout AWSOptions) -> Void = { _ in }
    ) -> CredentialSource {
        var aws = AWSOptions(region: "eu-west-1")
        change(&aws)
        return CredentialSource(aws) { environment[$0] }
    }

    @Test func theConfigurationComesBeforeTheEnvironment() throws {
        let environment = ["AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "S"]
        let own = source(environment) {
            $0.accessKey = "C"
            $0.secretKey = "S"
        }
        #expect(try own.credentials(now: 0, cancellation: Cancellation()).accessKey == "C")
        let other = source(environment)
        #expect(try other.credentials(now: 0, cancellation: Cancellation()).accessKey == "E")
        let none = source(["AWS_EC2_METADATA_DISABLED": "true"])
        #expect(throws: CredentialFailure.self) {
            try none.credentials(now: 0, cancellation: Cancellation())
        }
    }

    @Test func aWebIdentityIsExchangedAndRenewedBeforeItEnds() throws {
        let server = ScriptedServer { _, peer, notes in
            guard let request = peer.request() else { return }
            notes.add(request)
            // Three minutes after noon the next.
            peer.answer(
                notes.all.count > 2 ? 500 : 200,
                """
                <R><Credentials><AccessKeyId>K\(notes.all.count)</AccessKeyId>\
                <SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>\
                <Expiration>2026-11-21T1\(notes.all.count + 1):00:00Z</Expiration></Credentials></R>
                """
            )
        }
        let folder = TemporaryFolder()
        let token = Array("ey.j/wt\n".utf8)
        try AtomicFile.write(token.span, to: folder.path + "/token")
        let source = source([
            "AWS_WEB_IDENTITY_TOKEN_FILE": folder.path + "/token",
            "AWS_ROLE_ARN": "arn:aws:iam::1:role/x",
            "AWS_ENDPOINT_URL_STS": server.url(),
        ])
        let noon: Int64 = 1_795_262_400
        func key(_ time: Int64) throws -> String {
            try source.credentials(now: time, cancellation: Cancellation()).accessKey
        }
        #expect(try key(noon - 3600) == "K1")
        #expect(try key(noon - 301) == "K1")
        #expect(try key(noon - 300) == "K2")
        // The service is down: what is at hand serves until its end, and no longer.
        #expect(try key(noon + 3600 - 1) == "K2")
        #expect(throws: CredentialFailure.self) { try key(noon + 3600) }
        let request = try #require(server.notes.all.first)
        #expect(request.hasPrefix("POST / HTTP/1.1\r\n"))
        #expect(
            request.hasSuffix(
                "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                    + "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&RoleSessionName=pillion"
                    + "&WebIdentityToken=ey.j%2Fwt"
            )
        )
    }

    @Test func containersAndInstancesAreAsked() throws {
        let credentials =
            #"{"AccessKeyId":"K","SecretAccessKey":"S","Token":"T","Expiration":"2026-11-21T12:00:00Z"}"#
        let server = ScriptedServer { _, peer, notes in
            guard let request = peer.request() else { return }
            notes.add(request)
            if request.hasPrefix("PUT /latest/api/token ") {
                peer.answer(200, "metatoken", "connection: close\r\n")
            } else if request.hasPrefix("GET /latest/meta-data/iam/security-credentials/ ") {
                peer.answer(200, "my-role\n", "connection: close\r\n")
            } else {
                peer.answer(200, credentials, "connection: close\r\n")
            }
        }
        let expected = AWSCredentials(
            accessKey: "K",
            secretKey: "S",
            sessionToken: "T",
            expires: 1_795_262_400
        )
        let container = source([
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url("/creds?id=1"),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "auth",
        ])
        #expect(try container.credentials(now: 0, cancellation: Cancellation()) == expected)
        let instance = source(["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url()])
        #expect(try instance.credentials(now: 0, cancellation: Cancellation()) == expected)
        let requests = server.notes.all
        try #require(requests.count >= 3)
        #expect(
            requests[0].hasPrefix("GET /creds?id=1 ") && requests[0].contains("authorization: auth")
        )
        #expect(requests[1].contains("x-aws-ec2-metadata-token-ttl-seconds: 21600"))
        #expect(requests[3].hasPrefix("GET /latest/meta-data/iam/security-credentials/my-role "))
        #expect(requests[3].contains("x-aws-ec2-metadata-token: metatoken"))
    }

    @Test func aRoleIsAssumedWithSignedCredentials() throws {
        let server = ScriptedServer { _, peer, notes in
            notes.add(peer.request())
            peer.answer(
                200,
                "<AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey>"
                    + "<SessionToken>T</SessionToken><Expiration>2026-11-21T12:00:00Z</Expiration>"
            )
        }
        let source = source([
            "AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "S",
            "AWS_ENDPOINT_URL_STS": server.url(),
        ]) { $0.assumedRole = "arn:x" }
        let found = try source.credentials(now: Self.time, cancellation: Cancellation())
        #expect(found.accessKey == "A" && found.sessionToken == "T")
        let request = try #require(server.notes.all.first)
        #expect(request.contains("Credential=E/20150830/eu-west-1/sts/aws4_request"))
        #expect(request.hasSuffix("&RoleArn=arn%3Ax"))
    }

    // MARK: - CloudWatch

    private func cloudWatch(_ url: String) -> CloudWatchOptions {
        var aws = AWSOptions(region: "eu-west-1")
        aws.accessKey = "K"
        aws.secretKey = "S"
        var options = CloudWatchOptions(
            target: HTTPTarget(urls: [url]),
            aws: aws,
            group: RecordTemplate(literal: "/app/web"),
            stream: RecordTemplate([.tag])
        )
        options.createsGroup = true
        options.retentionDays = 7
        return options
    }

    /// Sends records at these times, in seconds.
    private func put(
        _ times: [Int64],
        answers: @escaping @Sendable (String, Int) -> (Int, String)
    ) throws -> (SendOutcome, [String]) {
        let server = ScriptedServer { _, peer, notes in
            while let request = peer.request() {
                notes.add(request)
                let action = request.split(separator: "Logs_20140328.").last?.prefix { $0.isLetter }
                let (status, body) = answers(String(action ?? ""), notes.all.count)
                peer.answer(status, body)
            }
        }
        let (sink, sender) = try SinkFixtures.sink(.cloudWatch(cloudWatch(server.url())))
        let records = times.enumerated().map { number, time in
            SinkFixtures.record([("n", "=\(number)")], time: time * 1_000_000_000)
        }
        let chunk = SinkFixtures.chunk(sink.encoder, records)
        let outcome = sender.send(chunk, cancellation: Cancellation())
        sender.close()
        return (outcome, server.notes.all)
    }

    private func body(_ request: String) -> String {
        String(request.split(separator: "\r\n\r\n", maxSplits: 1).last ?? "")
    }

    @Test func eventsAreSortedAndSigned() throws {
        let (outcome, requests) = try put([1000, 999]) { _, _ in (200, "{}") }
        #expect(words(outcome) == "delivered 0")
        let request = try #require(requests.first)
        #expect(request.contains("x-amz-target: Logs_20140328.PutLogEvents\r\n"))
        #expect(request.contains("/eu-west-1/logs/aws4_request, SignedHeaders="))
        #expect(
            body(request)
                == #"{"logGroupName":"/app/web","logStreamName":"app.web","logEvents":["#
                + #"{"timestamp":999000,"message":"{\"n\":1}"},{"timestamp":1000000,"message":"{\"n\":0}"}]}"#
        )
    }

    @Test func groupAndStreamAreMadeWhereTheyAreMissing() throws {
        let (outcome, requests) = try put([1]) { action, count in
            action == "PutLogEvents" && count == 1
                ? (400, #"{"__type":"com.amazonaws.logs#ResourceNotFoundException","message":"x"}"#)
                : (200, "{}")
        }
        #expect(words(outcome) == "delivered 0")
        try #require(requests.count == 5)
        #expect(body(requests[1]) == #"{"logGroupName":"/app/web"}"#)
        #expect(body(requests[2]) == #"{"logGroupName":"/app/web","retentionInDays":7}"#)
        #expect(body(requests[3]) == #"{"logGroupName":"/app/web","logStreamName":"app.web"}"#)
    }

    @Test func eventsThatAreTooOldOrTooNewAreRefusedAlone() throws {
        let (outcome, _) = try put([5, 4, 3, 2]) { _, _ in
            (
                200,
                #"{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":1,"tooNewLogEventStartIndex":3}}"#
            )
        }
        guard case .judged([], let refused, 0, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        // Sorted by time the last record is the first event.
        #expect(refused.map(\.position) == [3, 0])
    }

    @Test func moreThanADayGoesInSeveralRequests() throws {
        let day: Int64 = 86_400
        let (outcome, requests) = try put([2 * day, 0, day - 1, day]) { _, _ in (200, "{}") }
        #expect(words(outcome) == "delivered 0")
        #expect(
            requests.map { body($0).split(separator: "timestamp").count - 1 } == [2, 1, 1]
        )
        let (half, _) = try put([0, 2 * day]) { _, count in
            count == 1 ? (200, "{}") : (400, #"{"__type":"ThrottlingException"}"#)
        }
        #expect(words(half) == "again [1] refused [] duplicates 0")
    }

    @Test(arguments: [
        ("ThrottlingException", "again"), ("ServiceUnavailableException", "again"),
        ("ExpiredTokenException", "again"), ("InvalidParameterException", "refused"),
        ("DataAlreadyAcceptedException", "delivered 1"),
    ])
    func failuresGoByTheirKind(_ kind: String, _ expected: String) throws {
        let (outcome, _) = try put([1]) { _, _ in (400, #"{"__type":"\#(kind)","message":"m"}"#) }
        #expect(words(outcome) == expected)
    }

    @Test func onlyACloudWatchsAnswerIsAnAcknowledgement() throws {
        let (outcome, _) = try put([1]) { _, _ in (200, "<html>sign in</html>") }
        #expect(words(outcome) == "again")
        let (denied, _) = try put([1]) { action, _ in
            action == "CreateLogGroup"
                ? (400, #"{"__type":"AccessDeniedException","message":"not you"}"#)
                : (400, #"{"__type":"ResourceNotFoundException","message":"no group"}"#)
        }
        #expect(words(denied) == "again" && why(denied).contains("not you"))
    }

    // MARK: - S3

    @Test(arguments: [
        (200, "", "etag: \"x\"\r\n", "delivered 0"), (200, "<html>", "", "again"),
        (404, "<Error><Code>NoSuchBucket</Code></Error>", "", "again"),
        (400, "<Error><Code>AuthorizationHeaderMalformed</Code></Error>", "", "again"),
        (400, "<Error><Code>InvalidRequest</Code></Error>", "", "again"),
        (400, "<Error><Code>EntityTooLarge</Code></Error>", "", "too large"),
        (400, "<Error><Code>KeyTooLongError</Code></Error>", "", "refused"),
        (301, "<Error><Code>PermanentRedirect</Code></Error>", "", "again"),
    ])
    func anObjectIsCondemnedByItsSizeAlone(
        _ status: Int,
        _ body: String,
        _ fields: String,
        _ expected: String
    ) {
        let headers = fields.isEmpty ? [] : [(name: "etag", value: "x")]
        let response = HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
        #expect(words(S3Sender.judge(response)) == expected)
    }

    @Test func theSameRecordsAreTheSameObjectAndOthersNever() throws {
        let server = ScriptedServer { _, peer, notes in
            while let request = peer.request() {
                notes.add(request)
                peer.answer(200, "", "etag: \"x\"\r\n")
            }
        }
        var aws = AWSOptions(region: "eu-west-1")
        aws.accessKey = "K"
        aws.secretKey = "S"
        var options = S3Options(
            target: HTTPTarget(urls: [server.url()]),
            aws: aws,
            bucket: "logs",
            objectKey: RecordTemplate([.literal("a b/"), .time("%Y/%m/%d"), .literal("/x.json.gz")])
        )
        options.usesPathStyle = true
        options.storageClass = "STANDARD_IA"
        let (sink, sender) = try SinkFixtures.sink(.s3(options))
        let chunk = SinkFixtures.chunk(sink.encoder, 2)
        for _ in 0..<2 {
            #expect(words(sender.send(chunk, cancellation: Cancellation())) == "delivered 0")
        }
        let one = chunk.keeping([0])
        #expect(words(sender.send(one, cancellation: Cancellation())) == "delivered 0")
        sender.close()
        let requests = server.notes.all
        try #require(requests.count >= 3)
        let paths = requests.map { $0.split(separator: " ")[1] }
        #expect(paths[0] == paths[1] && paths[0] != paths[2])
        #expect(
            paths[0].hasPrefix("/logs/a%20b/2026/11/21/x_") && paths[0].hasSuffix(".json.gz")
        )
        #expect(body(requests[0]) == "{\"n\":0}\n{\"n\":1}\n")
        #expect(requests[0].contains("x-amz-storage-class: STANDARD_IA\r\n"))
        #expect(requests[0].contains("x-amz-content-sha256: "))
    }
}
