/// A strict reader of the Prometheus text format 0.0.4, for tests only.
struct PrometheusParser {
    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Family {
        var help: String
        var type: String
        var samples: [Sample] = []
    }

    struct Failure: Error, CustomStringConvertible {
        let line: String
        let message: String
        var description: String { "\(message): \(line)" }
    }

    private(set) var families: [String: Family] = [:]
    private(set) var order: [String] = []

    init(_ text: String) throws {
        guard text.isEmpty || text.hasSuffix("\n") else {
            throw Failure(line: "", message: "no newline at the end")
        }
        var current: String?
        var help: (name: String, text: String)?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let line = String(line)
            if line.hasPrefix("# HELP ") {
                let parts = line.dropFirst(7).split(separator: " ", maxSplits: 1)
                guard parts.count == 2 else { throw Failure(line: line, message: "HELP") }
                help = (String(parts[0]), String(parts[1]))
                current = nil
            } else if line.hasPrefix("# TYPE ") {
                let parts = line.dropFirst(7).split(separator: " ")
                guard parts.count == 2, let given = help, given.name == parts[0] else {
                    throw Failure(line: line, message: "TYPE without its HELP before it")
                }
                let name = String(parts[0])
                guard ["counter", "gauge", "histogram"].contains(parts[1]) else {
                    throw Failure(line: line, message: "unknown type")
                }
                guard families[name] == nil else {
                    throw Failure(line: line, message: "a family twice")
                }
                families[name] = Family(help: given.text, type: String(parts[1]))
                order.append(name)
                current = name
            } else {
                guard let family = current else {
                    throw Failure(line: line, message: "a sample outside of a family")
                }
                let sample = try Self.sample(line)
                try Self.check(sample, family, families[family]?.type ?? "", line)
                if families[family]?.samples.contains(where: {
                    $0.name == sample.name && $0.labels == sample.labels
                }) == true {
                    throw Failure(line: line, message: "a sample twice")
                }
                families[family]?.samples.append(sample)
            }
        }
        for (name, family) in families where family.type == "histogram" {
            try Self.checkHistogram(name, family)
        }
        for (name, family) in families where family.samples.isEmpty {
            throw Failure(line: name, message: "a family without samples")
        }
    }

    private static func check(
        _ sample: Sample,
        _ family: String,
        _ type: String,
        _ line: String
    ) throws {
        let suffixes = type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard suffixes.contains(where: { family + $0 == sample.name }) else {
            throw Failure(line: line, message: "a sample of another family")
        }
        if (sample.labels["le"] != nil) != (sample.name == family + "_bucket") {
            throw Failure(line: line, message: "le")
        }
    }

    private static func checkHistogram(_ name: String, _ family: Family) throws {
        var counts: [[String: String]: [(Double, Double)]] = [:]
        for sample in family.samples where sample.name == name + "_bucket" {
            var labels = sample.labels
            let bound = labels.removeValue(forKey: "le") ?? ""
            guard let value = bound == "+Inf" ? .infinity : Double(bound) else {
                throw Failure(line: name, message: "le \(bound)")
            }
            counts[labels, default: []].append((value, sample.value))
        }
        for (labels, buckets) in counts {
            for (left, right) in zip(buckets, buckets.dropFirst())
            where left.0 >= right.0 || left.1 > right.1 {
                throw Failure(line: name, message: "buckets out of order")
            }
            let total = family.samples.first { $0.name == name + "_count" && $0.labels == labels }
            let sum = family.samples.first { $0.name == name + "_sum" && $0.labels == labels }
            guard buckets.last?.0 == .infinity, buckets.last?.1 == total?.value, sum != nil else {
                throw Failure(line: name, message: "+Inf, _count and _sum do not agree")
            }
        }
    }

    private static func sample(_ line: String) throws -> Sample {
        var rest = Substring(line)
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" }
        guard let first = name.first, !first.isNumber, name.allSatisfy(\.isASCII) else {
            throw Failure(line: line, message: "a metric name")
        }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let key = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                rest = rest.dropFirst(key.count)
                guard !key.isEmpty, rest.hasPrefix("=\"") else {
                    throw Failure(line: line, message: "a label")
                }
                rest = rest.dropFirst(2)
                let value = try quoted(&rest, line)
                guard labels.updateValue(value, forKey: String(key)) == nil else {
                    throw Failure(line: line, message: "a label twice")
                }
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " ", let value = Double(rest.dropFirst()) else {
            throw Failure(line: line, message: "a value")
        }
        return Sample(name: String(name), labels: labels, value: value)
    }

    private static func quoted(_ rest: inout Substring, _ line: String) throws -> String {
        var value = ""
        while let next = rest.first {
            rest = rest.dropFirst()
            switch next {
            case "\"": return value
            case "\\":
                guard let escaped = rest.first,
                    let meant = ["\\": "\\", "\"": "\"", "n": "\n"][escaped]
                else { throw Failure(line: line, message: "an escape") }
                value += meant
                rest = rest.dropFirst()
            default: value.append(next)
            }
        }
        throw Failure(line: line, message: "a label without its end")
    }
}
