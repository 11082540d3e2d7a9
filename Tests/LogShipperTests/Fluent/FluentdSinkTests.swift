import Testing

@testable import LogShipper

struct FluentdSinkTests {
    private struct Missing: Error {}

    private func elasticsearch(_ more: String) throws -> (SinkConfiguration, ElasticsearchOptions) {
        let sink = try FluentTexts.sink("@type elasticsearch\n\(more)")
        guard case .elasticsearch(let options) = sink.kind else { throw Missing() }
        return (sink, options)
    }

    @Test(
        "Addresses of Elasticsearch",
        arguments: [
            ("", ["http://localhost:9200"]),
            ("host es\nport 9201\nscheme https\npath /x/", ["https://es:9201/x"]),
            ("hosts a:1,b:2", ["http://a:1", "http://b:2"]),
            ("hosts https://u:p@a/es,http://b:5", ["https://a:9200/es", "http://b:5"]),
            ("host ::1", ["http://[::1]:9200"]),
        ] as [(String, [String])]
    )
    func addresses(more: String, urls: [String]) throws {
        #expect(try elasticsearch(more).1.target.urls == urls)
    }

    @Test func elasticsearchTakesItsParameters() throws {
        let (sink, options) = try elasticsearch(
            """
            user u
            password p%
            ssl_verify false
            ca_file /ca
            client_cert /c
            client_key /k
            request_timeout 15s
            compression_level best_speed
            custom_headers {"X-A":"b"}
            logstash_format true
            logstash_prefix app-${tag[1]}
            logstash_dateformat %Y.%m
            logstash_prefix_separator _
            utc_index false
            time_precision 3
            include_tag_key true
            id_key _id
            remove_keys a,b
            write_operation index
            pipeline pipe
            reload_connections false
            """
        )
        #expect(options.target.auth == .basic(user: "u", password: "p%"))
        #expect(!options.target.tls.verifies)
        #expect(options.target.tls.authorityFile == "/ca")
        #expect(options.target.tls.keyFile == "/k")
        #expect(options.target.timeout == 15_000)
        #expect(options.target.compression)
        #expect(options.target.headers.map(\.name) == ["X-A"])
        #expect(options.logstash?.prefix == RecordTemplate([.literal("app-"), .tagPart(1)]))
        #expect(options.logstash?.dateFormat == "%Y.%m")
        #expect(options.logstash?.separator == "_")
        #expect(options.logstash?.usesUTC == false)
        #expect(options.logstash?.timePrecision == 3)
        #expect(sink.inject.tagKey == "tag")
        #expect(options.idKey == "_id")
        #expect(options.removeKeys == ["a", "b"])
        #expect(options.operation == .index)
        #expect(options.pipeline == "pipe")
    }

