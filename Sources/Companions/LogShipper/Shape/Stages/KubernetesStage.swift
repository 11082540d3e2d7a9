import Glibc
import Model

/// Adds pod, namespace, container, node and labels, under the names of fluentd's
/// `kubernetes_metadata`.
///
/// They come from the tag, where it has the path of a container's log in it
/// (`….var.log.containers.POD_NAMESPACE_CONTAINER-ID.log`), and otherwise from the environment
/// (`POD_NAME`, `POD_NAMESPACE`, `POD_UID`, `POD_IP`, `NODE_NAME`, `CONTAINER_NAME`).
final class KubernetesStage: RecordStage {
    /// What one tag says.
    struct Facts: Equatable {
        var pod: String?
        var namespace: String?
        var container: String?
        var containerID: String?
        var podID: String?
    }

    private let target: [UInt8]
    private let labels: LabelFile?
    private let annotations: LabelFile?
    private let environment: (String) -> String?
    private var lastTag: ByteString?
    private var object: [UInt8] = []

    init(
        _ options: KubernetesOptions,
        environment: @escaping (String) -> String? = KubernetesStage.variable,
        clock: @escaping () -> Double = RateLimitStage.monotonic
    ) {
        target = Array(options.target.utf8)
        labels = options.labelsFile.map { LabelFile(path: $0, clock: clock) }
        annotations = options.annotationsFile.map { LabelFile(path: $0, clock: clock) }
        self.environment = environment
    }

    static func variable(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    func apply(_ record: inout LogRecord) -> StageOutcome {
        let areLabelsNew = labels?.refresh() ?? false
        let areAnnotationsNew = annotations?.refresh() ?? false
        if areLabelsNew || areAnnotationsNew || lastTag != record.tag {
            lastTag = record.tag
            build(record.tag)
        }
        guard !object.isEmpty else { return .pass }
        let (object, target) = (object, target)
        record.set(name: target.span, value: object.span, kind: .json)
        return .pass
    }

    private func build(_ tag: ByteString) {
        let facts = Self.facts(tag.description)
        object.removeAll(keepingCapacity: true)
        let isOwn = facts.pod == nil || facts.pod == environment("POD_NAME")
        add("container_name", facts.container ?? environment("CONTAINER_NAME"))
        add("namespace_name", facts.namespace ?? environment("POD_NAMESPACE"))
        add("pod_name", facts.pod ?? environment("POD_NAME"))
        add("pod_id", facts.podID ?? (isOwn ? environment("POD_UID") : nil))
        add("pod_ip", isOwn ? environment("POD_IP") : nil)
        add("container_id", facts.containerID)
        add("host", environment("NODE_NAME"))
        // The downward API speaks of this pod only.
        if isOwn {
            add("labels", json: labels?.object)
            add("annotations", json: annotations?.object)
        }
        if !object.isEmpty { object.append(UInt8(ascii: "}")) }
    }

    private func add(_ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        var text: [UInt8] = []
        JSONWriter.appendString(value, &text)
        add(name, json: text)
    }

    private func add(_ name: String, json: [UInt8]?) {
        guard let json, !json.isEmpty else { return }
        object.append(UInt8(ascii: object.isEmpty ? "{" : ","))
        JSONWriter.appendString(name, &object)
        object.append(UInt8(ascii: ":"))
        object += json
    }

    /// What a path, with dots or slashes in it, says.
    static func facts(_ tag: String) -> Facts {
        for separator in [".", "/"] {
            let folder = ["var", "log", ""].joined(separator: separator)
            if let rest = after("\(folder)containers\(separator)", in: tag) {
                return fromContainers(rest)
            }
            if let rest = after("\(folder)pods\(separator)", in: tag) {
                return fromPods(rest, separator)
            }
        }
        return Facts()
    }

    private static func after(_ folder: String, in tag: String) -> Substring? {
        let bytes = Array(tag.utf8)
        let wanted = Array(folder.utf8)
        guard bytes.count > wanted.count else { return nil }
        for start in 0..<bytes.count - wanted.count
        where bytes[start..<start + wanted.count].elementsEqual(wanted) {
            return Substring(decoding: bytes[(start + wanted.count)...], as: UTF8.self)
        }
        return nil
    }

    /// `POD_NAMESPACE_CONTAINER-ID.log`.
    private static func fromContainers(_ name: Substring) -> Facts {
        let parts = name.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return Facts() }
        var last = parts[2]
        if last.hasSuffix(".log") { last = last.dropLast(4) }
        guard let dash = last.lastIndex(of: "-") else { return Facts() }
        return Facts(
            pod: String(parts[0]),
            namespace: String(parts[1]),
            container: String(last[..<dash]),
            containerID: String(last[last.index(after: dash)...])
        )
    }

    /// `NAMESPACE_POD_UID/CONTAINER/0.log`.
    private static func fromPods(_ name: Substring, _ separator: String) -> Facts {
        let parts = name.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let mark = separator.first else { return Facts() }
        let rest = parts[2].split(separator: mark)
        guard rest.count >= 2 else { return Facts() }
        return Facts(
            pod: String(parts[1]),
            namespace: String(parts[0]),
            container: String(rest[1]),
            podID: String(rest[0])
        )
    }
}
