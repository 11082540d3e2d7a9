internal import CompanionKit

/// Makes sinks ready: what their records look like, and who sends them.
package enum LogSinks {
    /// The sink of a configuration.
    ///
    /// Nothing is opened and nobody is connected to here; files of certificates are read by each sender
    /// when it begins, so that they may come later.
    ///
    /// - Throws: what in the configuration can't be.
    package static func make(
        _ configuration: SinkConfiguration,
        hostname: String
    ) throws(SinkFailure) -> Sink {
        let inject = configuration.inject
        let document = DocumentWriter(inject, hostname: hostname)
        switch configuration.kind {
        case .null:
            return Sink(encoder: NullEncoder()) { () throws(SinkFailure) in NullSender() }
        case .standardOutput(let form):
            let encoder = LineEncoder(form, document)
            return Sink(encoder: encoder) { () throws(SinkFailure) in StandardOutputSender() }
        case .file(let options):
            let encoder = FileEncoder(options, document, hostname: hostname)
            return Sink(encoder: encoder) { () throws(SinkFailure) in FileSender(options) }
        case .elasticsearch(let options):
            _ = try HTTPSender.endpoints(options.target.urls)
            let encoder = try ElasticsearchEncoder(options, inject, hostname: hostname)
            return Sink(encoder: encoder) { () throws(SinkFailure) in
                try ElasticsearchSender(options)
            }
        case .http(let options):
            _ = try HTTPSender.endpoints(options.target.urls)
            let encoder = HTTPEncoder(options, document)
            return Sink(encoder: encoder) { () throws(SinkFailure) in try HTTPSinkSender(options) }
        case .loki(let options):
            _ = try HTTPSender.endpoints(options.target.urls)
            let encoder = LokiEncoder(options, inject, hostname: hostname)
            return Sink(encoder: encoder) { () throws(SinkFailure) in try LokiSender(options) }
        case .otlp(let options):
            _ = try HTTPSender.endpoints(options.target.urls)
            let encoder = OTLPEncoder(options, inject, hostname: hostname)
            return Sink(encoder: encoder) { () throws(SinkFailure) -> any ChunkSender in
                if options.transport == .grpc { return try OTLPCallSender(options) }
                return try OTLPSender(options)
            }
        case .splunk(let options):
            _ = try HTTPSender.endpoints(options.target.urls)
            let encoder = SplunkEncoder(options, inject, hostname: hostname)
            return Sink(encoder: encoder) { () throws(SinkFailure) in try SplunkSender(options) }
        case .datadog(let options):
            let encoder = DatadogEncoder(options, inject, hostname: hostname)
            return Sink(encoder: encoder) { () throws(SinkFailure) in try DatadogSender(options) }
        case .cloudWatch(let options):
            let encoder = CloudWatchEncoder(options, inject, hostname: hostname)
            return Sink(encoder: encoder) { () throws(SinkFailure) in try CloudWatchSender(options)
            }
        case .s3(let options):
            let encoder = S3Encoder(options, inject, hostname: hostname)
            return Sink(encoder: encoder) { () throws(SinkFailure) in try S3Sender(options) }
        case .azure(let options):
            _ = try HTTPSender.endpoints(options.target.urls)
            let encoder = AzureEncoder(options, inject, hostname: hostname)
            return Sink(encoder: encoder) { () throws(SinkFailure) in try AzureSender(options) }
        case .kafka(let options):
            return try KafkaSender.sink(
                options,
                inject,
                name: configuration.name,
                hostname: hostname
            )
        case .beats(let target, let compression):
            _ = try StreamAddress.list(target)
            let encoder = BeatsEncoder(inject, hostname: hostname)
            return Sink(encoder: encoder) { () throws(SinkFailure) in
                try BeatsSender(target, compression: compression)
            }
        case .tcp(let target):
            _ = try StreamAddress.list(target)
            return Sink(encoder: LineEncoder(.json, document)) { () throws(SinkFailure) in
                try StreamSender(target)
            }
        case .syslog(let options):
            _ = try StreamAddress.list(options.target)
            let encoder = SyslogEncoder(options, inject, hostname: hostname)
            return Sink(encoder: encoder) { () throws(SinkFailure) -> any ChunkSender in
                if options.transport == .udp { return try SyslogDatagramSender(options.target) }
                var target = options.target
                target.tls.isOn = options.transport == .tls
                return try StreamSender(target)
            }
        case .forward(let options):
            _ = try StreamAddress.list(options.target)
            let encoder = ForwardEncoder(inject, hostname: hostname)
            return Sink(encoder: encoder) { () throws(SinkFailure) in
                try ForwardSender(options, hostname: hostname)
            }
        }
    }
}
