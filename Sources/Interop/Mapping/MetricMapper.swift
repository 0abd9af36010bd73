internal import SpanreelTracing

extension SpanMapper {
    /// Gauges and sums become one sample per instant, with every metric of the scope as an attribute under its own
    /// name, derived well-known ones beside them, and unit and type in the remainder (a canonical `ScopeMetrics`
    /// whose metrics have no points).
    func visit(metrics: [OTLPMetric]) throws(TraceError) {
        var byTime: [Int64: [OTLPKeyValue]] = [:]
        for metric in metrics {
            if metric.isUnread { report.unreadMetrics += 1 }
            for point in metric.points {
                guard let time = Int64(exactly: point.timeNanos), time > 0, point.value != .empty else {
                    problems.add(document: 0, offset: 0, what: "a reading of \(metric.name) without time or value")
                    continue
                }
                let name = metric.name + Self.suffix(point.attributes)
                byTime[time, default: []].append(OTLPKeyValue(key: name, value: point.value))
            }
        }
        guard !byTime.isEmpty else { return }
        let remainder = sink.symbols.intern(blob: OTLPEncoder.scopeMetrics(scope, metrics))
        let role = sink.symbols.intern(Role(.memorySample))
        for (time, values) in byTime.sorted(by: { $0.key < $1.key }) {
            try add(
                Event(kind: .sample, role: role, incarnation: 0, sequence: 0, time: Timestamp(nanos: time)),
                attributes(values, remainder))
            report.samples += 1
            sampleTimes[current, default: []].insert(time)
        }
    }

    private func attributes(_ values: [OTLPKeyValue], _ remainder: UInt32) -> [Attribute] {
        let symbols = sink.symbols
        var list = values.map { Attribute(key: symbols.key($0.key), $0.value, symbols) }
        var derived: [String] = []
        for pair in values {
            guard let entry = AttributeTable.entries[pair.key],
                let value = AttributeTable.scaled(pair.value, by: entry.factor),
                !list.contains(where: { $0.key == entry.key })
            else { continue }
            list.append(Attribute(key: entry.key, value, symbols))
            derived.append(symbols.name(of: entry.key))
        }
        if !derived.isEmpty {
            list.append(Attribute(key: keys.derived, .string(derived.joined(separator: ",")), symbols))
        }
        list.append(Attribute(key: .otlpRemainder, type: .blob, bits: UInt64(remainder)))
        return list
    }

    /// `{key=value,...}` for a point with labels, since two points of one instant must not share a name.
    private static func suffix(_ labels: [OTLPKeyValue]) -> String {
        guard !labels.isEmpty else { return "" }
        let parts = labels.map { label in
            switch label.value {
            case .string(let text): "\(label.key)=\(text)"
            case .int(let number): "\(label.key)=\(number)"
            case .double(let number): "\(label.key)=\(number)"
            case .bool(let flag): "\(label.key)=\(flag)"
            default: label.key
            }
        }
        return "{" + parts.joined(separator: ",") + "}"
    }
}

extension OTLPEncoder {
    /// `ScopeMetrics` without points: what a sample has no column for.
    static func scopeMetrics(_ scope: OTLPScope, _ metrics: [OTLPMetric]) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.bytes(1, self.scope(scope))
        for metric in metrics where !metric.isUnread {
            var inner = ProtobufWriter()
            inner.string(1, metric.name)
            inner.string(2, metric.description)
            inner.string(3, metric.unit)
            if let sum = metric.sum {
                var data = ProtobufWriter()
                data.varint(2, sum.temporality)
                data.varint(3, sum.isMonotonic ? 1 : 0)
                inner.bytes(7, data.bytes, evenEmpty: true)
            } else {
                inner.bytes(5, [], evenEmpty: true)
            }
            writer.bytes(2, inner.bytes)
        }
        writer.string(3, scope.schemaURL)
        return writer.bytes
    }
}