    @Test func indexNamesAreTemplates() throws {
        let (_, options) = try elasticsearch(
            "index_name a-${tag}.${$.kubernetes.ns}-%Y%m%d-x\n<buffer tag, time, $.kubernetes.ns>\n"
                + "timekey 1d\n</buffer>"
        )
        #expect(
            options.index
                == RecordTemplate([
                    .literal("a-"), .tag, .literal("."), .field("kubernetes.ns"), .literal("-"),
                    .time("%Y%m%d"), .literal("-x"),
                ])
        )
        #expect(options.operation == .create)
    }

    @Test func dataStreamsAndOpenSearchAreTaken() throws {
        guard
            case .elasticsearch(let stream) = try FluentTexts.sink(
                "@type elasticsearch_data_stream\ndata_stream_name logs-app"
            ).kind,
            case .elasticsearch(let search) = try FluentTexts.sink(
                "@type opensearch\n<endpoint>\nurl https://x.es.amazonaws.com/\nregion eu-west-1\n"
                    + "</endpoint>"
            ).kind
        else { throw Missing() }
        #expect(stream.isDataStream)
        #expect(stream.index == RecordTemplate(literal: "logs-app"))
        #expect(search.target.urls == ["https://x.es.amazonaws.com"])
        #expect(search.target.auth == .sigV4(AWSOptions(region: "eu-west-1"), service: "es"))
    }

    @Test func buffersAreTaken() throws {
        let sink = try elasticsearch(
            """
            <buffer tag>
              @type file
              path /var/buf/app.*.buffer
              chunk_limit_size 2m
              total_limit_size 1g
              chunk_limit_records 100
              flush_interval 0.5
              flush_thread_count 2
              flush_at_shutdown false
              overflow_action drop_oldest_chunk
              retry_wait 2s
              retry_max_interval 1m
              retry_exponential_backoff_base 3
              retry_max_times 7
              retry_timeout 1h
            </buffer>
            <secondary>
              @type secondary_file
              directory /var/dead
              basename es.dead
            </secondary>
            """
        ).0
        var buffer = BufferOptions()
        buffer.directory = "/var/buf"
        buffer.chunkBytes = 2 << 20
        buffer.diskMax = 1 << 30
        buffer.chunkRecords = 100
        buffer.flushInterval = 500
        buffer.flushThreads = 2
        buffer.drainTime = 0
        buffer.overflow = .dropOldest
        #expect(sink.buffer == buffer)
        #expect(sink.retry.first == 2000)
        #expect(sink.retry.max == 60_000)
        #expect(sink.retry.base == 3)
        #expect(sink.retry.attemptsMax == 7)
        #expect(sink.retry.timeout == 3_600_000)
        #expect(sink.deadLetters == "/var/dead/es.dead")
    }

    @Test func memoryBuffersHaveNoSpool() throws {
        let sink = try elasticsearch(
            "<buffer>\n@type memory\nchunk_limit_size 1m\nqueue_limit_length 16\nretry_forever\n"
                + "retry_max_times 3\nretry_type periodic\nretry_wait 5\n</buffer>"
        ).0
        #expect(sink.buffer.diskMax == 0)
        #expect(sink.buffer.memoryMax == 16 << 20)
        #expect(sink.retry.attemptsMax == nil)
        #expect(sink.retry.base == 1)
        #expect(sink.retry.max == 5000)
    }

    @Test func oldBufferParametersStandInTheMatch() throws {
        let sink = try elasticsearch(
            "buffer_type memory\nbuffer_chunk_limit 4m\nflush_interval 5s\nnum_threads 3\n"
                + "disable_retry_limit\nbuffer_queue_full_action block"
        ).0
        #expect(sink.buffer.diskMax == 0)
        #expect(sink.buffer.chunkBytes == 4 << 20)
        #expect(sink.buffer.flushInterval == 5000)
        #expect(sink.buffer.flushThreads == 3)
        #expect(sink.retry.attemptsMax == nil)
    }

    @Test func kafkaIsTaken() throws {
        guard
            case .kafka(let options) = try FluentTexts.sink(
                """
                @type kafka2
                brokers a:9092,b:9092
                default_topic app-${tag}
                message_key_key user
                compression_codec gzip
                required_acks 1
                username u
                password p
                scram_mechanism sha512
                ssl_ca_cert /ca
                headers {"h":"v"}
                headers_from_record {"r":"$.a.b"}
                <format>
                  @type json
                </format>
                """
            ).kind
        else { throw Missing() }
        #expect(options.brokers == ["a:9092", "b:9092"])
        #expect(options.topic == RecordTemplate([.literal("app-"), .tag]))
        #expect(options.key == RecordTemplate([.field("user")]))
        #expect(options.compression == "gzip")
        #expect(options.acks == 1 && !options.isIdempotent)
        #expect(
            options.sasl == KafkaSASL(mechanism: "SCRAM-SHA-512", user: "u", password: "p")
        )
        #expect(options.tls.isOn && options.tls.authorityFile == "/ca")
        #expect(options.headers.map(\.name) == ["h", "r"])
    }

    @Test func lokiIsTaken() throws {
        guard
            case .loki(let options) = try FluentTexts.sink(
                """
                @type loki
                url http://loki:3100
                tenant t
                username u
                password p
                extra_labels {"env":"dev"}
                remove_keys x
                line_format json
                <label>
                  pod $.kubernetes.pod
                  level
                </label>
                """
            ).kind
        else { throw Missing() }
        #expect(options.target.urls == ["http://loki:3100"])
        #expect(options.target.auth == .basic(user: "u", password: "p"))
        #expect(options.labels.map(\.name) == ["env", "pod", "level"])
        #expect(options.labels[1].value == RecordTemplate([.field("kubernetes.pod")]))
        #expect(options.form == .json)
    }

    @Test func forwardIsTaken() throws {
        guard
            case .forward(let options) = try FluentTexts.sink(
                """
                @type forward
                transport tls
                tls_cert_path /ca
                compress gzip
                <security>
                  self_hostname a
                  shared_key k
                </security>
                <server>
                  host b
                  standby
                </server>
                <server>
                  host a
                  port 1
                </server>
                """
            ).kind
        else { throw Missing() }
        #expect(options.target.addresses == ["a:1", "b:24224"])
        #expect(options.target.tls.isOn && options.target.tls.authorityFile == "/ca")
        #expect(options.sharedKey == "k")
        #expect(options.compression && options.requiresAck)
    }

    @Test func httpIsTaken() throws {
        guard
            case .http(let options) = try FluentTexts.sink(
                """
                @type http
                endpoint https://u:p@h:8443/in?x=1
                json_array true
                headers {"A":"b"}
                retryable_response_codes 503,504
                """
            ).kind
        else { throw Missing() }
        #expect(options.target.urls == ["https://h:8443/in?x=1"])
        #expect(options.target.auth == .basic(user: "u", password: "p"))
        #expect(options.frame == .array)
        #expect(options.retryableStatuses == [503, 504])
    }

    @Test func filesAndStandardOutputAreTaken() throws {
        let file = try FluentTexts.sink(
            "@type file\npath /out/${tag}\ncompress gzip\n<inject>\ntag_key t\ntime_key at\n"
                + "time_type unixtime_millis\nhostname_key h\nutc\n</inject>\n<format>\n"
                + "@type single_value\nmessage_key m\n</format>"
        )
        var options = FileOptions(
            path: RecordTemplate([
                .literal("/out/"), .tag, .literal("."), .time("%Y%m%d"), .literal(".log.gz"),
            ])
        )
        options.compression = true
        options.form = .message(key: "m")
        #expect(file.kind == .file(options))
        #expect(file.inject.tagKey == "t")
        #expect(file.inject.timeKey == "at")
        #expect(file.inject.timeForm == .unixMilliseconds)
        #expect(file.inject.hostnameKey == "h")
        #expect(
            try FluentTexts.sink("@type stdout\n<format>\n@type json\n</format>").kind
                == .standardOutput(.json)
        )
    }

    @Test func cloudsAreTaken() throws {
        guard
            case .s3(let s3) = try FluentTexts.sink(
                "@type s3\ns3_bucket b\ns3_region eu-west-1\npath logs/${tag}/\n"
                    + "<buffer tag,time>\ntimekey 3600\n</buffer>"
            ).kind,
            case .cloudWatch(let watch) = try FluentTexts.sink(
                "@type cloudwatch_logs\nregion r\nlog_group_name g\nuse_tag_as_stream true\n"
                    + "auto_create_stream true"
            ).kind,
            case .splunk(let splunk) = try FluentTexts.sink(
                "@type splunk_hec\nhec_host h\nhec_token t\nindex_key i\nsource ${tag}\n"
                    + "insecure_ssl true"
            ).kind,
            case .datadog(let datadog) = try FluentTexts.sink(
                "@type datadog\napi_key k\ndd_source nginx\nsite datadoghq.eu"
            ).kind,
            case .syslog(let syslog) = try FluentTexts.sink(
                "@type remote_syslog\nhost h\nport 6514\nprotocol tcp\ntls true\nfacility local0"
            )
            .kind
        else { throw Missing() }
        #expect(s3.bucket == "b")
        #expect(s3.target.compression)
        #expect(
            s3.objectKey
                == RecordTemplate([
                    .literal("logs/"), .tag, .literal("/"), .time("%Y%m%d"), .literal(".gz"),
                ])
        )
        #expect(watch.group == RecordTemplate(literal: "g"))
        #expect(watch.stream == RecordTemplate([.tag]))
        #expect(watch.createsStream && watch.createsGroup)
        #expect(splunk.target.urls == ["https://h:8088/services/collector"])
        #expect(splunk.index == RecordTemplate([.field("i")]))
        #expect(splunk.source == RecordTemplate([.tag]))
        #expect(!splunk.target.tls.verifies)
        #expect(datadog.site == "datadoghq.eu")
        #expect(datadog.source == RecordTemplate(literal: "nginx"))
        #expect(syslog.transport == .tls)
        #expect(syslog.facility == 16)
        #expect(syslog.target.addresses == ["h:6514"])
    }
}
