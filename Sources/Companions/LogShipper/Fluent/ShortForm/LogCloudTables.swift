internal import Document

/// Sinks of clouds: CloudWatch, S3, Azure Monitor.
enum LogCloudTables {
    static let shapes: [LogShape<SinkConfiguration.Kind>] = [
        LogShape(
            "cloudwatch",
            "Amazon CloudWatch Logs.",
            cloudWatch,
            wrap: { .cloudWatch($0) },
            unwrap: {
                if case .cloudWatch(let options) = $0 { return options }
                return nil
            }
        ),
        LogShape(
            "s3",
            "Amazon S3 and what speaks like it: one object for each chunk.",
            s3,
            wrap: { .s3($0) },
            unwrap: {
                if case .s3(let options) = $0 { return options }
                return nil
            }
        ),
        LogShape(
            "azure",
            "Azure Monitor's Logs Ingestion.",
            azure,
            wrap: { .azure($0.options) },
            unwrap: {
                if case .azure(let options) = $0 { return Azure(options) }
                return nil
            }
        ),
    ]

    private static let empty = RecordTemplate([])

    private static let cloudWatch = LogTable(
        CloudWatchOptions(
            target: HTTPTarget(urls: []),
            aws: AWSOptions(region: ""),
            group: empty,
            stream: empty
        )
    ) { table in
        table.add("cloudwatch", \.group, .template, "The log group.", isRequired: true)
        table.add("stream", \.stream, .template, "The log stream.", isRequired: true)
        table.add(
            "aws",
            \.aws,
            .object(LogServerTables.aws, title: "aws", primary: "region"),
            "The region, and where credentials come from.",
            isRequired: true
        )
        table.add("createGroup", \.createsGroup, .boolean, "A group that is missing is made.")
        table.add("createStream", \.createsStream, .boolean, "A stream that is missing is made.")
        table.add(
            "messageField",
            optional: \.messageKey,
            .field,
            "Only this field's value is sent.",
            absence: "the record as JSON"
        )
        table.add(
            "retentionDays",
            optional: \.retentionDays,
            .integer(1...10_000),
            "Of a group that is made."
        )
        table.add(
            "url",
            \.target.urls,
            .many(.url),
            "Instead of the region's endpoint.",
            standard: "the region's"
        )
        table.include(LogServerTables.plain, \.target)
    }

    private static let s3 = LogTable(
        S3Options(
            target: HTTPTarget(urls: []),
            aws: AWSOptions(region: ""),
            bucket: "",
            objectKey: empty
        )
    ) { table in
        table.add(
            "s3",
            \.bucket,
            .name("a bucket", example: "my-logs"),
            "The bucket.",
            isRequired: true
        )
        table.add(
            "object",
            \.objectKey,
            .template,
            "The object's key; the chunk's number is added, so that none is written twice.",
            isRequired: true
        )
        table.add(
            "aws",
            \.aws,
            .object(LogServerTables.aws, title: "aws", primary: "region"),
            "The region, and where credentials come from.",
            isRequired: true
        )
        table.add("format", \.form, .form, "What a line of the object is.")
        table.add(
            "pathStyle",
            \.usesPathStyle,
            .boolean,
            "The bucket stands in the path, not in the host's name."
        )
        table.add("storageClass", optional: \.storageClass, .text, "Such as `STANDARD_IA`.")
        table.add(
            "url",
            \.target.urls,
            .many(.url),
            "Instead of the region's endpoint.",
            standard: "the region's"
        )
        table.include(LogServerTables.plain, \.target)
    }

    private static let azure = LogTable(Azure()) { table in
        table.add(
            "azure",
            \.options.target.urls,
            .many(.url),
            "The data collection endpoint.",
            isRequired: true
        )
        table.add("tenant", \.options.tenant, .text, "The tenant's id.", isRequired: true)
        table.add("client", \.options.client, .text, "The application's id.", isRequired: true)
        table.add(secret: "secret", \.secret, "The application's secret.", isRequired: true)
        table.add(
            "rule",
            \.options.rule,
            .text,
            "The rule's immutable id, `dcr-…`.",
            isRequired: true
        )
        table.add("stream", \.options.stream, .text, "Such as `Custom-App_CL`.", isRequired: true)
        table.add("authority", \.options.authority, .url, "Where tokens come from.")
        table.add("timeField", \.options.timeKey, .field, "The column that gets the time.")
        table.include(LogServerTables.plain, \.options.target)
    }

    private struct Azure: Sendable, Equatable {
        var options = AzureOptions(
            target: HTTPTarget(urls: []),
            tenant: "",
            client: "",
            secret: "",
            rule: "",
            stream: ""
        )
        var secret: String? {
            get { options.secret }
            set { options.secret = newValue ?? "" }
        }

        init() {}
        init(_ options: AzureOptions) { self.options = options }
    }
}
