extension OTLPProtobuf {
    static func metric(_ reader: ProtobufReader) throws(WireError) -> OTLPMetric {
        var reader = reader
        var metric = OTLPMetric()
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): metric.name = text(reader, range)
            case (2, .bytes(let range)): metric.description = text(reader, range)
            case (3, .bytes(let range)): metric.unit = text(reader, range)
            case (5, .bytes(let range)): try points(.init(reader.bytes, in: range), into: &metric)
            case (7, .bytes(let range)):
                metric.sum = OTLPMetric.Sum()
                try points(.init(reader.bytes, in: range), into: &metric)
            case (9, _), (10, _), (11, _): metric.isUnread = true
            default: break
            }
        }
        return metric
    }

    private static func points(_ reader: ProtobufReader, into metric: inout OTLPMetric) throws(WireError) {
        var reader = reader
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let range)): metric.points.append(try point(.init(reader.bytes, in: range)))
            case (2, .varint(let value)): metric.sum?.temporality = value
            case (3, .varint(let value)): metric.sum?.isMonotonic = value != 0
            default: break
            }
        }
    }

    private static func point(_ reader: ProtobufReader) throws(WireError) -> OTLPMetric.Point {
        var reader = reader
        var point = OTLPMetric.Point()
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (2, .fixed64(let value)): point.startNanos = value
            case (3, .fixed64(let value)): point.timeNanos = value
            case (4, .fixed64(let value)): point.value = .double(Double(bitPattern: value))
            case (6, .fixed64(let value)): point.value = .int(Int64(bitPattern: value))
            case (7, .bytes(let range)): point.attributes.append(try keyValue(.init(reader.bytes, in: range)))
            case (8, .varint(let value)): point.flags = UInt32(clamping: value)
            default: break
            }
        }
        return point
    }
}
